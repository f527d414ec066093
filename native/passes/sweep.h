// Forward sweeps over a circuit that see each gate as a literal: a signal, plain or inverted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gategrad::passes {

// A circuit to read; gate g has operands fanin[g * width .. (g + 1) * width).
struct CircuitView {
  uint32_t n_inputs;
  const uint32_t* fanin;
  const uint64_t* table;
  size_t n_gates;
  size_t width;
};

// Constants are signal 0, plain or inverted; signal 1 does not occur.
struct Literal {
  uint32_t signal;
  bool inverted;
};

// New gates, as wide as the circuit they come from, and the new literal of each old signal.
struct Swept {
  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  std::vector<Literal> literal;
};

// Removes constants, wires and inverters; every other gate is kept, over the operands it needs.
Swept fold(const CircuitView& circuit);

// `fold`, and each function built once: output false where all operands are, gates equal under
// any order of their operands shared, two-operand gates with rising operands and read through the
// two-operand gates that drive them. Wider gates keep their order, on which `decompose` depends.
Swept strash(const CircuitView& circuit);

// The literal of each signal, in the circuit's own signals: what `fold` would put in its place.
std::vector<Literal> literals(const CircuitView& circuit);

}  // namespace gategrad::passes
