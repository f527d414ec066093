// Trees of gates at all places of a window: channel by channel, gate by gate.
//
// A map is taken in patches, as large as leave the values between the gates of a tree, and their
// gradients, in the first-level cache; a gate goes over a patch before the next one begins. Gates of
// level 0 read rows of the input where they lie.
#pragma once

#include "train/conv/gates.isa.h"
#include "train/conv/kernel.h"

namespace gategrad::train::windows {
namespace {

// Values of all gates but the root, of one patch.
constexpr size_t kMostNodes = (size_t{1} << kDeepest) - 1;
constexpr size_t kRoom = 4 * (kMostNodes - 1) * kWidest * kBlock;

template <typename S>
struct Scratch {
  Border<S> border;
  alignas(64) S values[kRoom];
  alignas(64) S grads[kRoom];
};

// One tree at a patch of places.
template <typename S>
struct Tree {
  const Trees<S>& trees;
  const S* x;
  S* grad_x;
  Scratch<S>& scratch;
  size_t channel;
  Patch patch;

  const Window& window() const { return *trees.window; }
  size_t root() const { return (size_t{1} << window().depth) - 2; }
  size_t n_first() const { return root() / 2 + 1; }  // gates of level 0
  const S* coefficients(const S* all, size_t node) const {
    return all + 4 * (node * window().out_channels + channel);
  }
  const uint32_t* outputs(size_t line, size_t column) const {
    const size_t first = channel * window().out_size[0] + line;
    return trees.outputs + first * window().out_size[1] + column;
  }
};

// Calls body(operand a, operand b, line, column, size) for rectangles that make up the patch.
template <typename S, size_t kWidth, typename Body>
GG_INLINE void each_rectangle(const Tree<S>& tree, size_t node, const Body& body) {
  const size_t n = tree.window().out_channels;
  const Maps<S> maps{tree.window(), kWidth, tree.x, tree.grad_x, tree.scratch.border};
  const Leaf* leaves = tree.trees.leaves + 2 * node * n + tree.channel;
  each_rectangle<2>(maps, leaves, n, tree.patch,
                    [&](const Operand<S>* operands, size_t line, size_t column, auto size) {
                      body(operands[0], operands[1], line, column, size);
                    });
}

// Where the values of a gate, or their gradients, lie in `numbers` of the scratch.
template <size_t kWidth, typename S>
GG_INLINE S* of_node(const Patch& patch, S* numbers, size_t node) {
  return numbers + node * patch.lines * patch.columns * kWidth;
}

template <size_t kWidth, typename S>
GG_INLINE Rows<S> rows_of(const Patch& patch, S* of_node, size_t line, size_t column) {
  const size_t first = (line - patch.line) * patch.columns + column - patch.column;
  return {of_node + first * kWidth, nullptr, patch.columns};
}

// The first or second operand of a gate above level 0.
template <typename S, size_t kWidth>
GG_INLINE Operand<S> child(const Tree<S>& tree, size_t node, size_t which) {
  const size_t from = 2 * (node - tree.n_first()) + which;
  const auto right = static_cast<ptrdiff_t>(kWidth);
  return {of_node<kWidth>(tree.patch, tree.scratch.values, from),
          of_node<kWidth>(tree.patch, tree.scratch.grads, from),
          right * static_cast<ptrdiff_t>(tree.patch.columns), right};
}

// The outputs of all gates but the root to the scratch.
template <typename S, size_t kWidth>
void forward_below(const Tree<S>& tree) {
  const Patch& patch = tree.patch;
  for (size_t node = 0; node < tree.root(); ++node) {
    const S* c = tree.coefficients(tree.trees.forward, node);
    S* values = of_node<kWidth>(patch, tree.scratch.values, node);
    if (node < tree.n_first())
      each_rectangle<S, kWidth>(tree, node,
                                [&](auto a, auto b, size_t line, size_t column, auto size) {
                                  const Rows<S> out = rows_of<kWidth>(patch, values, line, column);
                                  forward_gate<S, kWidth, false>(c, a, b, out, size);
                                });
    else
      forward_gate<S, kWidth, false>(
          c, child<S, kWidth>(tree, node, 0), child<S, kWidth>(tree, node, 1),
          {values, nullptr, patch.columns}, {patch.lines, patch.columns});
  }
}

// The root to the rows of y.
template <typename S, size_t kWidth>
void forward_root(const Tree<S>& tree, S* y) {
  const size_t root = tree.root(), down = tree.window().out_size[1];
  const S* c = tree.coefficients(tree.trees.forward, root);
  const auto put = [&](const Operand<S>& a, const Operand<S>& b, size_t line, size_t column,
                       const Rectangle& size) {
    const Rows<S> out{y, tree.outputs(line, column), down};
    forward_gate<S, kWidth, true>(c, a, b, out, size);
  };
  const Patch& patch = tree.patch;
  if (root == 0) return each_rectangle<S, kWidth>(tree, root, put);
  put(child<S, kWidth>(tree, root, 0), child<S, kWidth>(tree, root, 1), patch.line, patch.column,
      {patch.lines, patch.columns});
}

// One gate of level 0, whose gradient lies in the scratch or, of the root, where the list says.
template <typename S, size_t kWidth, bool kListed>
void backward_leaves(const Tree<S>& tree, size_t node, const S* grad, Vec<S>* sums) {
  const S *c = tree.coefficients(tree.trees.backward, node), factor = tree.trees.factor;
  each_rectangle<S, kWidth>(tree, node, [&](auto a, auto b, size_t line, size_t column, auto size) {
    const Rows<const S> from =
        kListed ? Rows<const S>{grad, tree.outputs(line, column), tree.window().out_size[1]}
                : rows_of<kWidth, const S>(tree.patch, grad, line, column);
    if (tree.grad_x)
      backward_gate<S, kWidth, kListed, Gradient::kAdded>(c, factor, a, b, from, size, sums);
    else
      backward_gate<S, kWidth, kListed, Gradient::kNone>(c, factor, a, b, from, size, sums);
  });
}

// All gates from the root on, which have their values in the scratch; four sums a gate.
template <typename S, size_t kWidth>
void backward_tree(const Tree<S>& tree, const S* grad, Vec<S>* sums) {
  const Patch& patch = tree.patch;
  const size_t root = tree.root();
  if (root == 0) return backward_leaves<S, kWidth, true>(tree, 0, grad, sums);
  const Rectangle size{patch.lines, patch.columns};
  for (size_t node = root + 1; node-- > tree.n_first();) {
    const S* c = tree.coefficients(tree.trees.backward, node);
    const Operand<S> a = child<S, kWidth>(tree, node, 0), b = child<S, kWidth>(tree, node, 1);
    const S* own = node < root ? of_node<kWidth>(patch, tree.scratch.grads, node) : nullptr;
    if (own)
      backward_gate<S, kWidth, false, Gradient::kStored>(
          c, S(1), a, b, {own, nullptr, patch.columns}, size, sums + 4 * node);
    else
      backward_gate<S, kWidth, true, Gradient::kStored>(
          c, S(1), a, b, {grad, tree.outputs(patch.line, patch.column), tree.window().out_size[1]},
          size, sums + 4 * node);
  }
  for (size_t node = 0; node < tree.n_first(); ++node)
    backward_leaves<S, kWidth, false>(tree, node, of_node<kWidth>(patch, tree.scratch.grads, node),
                                      sums + 4 * node);
}

// Sets the tree's patch to each part of the map in turn and calls body().
template <typename S, size_t kWidth, typename Body>
GG_INLINE void each_patch(Tree<S>& tree, const Body& body) {
  const size_t height = tree.window().out_size[0], width = tree.window().out_size[1];
  size_t room = height * width;
  if (tree.root() && kRoom / (tree.root() * kWidth) < room) room = kRoom / (tree.root() * kWidth);
  const size_t columns = width < room ? width : room, lines = columns < width ? 1 : room / width;
  for (size_t line = 0; line < height; line += lines)
    for (size_t column = 0; column < width; column += columns) {
      tree.patch = {line, column, lines < height - line ? lines : height - line,
                    columns < width - column ? columns : width - column};
      body();
    }
}

template <typename S, size_t kWidth>
void trees_forward(const Trees<S>& trees, const S* x, S* y) {
  Scratch<S> scratch;
  scratch.border.clear(kWidth);
  Tree<S> tree{trees, x, nullptr, scratch, 0, {}};
  for (; tree.channel < tree.window().out_channels; ++tree.channel)
    each_patch<S, kWidth>(tree, [&] {
      forward_below<S, kWidth>(tree);
      forward_root<S, kWidth>(tree, y);
    });
}

template <typename S, size_t kWidth>
void trees_backward(const Trees<S>& trees, const S* x, const S* grad, S* grad_x, S* statistics,
                    bool first) {
  Scratch<S> scratch;
  scratch.border.clear(kWidth);
  Tree<S> tree{trees, x, grad_x, scratch, 0, {}};
  for (; tree.channel < tree.window().out_channels; ++tree.channel) {
    Vec<S> sums[4 * kMostNodes];
    for (size_t i = 0; i < 4 * (tree.root() + 1); ++i) sums[i] = Vec<S>{};
    each_patch<S, kWidth>(tree, [&] {
      forward_below<S, kWidth>(tree);
      backward_tree<S, kWidth>(tree, grad, sums);
    });
    for (size_t node = 0; node <= tree.root(); ++node) {
      const Vec<S>* own = sums + 4 * node;
      S* to = statistics + 4 * (node * tree.window().out_channels + tree.channel);
      add_lane_sums<S>(own[0], own[1], own[2], own[3], to, first);
    }
  }
}

}  // namespace
}  // namespace gategrad::train::windows
