// Splitting gates of more than two operands into gates of at most two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gategrad {

// Gates of at most two operands; gate g has operands fanin[2 * g] and fanin[2 * g + 1].
struct NarrowCircuit {
  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  std::vector<uint32_t> outputs;
};

// Shannon expansion of each wide gate; gates of up to two operands are kept one to one.
NarrowCircuit decompose(uint32_t n_inputs, const uint32_t* fanin, const uint64_t* table,
                        size_t n_gates, size_t width, const uint32_t* outputs, size_t n_outputs);

}  // namespace gategrad
