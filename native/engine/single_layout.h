// The two layouts of a single row's circuit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/schedule.h"
#include "engine/single_plan.h"

namespace gategrad {

// Gates of level l are gates[level_end[l - 1], level_end[l]), as indices into Netlist::nodes.
struct LeveledGates {
  std::vector<uint32_t> gates;
  std::vector<size_t> level_end;
  std::vector<uint8_t> needed;  // of every signal
};

struct WeightedSignal {
  uint32_t signal;
  int32_t weight;
};

// Both fill the gates of `plan` and `place` of each gate's signal; inputs are in place already.
// The first one returns false, and leaves the plan without gates, where bytes would be faster,
// unless it `must`.
bool lay_out_bits(const Netlist& net, const LeveledGates& leveled, bool must, SinglePlan& plan,
                  std::vector<uint32_t>& place);
// `group`: of every signal, a class that counts it and its weight, numbered, or UINT32_MAX; signals of
// a group may lie together.
void lay_out_bytes(const Netlist& net, const LeveledGates& leveled,
                   const std::vector<uint32_t>& group, size_t n_groups, SinglePlan& plan,
                   std::vector<uint32_t>& place);

// Both add one class, whose signals are places.
void sum_bits(std::vector<WeightedSignal> weights, SinglePlan& plan);
void sum_bytes(std::vector<WeightedSignal> weights, SinglePlan& plan);

}  // namespace gategrad
