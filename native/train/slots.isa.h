// The kernels of gates that choose among slots.
#pragma once

#include "train/choices.isa.h"
#include "train/slots_kernel.h"
#include "train/tile_rows.isa.h"

namespace gategrad::train::slots {
namespace {

// Coefficients of `c0 + c1 a + c2 b + c3 a b` for each truth table, whose bits are the values for
// inputs 00, 10, 01 and 11.
template <typename S>
struct Polynomials {
  S of[16][4];
  constexpr Polynomials() : of() {
    for (int table = 0; table < 16; ++table) {
      const int none = table & 1, a = table >> 1 & 1, b = table >> 2 & 1, both = table >> 3;
      of[table][0] = S(none);
      of[table][1] = S(a - none);
      of[table][2] = S(b - none);
      of[table][3] = S(both - a - b + none);
    }
  }
};
template <typename S>
constexpr Polynomials<S> kPolynomials;

// Where slot i of gates is; what its wires read in a tile, and its coefficients.
template <typename S>
struct Slot {
  GG_INLINE Slot(const Slots& slots, size_t i, size_t width)
      : a(static_cast<size_t>(slots.wires[i]) * width),
        b(static_cast<size_t>(slots.wires[slots.n * slots.k + i]) * width),
        c(kPolynomials<S>.of[slots.tables[i]]) {}
  GG_INLINE Vec<S> value(const S* tile, size_t s) const {
    const Vec<S> in_a = load(tile + a + s), in_b = load(tile + b + s);
    return (c[3] * in_a + c[2]) * in_b + (c[1] * in_a + c[0]);
  }
  size_t a, b;
  const S* c;
};

template <typename S>
void choose(const Slots& slots, const S* logits, size_t begin, size_t end, int64_t* wires,
            int64_t* tables) {
  for (size_t g = begin; g < end; ++g) {
    const size_t i = g * slots.k + chosen_of(logits + g * slots.k, slots.k);
    wires[g] = slots.wires[i];
    wires[slots.n + g] = slots.wires[slots.n * slots.k + i];
    tables[g] = slots.tables[i];
  }
}

// C vectors of gate g's mixture.
template <typename S, size_t C>
GG_INLINE void mix_vectors(const Slots& slots, const S* share, size_t g, size_t width, const S* tile,
                           size_t s, S* out) {
  Vec<S> sum[C] = {};
  for (size_t i = g * slots.k; i < (g + 1) * slots.k; ++i) {
    const Slot<S> slot(slots, i, width);
    const S weight = share ? share[i] : S(1);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c) sum[c] += weight * slot.value(tile, s + c * kLanes<S>);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < C; ++c) store<S>(out + s + c * kLanes<S>, sum[c]);
}

template <typename S>
void mix(const Slots& slots, const S* share, const TileShape& shape, const S* tile, size_t begin,
         size_t end, S* rows) {
  for (size_t g = begin; g < end; ++g) {
    RowOut<S> out(rows + g * shape.stride, shape);
    each_vectors<S>(shape.width, [&](auto count, size_t s) {
      mix_vectors<S, count()>(slots, share, g, shape.width, tile, s, out.to);
    });
    out.finish();
  }
}

// Adds the products of d with the values of N slots from the i-th on to their sums.
template <typename S, size_t N>
GG_INLINE void products_of(const Slots& slots, size_t i, size_t width, const S* tile, const S* d,
                           S* sums) {
  Vec<S> sum[N] = {};
  for (size_t n = 0; n < N; ++n) {
    const Slot<S> slot(slots, i + n, width);
    for (size_t s = 0; s < width; s += kLanes<S>) sum[n] += load(d + s) * slot.value(tile, s);
  }
  add_sums<S, N>(sum, sums + i);
}

template <typename S>
void products(const Slots& slots, const TileShape& shape, const S* tile, const S* rows, size_t begin,
              size_t end, S* sums) {
  for (size_t g = begin; g < end; ++g) {
    const RowIn<S> row(rows + g * shape.stride, shape);
    size_t i = g * slots.k;
    const size_t last = i + slots.k;
    for (; i + kLanes<S> <= last; i += kLanes<S>)
      products_of<S, kLanes<S>>(slots, i, shape.width, tile, row.from, sums);
    for (; i < last; ++i) products_of<S, 1>(slots, i, shape.width, tile, row.from, sums);
  }
}

template <typename S>
void scatter(const Slots& slots, const S* share, const TileShape& shape, const S* tile, const S* rows,
             S* grad) {
  for (size_t g = 0; g < slots.n; ++g) {
    const RowIn<S> row(rows + g * shape.stride, shape);
    for (size_t i = g * slots.k; i < (g + 1) * slots.k; ++i) {
      const Slot<S> slot(slots, i, shape.width);
      const S weight = share ? share[i] : S(1);
      const S *a = tile + slot.a, *b = tile + slot.b;
      S *grad_a = grad + slot.a, *grad_b = grad + slot.b;
      for (size_t s = 0; s < shape.width; s += kLanes<S>) {
        const Vec<S> d = weight * load(row.from + s);
        // One after the other: both wires may be the same.
        store<S>(grad_a + s, load(grad_a + s) + d * (slot.c[3] * load(b + s) + slot.c[1]));
        store<S>(grad_b + s, load(grad_b + s) + d * (slot.c[3] * load(a + s) + slot.c[2]));
      }
    }
  }
}

template <typename S>
constexpr SlotKernels<S> kernels() {
  return {choose<S>, mix<S>, products<S>, through_softmax<S>, scatter<S>};
}

}  // namespace
}  // namespace gategrad::train::slots
