// One gate of a tree at a rectangle of positions: its coefficients, and in the backward pass its four
// sums, stay in registers meanwhile.
#pragma once

#include "train/conv/places.isa.h"
#include "train/vec.isa.h"

namespace gategrad::train::windows {
namespace {

// Rows of the gate's output, or of its gradient: one after the other, or where `list` says.
template <typename S>
struct Rows {
  S* base;
  const uint32_t* list;
  size_t down;  // positions from one line of the rectangle to the next

  template <size_t kWidth, bool kListed>
  GG_INLINE S* at(size_t line, size_t column) const {
    const size_t position = line * down + column;
    return base + (kListed ? list[position] : position) * kWidth;
  }
};

template <typename S, size_t kWidth, bool kListed>
void forward_gate(const S* c, const Operand<S>& a, const Operand<S>& b, const Rows<S>& out,
                  const Rectangle& size) {
  const Vec<S> zero{}, c0 = zero + c[0], c1 = zero + c[1], c2 = zero + c[2], c3 = zero + c[3];
  for (size_t line = 0; line < size.lines; ++line) {
    const auto at = static_cast<ptrdiff_t>(line);
    const S *pa = a.value + at * a.down, *pb = b.value + at * b.down;
    for (size_t i = 0; i < size.columns; ++i, pa += a.right, pb += b.right) {
      S* to = out.template at<kWidth, kListed>(line, i);
#pragma GCC unroll 32
      for (size_t v = 0; v < kWidth; v += kLanes<S>) {
        const Vec<S> va = load(pa + v), vb = load(pb + v);
        store<S>(to + v, (c1 * va + c0) + vb * (c3 * va + c2));
      }
    }
  }
}

// Of the operands' gradients: rows of the input get several gates' sums, those of gates are made here
// and nowhere else, those of a network's input may not be wanted.
enum class Gradient { kNone, kStored, kAdded };

template <typename S, Gradient kGradient>
GG_INLINE void give(S* to, Vec<S> value) {
  if (kGradient == Gradient::kAdded) value += load(to);
  store<S>(to, value);
}

// Adds the sums of grad * (1, a, b, ab), lane by lane, to `sums`. The gradient of the operands is
// multiplied with `factor`.
template <typename S, size_t kWidth, bool kListed, Gradient kGradient>
void backward_gate(const S* c, S factor, const Operand<S>& a, const Operand<S>& b,
                   const Rows<const S>& grad, const Rectangle& size, Vec<S>* sums) {
  const Vec<S> zero{}, c1 = zero + factor * c[1], c2 = zero + factor * c[2];
  const Vec<S> c3 = zero + factor * c[3];
  Vec<S> s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (size_t line = 0; line < size.lines; ++line) {
    ptrdiff_t at_a = static_cast<ptrdiff_t>(line) * a.down;
    ptrdiff_t at_b = static_cast<ptrdiff_t>(line) * b.down;
    for (size_t i = 0; i < size.columns; ++i, at_a += a.right, at_b += b.right) {
      const S *pa = a.value + at_a, *pb = b.value + at_b;
      const S* from = grad.template at<kWidth, kListed>(line, i);
#pragma GCC unroll 32
      for (size_t v = 0; v < kWidth; v += kLanes<S>) {
        const Vec<S> va = load(pa + v), vb = load(pb + v), g = load(from + v), product = g * va;
        s0 += g;
        s1 += product;
        s2 += g * vb;
        s3 += product * vb;
        // One after the other: both may be one row.
        if constexpr (kGradient != Gradient::kNone) {
          give<S, kGradient>(a.grad + at_a + v, g * (c3 * vb + c1));
          give<S, kGradient>(b.grad + at_b + v, g * (c3 * va + c2));
        }
      }
    }
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

}  // namespace
}  // namespace gategrad::train::windows
