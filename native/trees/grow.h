// From trees to gates: a gate for each child, and the digits of each tree's value.
//
// One leaf of a tree is reached, so the binary digits of its value are ORs of leaves, which cost less
// than to add every leaf. A digit that all leaves below a split have is the split itself, and one that
// most leaves of a tree have is made of the others and counted as its complement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gategrad {

// Of N nodes: `leaf` says which have no children, `child` (N, 2) where rows go, `decision` the signal
// that sends them to child 1, 0 where nothing does, and `value` (N, n_values) what leaves add.
struct TreesView {
  size_t n_nodes, n_trees, n_values;
  const bool* leaf;
  const int64_t* child;
  const int64_t* decision;
  const int64_t* value;
  const int64_t* roots;
};

// Digit `place[i]` of what tree `tree[i]` adds is `signal[i]`, complemented where `inverted`;
// `constant` of each tree is added besides.
struct TreeDigits {
  std::vector<int64_t> tree, place, signal, constant;
  std::vector<uint8_t> inverted;
};

struct GrownTrees {
  std::vector<uint32_t> fanin;  // (gates, 2)
  std::vector<uint64_t> table;
  std::vector<TreeDigits> digits;  // of each value
};

// Gates numbered from `first_gate` on: tree by tree and depth first, so that few values are kept at a
// time. Throws std::invalid_argument where nodes form no trees.
GrownTrees grow_trees(const TreesView& trees, uint32_t first_gate);

}  // namespace gategrad
