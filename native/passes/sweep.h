// Forward sweeps over a circuit that see each gate as a literal: a signal, plain or inverted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad::passes {

// Constants are signal 0, plain or inverted; signal 1 does not occur.
struct Literal {
  uint32_t signal;
  bool inverted;
};

// The literal of each signal. Inputs stand for themselves and take no memory: a circuit may say that
// it has billions of them.
class Literals {
 public:
  explicit Literals(const GatesView& circuit) : first_gate_(circuit.first_gate()) {
    of_gate_.reserve(circuit.n_gates);
  }

  // Of the next gate.
  void push_back(Literal literal) { of_gate_.push_back(literal); }

  Literal operator[](uint32_t signal) const {
    if (signal >= first_gate_) return of_gate_[signal - first_gate_];
    return signal == 1 ? Literal{0, true} : Literal{signal, false};
  }

 private:
  size_t first_gate_;
  std::vector<Literal> of_gate_;
};

// New gates, as wide as the circuit they come from, and the new literal of each old signal.
struct Swept {
  explicit Swept(const GatesView& circuit) : literal(circuit) {}

  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  Literals literal;
  uint64_t steps = 0;  // gates looked at to find equal ones and to look through drivers
};

// Removes constants, wires and inverters; every other gate is kept, over the operands it needs.
Swept fold(const GatesView& circuit);

// `fold`, and each function built once: output false where all operands are, gates equal under
// any order of their operands shared, two-operand gates with rising operands and read through the
// two-operand gates that drive them. Wider gates keep their order, on which `decompose` depends.
// In a circuit made for it a gate leads through all gates below it; so there is a budget of steps for
// each gate, which other circuits never use up, and what is left a next sweep does.
Swept strash(const GatesView& circuit);

// The literal of each signal, in the circuit's own signals: what `fold` would put in its place.
Literals literals(const GatesView& circuit);

}  // namespace gategrad::passes
