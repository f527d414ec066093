// Longest path of a circuit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gategrad {

// Largest sum of `cost` over the gates of a path that ends in an output.
uint32_t depth(uint32_t n_inputs, const uint32_t* fanin, const uint32_t* cost, size_t n_gates,
               size_t width, const uint32_t* outputs, size_t n_outputs);

}  // namespace gategrad
