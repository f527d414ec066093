// The products of a circuit as the nodes of trees, by the atoms that they have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/forest_terms.h"

namespace gategrad {

// Node 0 is reached by every row. A node has splits, each by an atom, of which a row comes through the
// child where the atom is false or the one where it is true; kNoNode where nothing is known of it.
struct ForestTrie {
  static constexpr uint32_t kNoNode = UINT32_MAX;

  struct Node {
    uint32_t parent = 0;
    Edge edge = 0;  // the atom and its value that lead here
    uint32_t first_split = kNoNode;
  };
  struct Split {
    uint32_t atom;
    uint32_t child[2] = {kNoNode, kNoNode};
    uint32_t next = kNoNode;  // of the same node
  };

  std::vector<Node> nodes;
  std::vector<Split> splits;
  std::vector<uint32_t> value;  // of node i in sum c: value[i * n_classes + c]
  size_t n_classes = 1;
};

// Nothing where the trie would be much larger than the circuit.
std::optional<ForestTrie> grow_trie(const Terms& terms, const TermWeights& weights);

}  // namespace gategrad
