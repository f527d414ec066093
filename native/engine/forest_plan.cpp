#include "engine/forest_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/forest_terms.h"
#include "engine/forest_trie.h"
#include "engine/rank_plan.h"

namespace gategrad {
namespace {

// Steps that take as long as a gate of a single row's circuit takes at most; with missing values
// there is no other way for single rows.
constexpr size_t kGatesAStep = 4;
// Gates of few rows together, a step of each row: benchmarks/trees.py prints both sides of this.
constexpr size_t kGatesARow = 2;
// Callers bring room for as many.
constexpr size_t kMostRows = 64;
// Nodes of all trees, a signal of the circuit on average.
constexpr size_t kNodesASignal = 4;
// Signals times sums: distances in bytes between nodes stay within 32 bits, too.
constexpr size_t kMostWeights = size_t{1} << 25;

// A decision, or a leaf: numbers of leaves are marked.
constexpr uint32_t kLeaf = uint32_t{1} << 31;

struct Decision {
  uint32_t input, child[2], depth;
};

// Decisions of all trees, made from the leaves up.
class Planting {
 public:
  Planting(const Terms& terms, const ForestTrie& trie)
      : terms_(terms), trie_(trie), n_(trie.n_classes),
        most_(kNodesASignal * terms.n_signals() + 64), nothing_(leaf(Value(n_, 0))) {}

  // The trees that rows of `node` go down; the first one has what is added on the way, `so_far`.
  using Value = std::vector<uint32_t>;
  std::vector<uint32_t> trees(uint32_t node, Value so_far) {
    for (size_t c = 0; c < n_; ++c) so_far[c] += trie_.value[node * n_ + c];
    std::vector<uint32_t> found;
    uint32_t split = trie_.nodes[node].first_split;
    if (split == ForestTrie::kNoNode) found.push_back(leaf(so_far));
    for (; split != ForestTrie::kNoNode; split = trie_.splits[split].next) {
      append_split(trie_.splits[split], so_far, found);
      so_far.assign(n_, 0);
    }
    return found;
  }

  bool good() const { return decisions.size() + values.size() / n_ <= most_; }

  std::vector<Decision> decisions;
  Value values;  // of leaves

 private:
  // Each tree of one side is paired with one of the other.
  void append_split(const ForestTrie::Split& split, const Value& so_far,
                    std::vector<uint32_t>& found) {
    std::vector<uint32_t> side[2];
    for (size_t i = 0; i < 2; ++i) {
      if (split.child[i] != ForestTrie::kNoNode)
        side[i] = trees(split.child[i], so_far);
      else
        side[i].push_back(leaf(so_far));
    }
    for (size_t i = 0; i < std::max(side[0].size(), side[1].size()); ++i)
      found.push_back(decide(2 * split.atom, i < side[1].size() ? side[1][i] : nothing_,
                             i < side[0].size() ? side[0][i] : nothing_));
  }

  uint32_t leaf(const Value& value) {
    values.insert(values.end(), value.begin(), value.end());
    return kLeaf | static_cast<uint32_t>(values.size() / n_ - 1);
  }

  // To `yes` where the edge is true: comparison by comparison.
  uint32_t decide(Edge edge, uint32_t yes, uint32_t no) {
    if (yes == no || !good()) return no;
    if (inverted(edge)) std::swap(yes, no);
    const uint32_t signal = signal_of(edge);
    if (signal < terms_.first_gate()) {
      decisions.push_back({signal - 2, {no, yes}, 1 + std::max(depth(no), depth(yes))});
      return static_cast<uint32_t>(decisions.size() - 1);
    }
    const Terms::Gate& gate = terms_.gate(signal);
    const uint32_t otherwise = gate.exclusive_or ? decide(gate.b, yes, no) : no;
    return decide(gate.a,
                  decide(gate.b, gate.exclusive_or ? no : yes, gate.exclusive_or ? yes : no),
                  otherwise);
  }

  uint32_t depth(uint32_t id) const { return id & kLeaf ? 0 : decisions[id].depth; }

  const Terms& terms_;
  const ForestTrie& trie_;
  size_t n_, most_;
  uint32_t nothing_;
};

// Nodes of one tree after the other, each before its children.
class Layout {
 public:
  explicit Layout(const std::vector<Decision>& decisions)
      : decisions_(decisions), place_(decisions.size(), UINT32_MAX) {}

  void add(uint32_t root) {
    std::vector<uint32_t> open{root};
    while (!open.empty()) {
      const uint32_t id = open.back();
      open.pop_back();
      if (id & kLeaf || place_[id] != UINT32_MAX) continue;
      place_[id] = static_cast<uint32_t>(order_.size());
      order_.push_back(id);
      open.insert(open.end(), {decisions_[id].child[1], decisions_[id].child[0]});
    }
  }

  uint32_t place(uint32_t id) const {
    return id & kLeaf ? static_cast<uint32_t>(order_.size()) + (id & ~kLeaf) : place_[id];
  }
  const std::vector<uint32_t>& order() const { return order_; }

 private:
  const std::vector<Decision>& decisions_;
  std::vector<uint32_t> place_, order_;
};

template <typename T>
void write_nodes(const std::vector<Decision>& decisions, const Layout& layout, size_t n_leaves,
                 const EncoderView& encoder, std::vector<WalkNode<T>>& nodes) {
  constexpr auto kSize = static_cast<uint32_t>(sizeof(WalkNode<T>));
  nodes.reserve(layout.order().size() + n_leaves);
  for (uint32_t id : layout.order()) {
    const Decision& d = decisions[id];
    const double least = least_above(encoder.threshold[d.input]);
    WalkNode<T> node{T{}, encoder.feature[d.input], {}};
    if constexpr (sizeof(T) == sizeof(float))
      node.least = rounded_up(least);
    else
      node.least = least;
    for (size_t i = 0; i < 2; ++i) node.child[i] = kSize * layout.place(d.child[i]);
    nodes.push_back(node);
  }
  for (size_t i = 0; i < n_leaves; ++i) {
    const auto own = static_cast<uint32_t>(kSize * nodes.size());
    nodes.push_back({T{}, 0, {own, own}});
  }
}

// Of similar depth side by side.
void group_trees(const std::vector<uint32_t>& roots, const std::vector<Decision>& decisions,
                 const Layout& layout, ForestPlan& plan) {
  const auto depth = [&](uint32_t id) { return id & kLeaf ? 0 : decisions[id].depth; };
  const uint32_t nothing = layout.place(kLeaf);
  for (size_t i = 0; i < roots.size(); i += kTreesAtOnce) {
    WalkGroup group{};
    for (size_t j = 0; j < kTreesAtOnce; ++j)
      group.root[j] = i + j < roots.size() ? layout.place(roots[i + j]) : nothing;
    group.n_steps = depth(roots[i]);
    plan.n_steps += kTreesAtOnce * group.n_steps;
    plan.groups.push_back(group);
  }
}

}  // namespace

size_t ForestPlan::most_rows() const {
  const size_t rows = n_gates / (kGatesARow * std::max<size_t>(1, n_steps));
  return std::clamp<size_t>(rows, 1, kMostRows);
}

size_t ForestPlan::n_bytes() const {
  auto bytes = [](const auto&... v) { return ((v.size() * sizeof(v[0])) + ...); };
  return bytes(f32, f64, groups, value);
}

std::unique_ptr<const ForestPlan> plan_forest(const CircuitView& circuit,
                                              const ReadoutView& readout,
                                              const EncoderView& encoder, bool must,
                                              std::vector<int32_t>& bias) {
  if (encoder.bits || readout.n_classes == 0 ||
      (circuit.n_inputs + circuit.n_gates) * readout.n_classes > kMostWeights)
    return nullptr;
  std::vector<uint32_t> outputs;
  const Netlist net = narrow_netlist(circuit, outputs);
  // Gates of many inputs have become many of two.
  if ((net.first_gate + net.nodes.size()) * readout.n_classes > kMostWeights) return nullptr;
  std::vector<uint32_t> root(static_cast<size_t>(readout.indptr[readout.n_classes]));
  for (size_t i = 0; i < root.size(); ++i) root[i] = net.signal[outputs[readout.index[i]]];
  const std::vector<uint8_t> needed = mark_needed(net, root);
  const Terms terms(net, needed);
  if (!terms.good()) return nullptr;
  const auto weights = weigh_terms(terms, readout, root);
  if (!weights) return nullptr;
  const auto trie = grow_trie(terms, *weights);
  if (!trie) return nullptr;
  Planting planting(terms, *trie);
  std::vector<uint32_t> roots = planting.trees(0, Planting::Value(readout.n_classes, 0));
  if (!planting.good()) return nullptr;
  const std::vector<Decision>& decisions = planting.decisions;
  const auto depth = [&](uint32_t id) { return id & kLeaf ? 0 : decisions[id].depth; };
  std::stable_sort(roots.begin(), roots.end(),
                   [&](uint32_t x, uint32_t y) { return depth(x) > depth(y); });
  Layout layout(decisions);
  for (uint32_t id : roots) layout.add(id);
  auto plan = std::make_unique<ForestPlan>();
  group_trees(roots, decisions, layout, *plan);
  plan->n_gates =
      static_cast<size_t>(std::count(needed.begin() + net.first_gate, needed.end(), uint8_t{1}));
  if (!must && !encoder.missing && kGatesAStep * plan->n_steps > plan->n_gates) return nullptr;
  plan->n_inner = layout.order().size();
  const size_t n_leaves = planting.values.size() / readout.n_classes;
  write_nodes(decisions, layout, n_leaves, encoder, plan->f32);
  write_nodes(decisions, layout, n_leaves, encoder, plan->f64);
  plan->value = std::move(planting.values);
  bias.assign(weights->bias.begin(), weights->bias.end());
  return plan;
}

}  // namespace gategrad
