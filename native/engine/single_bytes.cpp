// The layout in bytes: gates by level and operation, one byte a signal.
#include <algorithm>

#include "engine/single_layout.h"

namespace gategrad {

void lay_out_bytes(const Netlist& net, const LeveledGates& leveled, SinglePlan& plan,
                   std::vector<uint32_t>& place) {
  size_t signals = plan.tiles.size() * 64, first = 0;
  std::vector<uint32_t> gates = leveled.gates;
  for (size_t end : leveled.level_end) {
    std::sort(gates.begin() + static_cast<ptrdiff_t>(first),
              gates.begin() + static_cast<ptrdiff_t>(end), [&](uint32_t x, uint32_t y) {
                return std::pair(net.nodes[x].op, x) < std::pair(net.nodes[y].op, y);
              });
    first = end;
  }
  plan.operands.reserve(2 * gates.size());
  for (uint32_t gate : gates) {
    const Netlist::Node& node = net.nodes[gate];
    plan.operands.push_back(place[node.a]);
    plan.operands.push_back(place[node.b]);
    place[net.first_gate + gate] = static_cast<uint32_t>(signals++);
    if (plan.runs.empty() || plan.runs.back().op != node.op || plan.runs.back().count == UINT32_MAX)
      plan.runs.push_back({node.op, 0});
    ++plan.runs.back().count;
  }
  plan.n_signals = (signals + kWindowSignals - 1) / kWindowSignals * kWindowSignals;
  if (signals > UINT16_MAX) return;
  plan.short_operands.assign(plan.operands.begin(), plan.operands.end());
  plan.operands = {};
}

void sum_bytes(std::vector<WeightedSignal> weights, SinglePlan& plan) {
  auto middle = std::stable_partition(weights.begin(), weights.end(),
                                      [](const WeightedSignal& w) { return w.weight == 1; });
  for (const WeightedSignal& w : weights) plan.entries.push_back(w.signal);
  for (auto w = middle; w != weights.end(); ++w) plan.weights.push_back(w->weight);
  plan.class_ones.push_back(static_cast<uint32_t>(middle - weights.begin()));
  plan.class_weighted.push_back(static_cast<uint32_t>(weights.end() - middle));
}

}  // namespace gategrad
