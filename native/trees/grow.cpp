#include "trees/grow.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>

namespace gategrad {
namespace {

constexpr uint64_t kNot = 0b01, kAnd = 0b1000, kAndNot = 0b0010, kOr = 0b1110;
constexpr size_t kBits = 64;

// Digits of the values below a node: those that any leaf has, and those that all have.
struct Spread {
  uint64_t any, all;
};

class Growing {
 public:
  Growing(const TreesView& trees, uint32_t first_gate)
      : trees_(trees), next_(first_gate), place_(trees.n_nodes, kNowhere) {
    out_.digits.resize(trees.n_values);
  }

  void add_tree(size_t tree) {
    walk(static_cast<size_t>(trees_.roots[tree]));
    const size_t n = nodes_.size() * trees_.n_values;
    spread_.resize(n);
    reached_.resize(nodes_.size());
    flip_.resize(trees_.n_values);
    std::vector<int64_t> lowest(trees_.n_values);
    n_bits_ = 0;
    for (size_t v = 0; v < trees_.n_values; ++v) {
      lowest[v] = spread_above_lowest(v);
      n_bits_ = std::max<size_t>(n_bits_, std::bit_width(spread(0, v).any));
      complement_where_fewer(v);
    }
    make_gates();
    for (size_t v = 0; v < trees_.n_values; ++v) count_digits(tree, v, lowest[v]);
  }

  GrownTrees take() { return std::move(out_); }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  // The nodes of a tree, each before its children, the first child's before the other one's.
  void walk(size_t root) {
    nodes_.clear();
    std::vector<size_t> open{root};
    while (!open.empty()) {
      const size_t node = open.back();
      open.pop_back();
      if (node >= trees_.n_nodes || place_[node] != kNowhere)
        throw std::invalid_argument("nodes of a forest form no trees");
      place_[node] = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(node);
      if (trees_.leaf[node]) continue;
      open.push_back(static_cast<size_t>(trees_.child[2 * node + 1]));
      open.push_back(static_cast<size_t>(trees_.child[2 * node]));
    }
  }

  bool leaf(size_t place) const { return trees_.leaf[nodes_[place]]; }
  size_t child(size_t place, size_t i) const {
    return place_[static_cast<size_t>(trees_.child[2 * nodes_[place] + i])];
  }
  Spread& spread(size_t place, size_t v) { return spread_[place * trees_.n_values + v]; }

  // Of values above the least one, which is returned.
  int64_t spread_above_lowest(size_t v) {
    const auto value = [&](size_t i) { return trees_.value[nodes_[i] * trees_.n_values + v]; };
    int64_t lowest = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (leaf(i)) lowest = std::min(lowest, value(i));
    for (size_t i = nodes_.size(); i-- > 0;) {
      if (leaf(i)) {
        const uint64_t above = static_cast<uint64_t>(value(i)) - static_cast<uint64_t>(lowest);
        spread(i, v) = {above, above};
      } else {
        const Spread low = spread(child(i, 0), v), high = spread(child(i, 1), v);
        spread(i, v) = {low.any | high.any, low.all & high.all};
      }
    }
    return lowest;
  }

  void complement_where_fewer(size_t v) {
    std::array<int64_t, kBits> saved{};
    const auto count = [&](uint64_t digits, int64_t sign) {
      for (; digits; digits &= digits - 1) saved[std::countr_zero(digits)] += sign;
    };
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (leaf(i)) continue;
      const Spread own = spread(i, v), low = spread(child(i, 0), v), high = spread(child(i, 1), v);
      count(low.any & high.any & ~own.all, 1);
      count(~low.all & ~high.all & own.any, -1);
    }
    uint64_t flip = 0;
    for (size_t k = 0; k < kBits; ++k) flip |= uint64_t{saved[k] > 0} << k;
    flip_[v] = flip;
    for (size_t i = 0; flip && i < nodes_.size(); ++i) {
      const Spread own = spread(i, v);
      spread(i, v) = {(own.any & ~flip) | (~own.all & flip), (own.all & ~flip) | (~own.any & flip)};
    }
  }

  uint32_t gate(uint32_t a, uint32_t b, uint64_t table) {
    if (next_ == UINT32_MAX) throw std::length_error("the forest has more than 2**32 gates");
    out_.fanin.insert(out_.fanin.end(), {a, b});
    out_.table.push_back(table);
    return next_++;
  }

  void make_gates() {
    struct Step {
      size_t place;
      uint32_t parent;
      uint8_t which;
      bool leaving;
    };
    digits_.clear();
    std::vector<Step> open{{0, kNowhere, 0, false}};
    while (!open.empty()) {
      const Step step = open.back();
      open.pop_back();
      if (step.leaving) {
        join(step.place);
        continue;
      }
      reached_[step.place] = step.parent == kNowhere ? 1 : reached_from(step.parent, step.which);
      const auto own = static_cast<uint32_t>(step.place);
      open.push_back({step.place, step.parent, step.which, true});
      if (leaf(step.place)) continue;
      open.push_back({child(step.place, 1), own, 1, false});
      open.push_back({child(step.place, 0), own, 0, false});
    }
  }

  // The signal that says whether a row comes through a child.
  uint32_t reached_from(size_t parent, uint8_t which) {
    const uint32_t above = reached_[parent];
    const auto asked = static_cast<uint32_t>(trees_.decision[nodes_[parent]]);
    if (above == 0) return 0;
    if (asked == 0) return which ? 0 : above;
    if (above == 1) return which ? asked : gate(asked, 0, kNot);
    return gate(above, asked, which ? kAnd : kAndNot);
  }

  // Each digit of a node as the OR of its children's, unless all leaves below have it. Those of its
  // children are the last ones of `digits_`, and its own take their place.
  void join(size_t place) {
    const size_t n = n_bits_ * trees_.n_values;
    if (leaf(place)) digits_.resize(digits_.size() + n, 0);
    const size_t own = digits_.size() - (leaf(place) ? n : 2 * n);
    for (size_t v = 0; v < trees_.n_values; ++v) {
      const Spread spread_of = spread(place, v);
      for (uint64_t left = spread_of.any; left; left &= left - 1) {
        const auto k = static_cast<size_t>(std::countr_zero(left));
        const size_t at = own + v * n_bits_ + k;
        if (spread_of.all >> k & 1)
          digits_[at] = reached_[place];
        else if (digits_[at] && digits_[at + n])
          digits_[at] = gate(digits_[at], digits_[at + n], kOr);
        else
          digits_[at] |= digits_[at + n];
      }
    }
    digits_.resize(own + n);
  }

  // A digit that every leaf has, or, where the complement is made, none lacks, is a constant.
  void count_digits(size_t tree, size_t v, int64_t lowest) {
    const Spread root = spread(0, v);
    TreeDigits& out = out_.digits[v];
    out.constant.push_back(lowest +
                           static_cast<int64_t>((root.all & ~flip_[v]) + (~root.any & flip_[v])));
    for (uint64_t digits = root.any & ~root.all; digits; digits &= digits - 1) {
      const auto k = static_cast<size_t>(std::countr_zero(digits));
      out.tree.push_back(static_cast<int64_t>(tree));
      out.place.push_back(static_cast<int64_t>(k));
      out.signal.push_back(digits_[v * n_bits_ + k]);
      out.inverted.push_back(flip_[v] >> k & 1);
    }
  }

  const TreesView& trees_;
  uint32_t next_;
  std::vector<uint32_t> place_;  // of every node, in its tree
  GrownTrees out_;
  // Of the tree that is grown; nodes by their places.
  std::vector<size_t> nodes_;
  std::vector<Spread> spread_;
  std::vector<uint32_t> reached_;
  std::vector<uint32_t> digits_;  // of nodes that are done and whose parents are not, V * bits each
  size_t n_bits_ = 0;
  std::vector<uint64_t> flip_;  // digits of each value that are made as complements
};

}  // namespace

GrownTrees grow_trees(const TreesView& trees, uint32_t first_gate) {
  Growing growing(trees, first_gate);
  for (size_t tree = 0; tree < trees.n_trees; ++tree) growing.add_tree(tree);
  return growing.take();
}

}  // namespace gategrad
