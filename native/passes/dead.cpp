#include "passes/dead.h"

namespace gategrad::passes {
namespace {

std::vector<uint8_t> needed_signals(const CircuitView& circuit, const uint32_t* outputs,
                                    size_t n_outputs) {
  size_t first_gate = size_t{2} + circuit.n_inputs;
  std::vector<uint8_t> needed(first_gate + circuit.n_gates, 0);
  for (size_t i = 0; i < n_outputs; ++i) needed[outputs[i]] = 1;
  for (size_t g = circuit.n_gates; g-- > 0;) {
    if (!needed[first_gate + g]) continue;
    const uint32_t* pins = circuit.fanin + g * circuit.width;
    for (size_t j = 0; j < circuit.width; ++j) needed[pins[j]] = 1;
  }
  return needed;
}

}  // namespace

Live remove_dead(const CircuitView& circuit, const uint32_t* outputs, size_t n_outputs) {
  size_t first_gate = size_t{2} + circuit.n_inputs;
  std::vector<uint8_t> needed = needed_signals(circuit, outputs, n_outputs);
  std::vector<uint32_t> renamed(needed.size(), 0);
  for (size_t s = 0; s < first_gate; ++s) renamed[s] = static_cast<uint32_t>(s);
  Live live;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    if (!needed[first_gate + g]) continue;
    renamed[first_gate + g] = static_cast<uint32_t>(first_gate + live.table.size());
    const uint32_t* pins = circuit.fanin + g * circuit.width;
    for (size_t j = 0; j < circuit.width; ++j) live.fanin.push_back(renamed[pins[j]]);
    live.table.push_back(circuit.table[g]);
  }
  live.outputs.reserve(n_outputs);
  for (size_t i = 0; i < n_outputs; ++i) live.outputs.push_back(renamed[outputs[i]]);
  return live;
}

}  // namespace gategrad::passes
