// In which order gates are evaluated, so that many operands are still in the first-level cache.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cones.h"

namespace gategrad {

// The stored gates, each after those it reads. Of the gates that are ready and read a value that was
// used a moment ago, the one comes next that reads the fewest values that have left the cache.
std::vector<uint32_t> order_for_cache(const Netlist& net, const Cones& cones);

}  // namespace gategrad
