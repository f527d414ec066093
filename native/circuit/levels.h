// How far gates are from the inputs.
#pragma once

#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad {

// The level of each gate: `cost[g]` more than the highest of its operands, 1 more where `cost` is
// null; constants and inputs are at level 0.
std::vector<uint32_t> gate_levels(const GatesView& gates, const uint32_t* cost);

}  // namespace gategrad
