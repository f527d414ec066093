#include "circuit/levels.h"

#include <algorithm>

namespace gategrad {

std::vector<uint32_t> gate_levels(const GatesView& gates, const uint32_t* cost) {
  size_t first_gate = gates.first_gate();
  std::vector<uint32_t> level(gates.n_gates, 0);
  for (size_t g = 0; g < gates.n_gates; ++g) {
    uint32_t below = 0;
    for (size_t j = 0; j < gates.width; ++j) {
      uint32_t s = gates.fanin[g * gates.width + j];
      if (s >= first_gate) below = std::max(below, level[s - first_gate]);
    }
    level[g] = below + (cost ? cost[g] : 1);
  }
  return level;
}

}  // namespace gategrad
