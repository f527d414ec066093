#include "engine/forest_trie.h"

#include <algorithm>
#include <unordered_set>

namespace gategrad {
namespace {

constexpr uint32_t kNoNode = ForestTrie::kNoNode;
// Splits of a node but the first, which are searched one by one, and values of all nodes.
constexpr size_t kMostSplits = 64, kMostValues = size_t{1} << 24;

uint64_t pair_of(Edge a, Edge b) { return uint64_t{std::min(a, b)} << 32 | std::max(a, b); }

class Growing {
 public:
  Growing(const Terms& terms, size_t n_classes)
      : terms_(terms), node_of_(2 * terms.n_signals(), kNoNode),
        first_child_(2 * terms.n_signals(), kNoNode), root_split_(terms.n_signals(), kNoNode),
        uses_(terms.n_signals(), 0) {
    trie_.n_classes = n_classes;
    trie_.nodes.reserve(terms.n_signals() / 2);
    trie_.splits.reserve(terms.n_signals() / 4);
    trie_.nodes.emplace_back();
    for (uint32_t s = terms.first_gate(); s < terms.n_signals(); ++s) {
      const Terms::Gate& gate = terms.gate(s);
      if (terms.role(s) != Role::kProduct || !terms.atom(gate.a) || !terms.atom(gate.b)) continue;
      pairs_.insert(pair_of(gate.a, gate.b));
      ++uses_[signal_of(gate.a)];
      ++uses_[signal_of(gate.b)];
    }
  }

  void add(uint32_t signal, const uint32_t* weight) {
    const uint32_t node = node_of(2 * signal);
    const size_t n = trie_.n_classes;
    if (trie_.nodes.size() * n > kMostValues) good_ = false;
    if (!good_) return;
    trie_.value.resize(trie_.nodes.size() * n, 0);
    for (size_t c = 0; c < n; ++c) trie_.value[node * n + c] += weight[c];
  }

  std::optional<ForestTrie> take() {
    if (!good_) return std::nullopt;
    trie_.value.resize(trie_.nodes.size() * trie_.n_classes, 0);
    return std::move(trie_);
  }

 private:
  uint32_t node_of(Edge e) {
    // No recursion: a chain of products may be as long as the circuit.
    std::vector<Edge> open{e};
    while (!open.empty()) {
      const Edge parent = place(open.back());
      if (parent == kNoNode) {
        open.pop_back();
      } else {
        open.push_back(parent);
      }
    }
    return node_of_[e];
  }

  // Finds the node of an edge, or says whose node has to be found before.
  Edge place(Edge e) {
    if (node_of_[e] != kNoNode) return kNoNode;
    if (terms_.role(signal_of(e)) != Role::kProduct) {
      node_of_[e] = child(0, e);
      return kNoNode;
    }
    const auto [parent, decision] = in_order(terms_.gate(signal_of(e)));
    uint32_t node = node_of_[parent];
    if (node == kNoNode) return parent;
    const auto known = terms_.cube(parent);
    for (Edge atom : terms_.cube(decision))
      if (!std::binary_search(known.begin(), known.end(), atom)) node = child(node, atom);
    node_of_[e] = node;
    return kNoNode;
  }

  // Which operand says where a row comes from, and which one where it goes. Of two atoms the first
  // one is that whose other child is there too, else the one that more children have.
  std::pair<Edge, Edge> in_order(const Terms::Gate& gate) const {
    const Edge a = gate.a, b = gate.b;
    bool exchange = terms_.cube(b).size() > terms_.cube(a).size();
    if (terms_.atom(a) && terms_.atom(b)) {
      const bool a_first = pairs_.contains(pair_of(a, b ^ 1));
      const bool b_first = pairs_.contains(pair_of(b, a ^ 1));
      exchange = a_first == b_first ? uses_[signal_of(b)] > uses_[signal_of(a)] : b_first;
    } else if (terms_.atom(a) != terms_.atom(b)) {
      exchange = terms_.atom(a);
    }
    return exchange ? std::pair(b, a) : std::pair(a, b);
  }

  uint32_t child(uint32_t node, Edge edge) {
    if (node == 0 && first_child_[edge] != kNoNode) return first_child_[edge];
    const uint32_t split = split_of(node, signal_of(edge));
    uint32_t& found = trie_.splits[split].child[!inverted(edge)];
    if (found == kNoNode) {
      found = static_cast<uint32_t>(trie_.nodes.size());
      trie_.nodes.push_back({node, edge, kNoNode});
    }
    if (node == 0) first_child_[edge] = found;
    return found;
  }

  uint32_t split_of(uint32_t node, uint32_t atom) {
    if (node == 0) {
      if (root_split_[atom] == kNoNode) root_split_[atom] = add_split(0, atom);
      return root_split_[atom];
    }
    size_t n_seen = 0;
    for (uint32_t s = trie_.nodes[node].first_split; s != kNoNode; s = trie_.splits[s].next) {
      if (trie_.splits[s].atom == atom) return s;
      if (++n_seen > kMostSplits) good_ = false;
    }
    return add_split(node, atom);
  }

  uint32_t add_split(uint32_t node, uint32_t atom) {
    const auto split = static_cast<uint32_t>(trie_.splits.size());
    trie_.splits.push_back({atom, {kNoNode, kNoNode}, trie_.nodes[node].first_split});
    trie_.nodes[node].first_split = split;
    return split;
  }

  const Terms& terms_;
  ForestTrie trie_;
  std::vector<uint32_t> node_of_;       // of every edge
  std::vector<uint32_t> first_child_;   // of node 0, by edge
  std::vector<uint32_t> root_split_;    // of node 0, by atom
  std::unordered_set<uint64_t> pairs_;  // products of two atoms
  std::vector<uint32_t> uses_;          // in such pairs
  bool good_ = true;
};

}  // namespace

std::optional<ForestTrie> grow_trie(const Terms& terms, const TermWeights& weights) {
  const size_t n = weights.bias.size();
  Growing growing(terms, n);
  for (uint32_t s = 2; s < terms.n_signals(); ++s) {
    const uint32_t* weight = &weights.weight[s * n];
    if (std::any_of(weight, weight + n, [](uint32_t w) { return w != 0; })) growing.add(s, weight);
  }
  return growing.take();
}

}  // namespace gategrad
