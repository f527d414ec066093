// The gates of a circuit to read, and the rules that whoever indexes by signals relies on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace gategrad {

// Gate g has operands fanin[g * width .. (g + 1) * width).
struct GatesView {
  uint32_t n_inputs;
  const uint32_t* fanin;
  const uint64_t* table;
  size_t n_gates;
  size_t width;

  size_t first_gate() const { return size_t{2} + n_inputs; }
  size_t n_signals() const { return first_gate() + n_gates; }
};

// Throws where an operand is not below its gate or an output is no signal: a check that costs less
// than any use of a circuit, for arrays that were changed behind the back of `Circuit`.
inline void check_gates(const GatesView& gates, const uint32_t* outputs, size_t n_outputs) {
  bool causal = gates.width <= 6;
  for (size_t g = 0; causal && g < gates.n_gates; ++g)
    for (size_t j = 0; j < gates.width; ++j)
      causal &= gates.fanin[g * gates.width + j] < gates.first_gate() + g;
  for (size_t i = 0; i < n_outputs; ++i) causal &= outputs[i] < gates.n_signals();
  if (!causal) throw std::invalid_argument("the arrays of a circuit were changed after its checks");
}

}  // namespace gategrad
