// Where the operands of a gate that reads maps lie, in rectangles of places within which each of them
// is inside its map or beyond the border. There it reads one row of zeros, and its gradient goes to a
// row that nobody reads.
#pragma once

#include "isa/register.h"
#include "train/conv/window.h"
#include "train/kernel.h"

namespace gategrad::train::windows {
namespace {

// Where a gate reads one of its operands, and where the gradient of that goes: the rows at the first
// position of a rectangle, and elements from there to the next position.
template <typename S>
struct Operand {
  const S* value;
  S* grad;
  ptrdiff_t down, right;
};

struct Rectangle {
  size_t lines, columns;
};

// A part of the places.
struct Patch {
  size_t line, column, lines, columns;
};

// Rows for what is beyond the border.
template <typename S>
struct Border {
  alignas(64) S zeros[kWidest * kBlock];
  alignas(64) S unread[kWidest * kBlock];

  GG_INLINE void clear(size_t width) {
    for (size_t i = 0; i < width; ++i) zeros[i] = unread[i] = 0;
  }
};

// What leaves read: rows of `width` samples, and where their gradients go, if anywhere.
template <typename S>
struct Maps {
  const Window& window;
  size_t width;
  const S* x;
  S* grad_x;
  Border<S>& border;
};

GG_INLINE bool holds(const Span& span, size_t place) {
  return span.begin <= place && place < span.end;
}

// The first place past `at` where one of N leaves, `apart` from each other, comes into the map or
// leaves it, or the end.
template <size_t N>
GG_INLINE size_t next_change(const Leaf* leaves, size_t apart, Span Leaf::* axis, size_t at,
                             size_t end) {
  for (size_t j = 0; j < N; ++j) {
    const Span& span = leaves[j * apart].*axis;
    if (span.begin > at && span.begin < end) end = span.begin;
    if (span.end > at && span.end < end) end = span.end;
  }
  return end;
}

template <typename S>
GG_INLINE Operand<S> leaf_at(const Maps<S>& maps, const Leaf& leaf, size_t line, size_t column) {
  if (!(holds(leaf.lines, line) && holds(leaf.columns, column)))
    return {maps.border.zeros, maps.border.unread, 0, 0};
  const Window& w = maps.window;
  const auto down = static_cast<ptrdiff_t>(w.stride[0] * w.size[1]);
  const auto right = static_cast<ptrdiff_t>(w.stride[1]);
  const auto width = static_cast<ptrdiff_t>(maps.width);
  const auto own = static_cast<ptrdiff_t>(leaf.row) + static_cast<ptrdiff_t>(line) * down +
                   static_cast<ptrdiff_t>(column) * right;
  return {maps.x + own * width, maps.grad_x ? maps.grad_x + own * width : nullptr, down * width,
          right * width};
}

// Calls body(operands, line, column, size) for rectangles that make up the patch; the operands are N
// leaves, `apart` from each other.
template <size_t N, typename S, typename Body>
GG_INLINE void each_rectangle(const Maps<S>& maps, const Leaf* leaves, size_t apart,
                              const Patch& patch, const Body& body) {
  const size_t last_line = patch.line + patch.lines, last = patch.column + patch.columns;
  for (size_t line = patch.line; line < last_line;) {
    const size_t below = next_change<N>(leaves, apart, &Leaf::lines, line, last_line);
    for (size_t column = patch.column; column < last;) {
      const size_t beside = next_change<N>(leaves, apart, &Leaf::columns, column, last);
      Operand<S> operands[N];
      for (size_t j = 0; j < N; ++j) operands[j] = leaf_at(maps, leaves[j * apart], line, column);
      body(operands, line, column, Rectangle{below - line, beside - column});
      column = beside;
    }
    line = below;
  }
}

}  // namespace
}  // namespace gategrad::train::windows
