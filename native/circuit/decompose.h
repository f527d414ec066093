// Splitting gates of many operands into gates of few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad {

// Gates of at most `width` operands; gate g has operands fanin[g * width .. (g + 1) * width).
struct NarrowCircuit {
  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  std::vector<uint32_t> outputs;
};

// Shannon expansion of each gate of more than `width` operands, 2 to 6; others are kept one to one.
NarrowCircuit decompose(const GatesView& gates, const uint32_t* outputs, size_t n_outputs,
                        int width = 2);

}  // namespace gategrad
