// The kernels of pins that choose among candidates.
#pragma once

#include "train/choices.isa.h"
#include "train/pins_kernel.h"
#include "train/tile_rows.isa.h"

namespace gategrad::train::pins {
namespace {

template <typename S>
void choose(const PinWires& pins, const S* logits, size_t begin, size_t end, int32_t* wires) {
  for (size_t p = begin; p < end; ++p)
    wires[p] = pins.candidates[p * pins.k + chosen_of(logits + p * pins.k, pins.k)];
}

template <typename S>
GG_INLINE const S* row_of(const S* tile, const int32_t* candidates, size_t k, size_t width) {
  return tile + static_cast<size_t>(candidates[k]) * width;
}

// C vectors of the mixture of k rows of a tile.
template <typename S, size_t C>
GG_INLINE void mix_vectors(const int32_t* candidates, const S* share, size_t k, const S* tile,
                           size_t width, S* out) {
  Vec<S> sum[C] = {};
  for (size_t i = 0; i < k; ++i) {
    const S* row = row_of(tile, candidates, i, width);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c) sum[c] += share[i] * load(row + c * kLanes<S>);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < C; ++c) store<S>(out + c * kLanes<S>, sum[c]);
}

template <typename S>
void mix(const PinWires& pins, const S* share, const TileShape& shape, const S* tile, size_t begin,
         size_t end, S* rows) {
  for (size_t p = begin; p < end; ++p) {
    RowOut<S> out(rows + p * shape.stride, shape);
    each_vectors<S>(shape.width, [&](auto count, size_t s) {
      mix_vectors<S, count()>(pins.candidates + p * pins.k, share + p * pins.k, pins.k, tile + s,
                              shape.width, out.to + s);
    });
    out.finish();
  }
}

// Adds the products of d with N candidates to out.
template <typename S, size_t N>
GG_INLINE void products_of(const int32_t* candidates, const S* tile, size_t width, const S* d,
                           S* out) {
  Vec<S> sums[N];
#pragma GCC unroll 16
  for (size_t c = 0; c < N; ++c) sums[c] = load(d) * load(row_of(tile, candidates, c, width));
  for (size_t s = kLanes<S>; s < width; s += kLanes<S>) {
    const Vec<S> v = load(d + s);
#pragma GCC unroll 16
    for (size_t c = 0; c < N; ++c) sums[c] += v * load(row_of(tile + s, candidates, c, width));
  }
  add_sums<S, N>(sums, out);
}

template <typename S>
void products(const PinWires& pins, const TileShape& shape, const S* tile, const S* rows,
              size_t begin, size_t end, S* sums) {
  for (size_t p = begin; p < end; ++p) {
    const RowIn<S> row(rows + p * shape.stride, shape);
    const int32_t* candidates = pins.candidates + p * pins.k;
    S* out = sums + p * pins.k;
    size_t i = 0;
    for (; i + kSumsAtOnce <= pins.k; i += kSumsAtOnce)
      products_of<S, kSumsAtOnce>(candidates + i, tile, shape.width, row.from, out + i);
    for (; i + 4 <= pins.k; i += 4)
      products_of<S, 4>(candidates + i, tile, shape.width, row.from, out + i);
    for (; i < pins.k; ++i)
      products_of<S, 1>(candidates + i, tile, shape.width, row.from, out + i);
  }
}

template <typename S, size_t C>
GG_INLINE void scatter_vectors(const int32_t* candidates, const S* share, size_t k, const S* row,
                               size_t width, S* tile) {
  Vec<S> v[C];
#pragma GCC unroll 4
  for (size_t c = 0; c < C; ++c) v[c] = load(row + c * kLanes<S>);
  for (size_t i = 0; i < k; ++i) {
    S* to = tile + static_cast<size_t>(candidates[i]) * width;
    const S weight = share ? share[i] : S(1);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c)
      store<S>(to + c * kLanes<S>, load(to + c * kLanes<S>) + weight * v[c]);
  }
}

template <typename S>
void scatter(const PinWires& pins, const S* share, const TileShape& shape, const S* rows, size_t n,
             S* tile) {
  for (size_t p = 0; p < n; ++p) {
    const RowIn<S> row(rows + p * shape.stride, shape);
    each_vectors<S>(shape.width, [&](auto count, size_t s) {
      scatter_vectors<S, count()>(pins.candidates + p * pins.k, share ? share + p * pins.k : nullptr,
                                  pins.k, row.from + s, shape.width, tile + s);
    });
  }
}

template <typename S>
constexpr PinKernels<S> kernels() {
  return {choose<S>, mix<S>, products<S>, through_softmax<S>, scatter<S>};
}

}  // namespace
}  // namespace gategrad::train::pins
