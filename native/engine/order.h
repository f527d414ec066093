// In which order gates are evaluated, so that many operands are still in the first-level cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/cones.h"

namespace gategrad {

// The stored gates, each after those it reads. Of the gates that are ready and read a value that was
// used a moment ago, the one comes next that reads the fewest values that have left the cache.
// `n_looks` becomes how many gates were considered for it, which is what the ordering takes.
std::vector<uint32_t> order_for_cache(const Netlist& net, const Cones& cones, size_t& n_looks);

}  // namespace gategrad
