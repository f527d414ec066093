// Convolutions by their kernels: each gate goes over a few lines of positions at a time, so that what a
// tree holds stays in the first-level cache, and which gate it is, is asked once for all of them.
#pragma once

#include "engine/vec.isa.h"

namespace gategrad {
namespace {

// Blocks of a rectangle of positions, and steps from line to line and along a line.
struct Field {
  const Block* first;
  size_t down, right;
};

// Lines and columns of positions.
struct Size {
  size_t lines, columns;
};

#define GG_NODE(name, expression)                                                      \
  case Op::name:                                                                       \
    for (size_t y = 0; y < size.lines; ++y) {                                          \
      const Block *pa = a.first + y * a.down, *pb = b.first + y * b.down;              \
      Block* out = to + y * to_down;                                                   \
      for (size_t i = 0; i < size.columns; ++i, pa += a.right, pb += b.right, ++out) { \
        const Block& va = *pa;                                                         \
        [[maybe_unused]] const Block& vb = *pb;                                        \
        *out = (expression);                                                           \
      }                                                                                \
    }                                                                                  \
    break;

void evaluate_node(Op op, const Field& a, const Field& b, Block* to, size_t to_down,
                   const Size& size) {
  switch (op) {
    GG_NODE(kNot, ~va)
    GG_NODE(kAnd, va & vb)
    GG_NODE(kOr, va | vb)
    GG_NODE(kXor, va ^ vb)
    GG_NODE(kXnor, ~(va ^ vb))
    GG_NODE(kNand, ~(va & vb))
    GG_NODE(kNor, ~(va | vb))
    GG_NODE(kAndNot, va & ~vb)
    GG_NODE(kOrNot, va | ~vb)
  }
}

// OR over the windows of positions that lie one after the other, `columns` in a line.
void pool(const MapStage& s, const Block* positions, Block* to, size_t n_lines) {
  for (size_t y = 0; y < n_lines; ++y, to += s.out_down) {
    const Block* window = positions + y * s.window_down * s.columns_read;
    for (size_t x = 0; x < s.columns; ++x, window += s.window_right) {
      Block any_of = window[0];
      for (size_t dy = 0; dy < s.window_lines; ++dy)
        for (size_t dx = 0; dx < s.window_columns; ++dx)
          any_of = any_of | window[dy * s.columns_read + dx];
      to[x] = any_of;
    }
  }
}

// A tree at the positions from line `line` on; its output goes to scratch, or to `to`.
void evaluate_tree(const MapStage& s, const MapNode* node, const MapNode* end, const Block* in,
                   Block* scratch, Block* to, size_t n_lines) {
  const auto field = [&](uint32_t operand) {
    return operand & kHeld ? Field{scratch + (operand & ~kHeld) * s.held, s.columns_read, 1}
                           : Field{in + operand, s.in_down, s.in_right};
  };
  const Size size{n_lines, s.columns_read};
  for (; node != end; ++node) {
    const bool leaves = node + 1 == end && to != nullptr;
    evaluate_node(node->op, field(node->a), field(node->b),
                  leaves ? to : scratch + node->to * s.held, leaves ? s.out_down : s.columns_read,
                  size);
  }
}

void make_maps(const MapStage& s, uint64_t* maps, uint64_t* scratch_words) {
  Block *map = vecs(maps), *scratch = vecs(scratch_words);
  const bool pooled = s.window_lines * s.window_columns * s.window_down * s.window_right > 1;
  uint32_t first = 0;
  for (size_t t = 0; t < s.n_trees; ++t) {
    const MapNode *node = s.nodes + first, *end = s.nodes + s.tree_end[t];
    first = s.tree_end[t];
    Block* out = map + s.out + t * s.out_plane;
    for (size_t y = 0; y < s.lines; y += s.lines_at_once) {
      const size_t n = s.lines - y < s.lines_at_once ? s.lines - y : s.lines_at_once;
      const Block* in = map + s.in + y * s.window_down * s.in_down;
      if (!pooled) {
        evaluate_tree(s, node, end, in, scratch, out + y * s.out_down, n);
      } else {
        evaluate_tree(s, node, end, in, scratch, nullptr, (n - 1) * s.window_down + s.window_lines);
        pool(s, scratch + (end - 1)->to * s.held, out + y * s.out_down, n);
      }
    }
  }
}

}  // namespace
}  // namespace gategrad
