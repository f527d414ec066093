// The kernels of choices among terms.
#pragma once

#include "train/choice/terms.isa.h"
#include "train/choice/tile_rows.isa.h"
#include "train/choice/logits.isa.h"

namespace gategrad::train::choice {
namespace {

template <typename S, typename Terms>
void choose(const Terms& all, const S* logits, size_t begin, size_t end, const Terms& chosen) {
  for (size_t g = begin; g < end; ++g)
    copy_term(all, g * all.k + chosen_of(logits + g * all.k, all.k), chosen, g);
}

// C vectors of item g's mixture, from sample s on.
template <typename S, typename Terms, size_t C>
GG_INLINE void mix_vectors(const Terms& all, const S* share, size_t g, size_t width, const S* tile,
                           size_t s, S* out) {
  Vec<S> sum[C] = {};
  for (size_t i = g * all.k; i < (g + 1) * all.k; ++i) {
    const Term<S, Terms> term(all, i, width);
    const S weight = share ? share[i] : S(1);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c) sum[c] += weight * term.value(tile, s + c * kLanes<S>);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < C; ++c) store<S>(out + s + c * kLanes<S>, sum[c]);
}

template <typename S, typename Terms>
void mix(const Terms& all, const S* share, const TileShape& shape, const S* tile, size_t begin,
         size_t end, S* rows) {
  for (size_t g = begin; g < end; ++g) {
    RowOut<S> out(rows + g * shape.stride, shape);
    each_vectors<S>(shape.width, [&](auto count, size_t s) {
      mix_vectors<S, Terms, count()>(all, share, g, shape.width, tile, s, out.to);
    });
    out.finish();
  }
}

// Adds the products of d with the values of N terms from the i-th on to their sums.
template <typename S, typename Terms, size_t N>
GG_INLINE void products_of(const Terms& all, size_t i, size_t width, const S* tile, const S* d,
                           S* sums) {
  constexpr size_t M = kSideBySide<Terms> < N ? kSideBySide<Terms> : N;
  Vec<S> sum[N] = {};
  for (size_t n = 0; n < N; n += M)
    for (size_t s = 0; s < width; s += kLanes<S>) {
      const Vec<S> v = load(d + s);
#pragma GCC unroll 16
      for (size_t m = 0; m < M; ++m)
        sum[n + m] += v * Term<S, Terms>(all, i + n + m, width).value(tile, s);
    }
  add_sums<S, N>(sum, sums + i);
}

template <typename S, typename Terms>
void products(const Terms& all, const TileShape& shape, const S* tile, const S* rows, size_t begin,
              size_t end, S* sums) {
  // As many as are summed together, or as one vector holds the sums of.
  constexpr size_t N = kSideBySide<Terms> > 1 ? kSideBySide<Terms> : kLanes<S>;
  for (size_t g = begin; g < end; ++g) {
    const RowIn<S> row(rows + g * shape.stride, shape);
    fetch_ahead(rows + g * shape.stride, shape);
    size_t i = g * all.k;
    const size_t last = i + all.k;
    for (; i + N <= last; i += N)
      products_of<S, Terms, N>(all, i, shape.width, tile, row.from, sums);
    for (; i + 4 <= last; i += 4)
      products_of<S, Terms, 4>(all, i, shape.width, tile, row.from, sums);
    for (; i < last; ++i) products_of<S, Terms, 1>(all, i, shape.width, tile, row.from, sums);
  }
}

template <typename S, typename Terms, size_t C>
GG_INLINE void scatter_vectors(const Terms& all, const S* share, size_t g, size_t width,
                               const S* tile, size_t s, const S* row, S* grad) {
  Vec<S> v[C];
#pragma GCC unroll 4
  for (size_t c = 0; c < C; ++c) v[c] = load(row + s + c * kLanes<S>);
  for (size_t i = g * all.k; i < (g + 1) * all.k; ++i) {
    const Term<S, Terms> term(all, i, width);
    const S weight = share ? share[i] : S(1);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c) term.scatter(tile, s + c * kLanes<S>, weight * v[c], grad);
  }
}

template <typename S, typename Terms>
void scatter(const Terms& all, const S* share, const TileShape& shape, const S* tile, const S* rows,
             S* grad) {
  for (size_t g = 0; g < all.n; ++g) {
    const RowIn<S> row(rows + g * shape.stride, shape);
    fetch_ahead(rows + g * shape.stride, shape);
    each_vectors<S>(shape.width, [&](auto count, size_t s) {
      scatter_vectors<S, Terms, count()>(all, share, g, shape.width, tile, s, row.from, grad);
    });
  }
}

template <typename S, typename Terms>
constexpr ChoiceKernels<S, Terms> kernels() {
  return {choose<S, Terms>, mix<S, Terms>, products<S, Terms>, through_softmax<S>,
          scatter<S, Terms>};
}

}  // namespace
}  // namespace gategrad::train::choice
