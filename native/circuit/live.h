// What a circuit's outputs, or other roots, depend on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad {

// One byte a gate: whether some root depends on it.
std::vector<uint8_t> needed_gates(const GatesView& gates, const uint32_t* roots, size_t n_roots);

}  // namespace gategrad
