// Where values live while code runs: slots by liveness.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cones.h"

namespace gategrad {

inline constexpr uint32_t kNoSlot = UINT32_MAX;

struct Residence {
  std::vector<uint32_t> slot;  // of every signal; kNoSlot of those that nobody reads from memory
  uint32_t n_slots;
};

// Slots for the inputs that are used and for the stored gates in their order; those most often in
// use have the lowest numbers. What the sums read stays to the end.
Residence assign_slots(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots);

}  // namespace gategrad
