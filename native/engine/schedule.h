// Two-input gates in canonical operations, ordered into runs, with slots assigned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/program.h"

namespace gategrad {

// Gates over signals, not yet slots. Wires and constants are resolved away: `signal[s]` is the
// signal that carries the value of s.
struct Netlist {
  struct Node {
    Op op;
    uint32_t a, b;  // signals
  };
  uint32_t first_gate;
  std::vector<Node> nodes;       // one a gate of the circuit, unused where the gate is a wire
  std::vector<uint32_t> signal;  // of every signal
};

Netlist canonicalize(uint32_t n_inputs, const uint32_t* fanin, const uint64_t* table,
                     size_t n_gates, size_t width);

// Of every signal, whether `roots` need it.
std::vector<uint8_t> mark_needed(const Netlist& net, const std::vector<uint32_t>& roots);

// The gates that are needed, as indices into `nodes`, in the order (level, operation, first operand).
std::vector<uint32_t> order_gates(const Netlist& net, const std::vector<uint8_t>& needed);

// Orders the gates that `roots` need by level and operation, assigns slots by liveness and writes
// gates, runs, input, input_slot and n_slots. Returns the slot of each root, none of which is
// reused.
std::vector<uint32_t> schedule(const Netlist& net, const std::vector<uint32_t>& roots,
                               Program& program);

}  // namespace gategrad
