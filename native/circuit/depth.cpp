#include "circuit/depth.h"

#include <algorithm>
#include <vector>

namespace gategrad {

uint32_t depth(uint32_t n_inputs, const uint32_t* fanin, const uint32_t* cost, size_t n_gates,
               size_t width, const uint32_t* outputs, size_t n_outputs) {
  size_t first_gate = size_t{2} + n_inputs;
  std::vector<uint32_t> level(first_gate + n_gates, 0);
  for (size_t g = 0; g < n_gates; ++g) {
    uint32_t below = 0;
    for (size_t j = 0; j < width; ++j) below = std::max(below, level[fanin[g * width + j]]);
    level[first_gate + g] = below + cost[g];
  }
  uint32_t deepest = 0;
  for (size_t i = 0; i < n_outputs; ++i) deepest = std::max(deepest, level[outputs[i]]);
  return deepest;
}

}  // namespace gategrad
