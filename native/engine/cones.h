// Which gates are stored and which are evaluated in registers, on the way to the one that reads
// them: a gate with one reader is part of its reader's cone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/schedule.h"

namespace gategrad {

struct Cones {
  // Of every signal: its value is in memory. True of constants and inputs.
  std::vector<uint8_t> stored;
  // Registers that evaluating a gate's cone takes.
  std::vector<uint8_t> registers;
  // Gates whose values are stored, as signals, every one after those it reads.
  std::vector<uint32_t> order;
  // Gates that are needed at all.
  size_t n_gates = 0;
};

// `roots` are the signals that the sums read, as often as they read them. No cone takes more than
// `most_registers`.
Cones find_cones(const Netlist& net, const std::vector<uint32_t>& roots, uint8_t most_registers);

// Calls leaf(signal) for every stored signal that the cone of `signal` reads; of a stored gate, the
// cone behind it.
template <typename Leaf>
void each_leaf(const Netlist& net, const Cones& cones, uint32_t signal, const Leaf& leaf) {
  const Netlist::Node& node = net.nodes[signal - net.first_gate];
  for (uint32_t operand : {node.a, node.b}) {
    if (cones.stored[operand])
      leaf(operand);
    else
      each_leaf(net, cones, operand, leaf);
    if (node.op == Op::kNot) break;
  }
}

}  // namespace gategrad
