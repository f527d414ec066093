// The layout in bytes: gates by level and operation, one byte a signal.
#include <algorithm>
#include <tuple>

#include "engine/single_layout.h"

namespace gategrad {
namespace {

// Gates of a level that a class counts alike lie together, to be summed many at a time, where so many
// a group make up for runs of its own of nine operations.
constexpr size_t kCountedARun = 40;
// Signals that are summed so: fewer are faster one by one.
constexpr ptrdiff_t kShortestRange = 32;

}  // namespace

void lay_out_bytes(const Netlist& net, const LeveledGates& leveled,
                   const std::vector<uint32_t>& group, size_t n_groups, SinglePlan& plan,
                   std::vector<uint32_t>& place) {
  size_t signals = plan.tiles.size() * 64, first = 0;
  std::vector<uint32_t> gates = leveled.gates;
  for (size_t end : leveled.level_end) {
    const auto begin = gates.begin() + static_cast<ptrdiff_t>(first);
    const auto stop = gates.begin() + static_cast<ptrdiff_t>(end);
    const auto group_of = [&](uint32_t gate) { return group[net.first_gate + gate]; };
    const auto counted = static_cast<size_t>(
        std::count_if(begin, stop, [&](uint32_t gate) { return group_of(gate) != UINT32_MAX; }));
    const bool apart = counted > kCountedARun * n_groups;
    std::sort(begin, stop, [&](uint32_t x, uint32_t y) {
      return std::tuple(apart ? group_of(x) : 0, net.nodes[x].op, x) <
             std::tuple(apart ? group_of(y) : 0, net.nodes[y].op, y);
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
  std::sort(weights.begin(), weights.end(), [](const WeightedSignal& x, const WeightedSignal& y) {
    return std::pair(x.weight, x.signal) < std::pair(y.weight, y.signal);
  });
  const size_t n_ranges = plan.ranges.size(), n_weights = plan.weights.size();
  std::vector<WeightedSignal> ones, others;
  for (auto w = weights.begin(); w != weights.end();) {
    auto end = w + 1;
    while (end != weights.end() && end->weight == w->weight &&
           end->signal == w->signal + static_cast<uint32_t>(end - w))
      ++end;
    if (end - w >= kShortestRange)
      plan.ranges.push_back({w->signal, static_cast<uint32_t>(end - w), w->weight});
    else
      for (auto each = w; each != end; ++each) (each->weight == 1 ? ones : others).push_back(*each);
    w = end;
  }
  for (const WeightedSignal& w : ones) plan.entries.push_back(w.signal);
  for (const WeightedSignal& w : others) {
    plan.entries.push_back(w.signal);
    plan.weights.push_back(w.weight);
  }
  plan.class_ranges.push_back(static_cast<uint32_t>(plan.ranges.size() - n_ranges));
  plan.class_ones.push_back(static_cast<uint32_t>(ones.size()));
  plan.class_weighted.push_back(static_cast<uint32_t>(plan.weights.size() - n_weights));
}

}  // namespace gategrad
