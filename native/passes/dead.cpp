#include "passes/dead.h"

#include "circuit/live.h"

namespace gategrad::passes {
Live remove_dead(const GatesView& circuit, const uint32_t* outputs, size_t n_outputs) {
  size_t first_gate = circuit.first_gate();
  std::vector<uint8_t> needed = needed_gates(circuit, outputs, n_outputs);
  std::vector<uint32_t> renamed(circuit.n_gates, 0);
  auto rename = [&](uint32_t s) { return s < first_gate ? s : renamed[s - first_gate]; };
  Live live;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    if (!needed[g]) continue;
    renamed[g] = static_cast<uint32_t>(first_gate + live.table.size());
    const uint32_t* pins = circuit.fanin + g * circuit.width;
    for (size_t j = 0; j < circuit.width; ++j) live.fanin.push_back(rename(pins[j]));
    live.table.push_back(circuit.table[g]);
  }
  live.outputs.reserve(n_outputs);
  for (size_t i = 0; i < n_outputs; ++i) live.outputs.push_back(rename(outputs[i]));
  return live;
}

}  // namespace gategrad::passes
