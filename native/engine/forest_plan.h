// A circuit that a forest became, as trees again, to walk a few rows down them.
//
// Exact whatever the circuit: trees are made of products that were proved to exclude each other
// (forest_terms.h), and what is no product becomes a tree of its own, comparison by comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/lower.h"

namespace gategrad {

// Trees that are walked side by side, as each waits for its node at every step.
inline constexpr size_t kTreesAtOnce = 8;

// A row goes to child 1 where x[feature] >= least. Children are distances in bytes from the first
// node. A leaf has itself as both.
template <typename T>
struct WalkNode {
  T least;
  uint32_t feature;
  uint32_t child[2];
};

// After so many steps every walk from `root` is at its leaf.
struct WalkGroup {
  uint32_t root[kTreesAtOnce];  // numbers of nodes
  uint32_t n_steps;
};

struct ForestPlan {
  std::vector<WalkNode<float>> f32;  // leaves come last
  std::vector<WalkNode<double>> f64;
  std::vector<WalkGroup> groups;
  std::vector<uint32_t> value;  // of leaf i in sum c: value[i * n_classes + c], modulo 2^32
  size_t n_inner = 0;           // nodes that are no leaves
  size_t n_steps = 0;           // of all trees
  size_t n_gates = 0;           // of the circuit

  // Rows up to which walking is faster than slots of few rows.
  size_t most_rows() const;
  size_t n_bytes() const;
};

// Null where the circuit is no forest, or, unless it `must`, where its gates are faster. `bias` becomes
// that of the sums.
std::unique_ptr<const ForestPlan> plan_forest(const CircuitView& circuit,
                                              const ReadoutView& readout,
                                              const EncoderView& encoder, bool must,
                                              std::vector<int32_t>& bias);

}  // namespace gategrad
