// The choice among k by their logits, and the gradient of its softmax.
#pragma once

#include "train/lanes.isa.h"

namespace gategrad::train {
namespace {

// Of k logits the largest, the first of equal ones.
template <typename S>
GG_INLINE size_t chosen_of(const S* logits, size_t k) {
  size_t best = 0;
  for (size_t i = 1; i < k; ++i) best = logits[i] > logits[best] ? i : best;
  return best;
}

// d = q (d - sum q d), N times.
template <typename S, size_t N>
GG_INLINE void through_softmax_of(const S* share, size_t k, S* d) {
  Vec<S> products[N] = {};
  for (size_t at = 0; at < k; at += kLanes<S>)
    for (size_t i = 0; i < N; ++i)
      products[i] += load_some<S, false>(share + i * k + at, k - at) *
                     load_some<S, false>(d + i * k + at, k - at);
  S mean[N] = {};
  add_sums<S, N>(products, mean);
  for (size_t at = 0; at < k; at += kLanes<S>)
    for (size_t i = 0; i < N; ++i) {
      const Vec<S> q = load_some<S, false>(share + i * k + at, k - at);
      const Vec<S> v = load_some<S, false>(d + i * k + at, k - at);
      store_some<S, false>(d + i * k + at, q * (v - mean[i]), k - at);
    }
}

// In place of the products d (n, k) of rows [begin, end): q (d - sum q d), q being their shares.
template <typename S>
void through_softmax(const S* share, size_t k, size_t begin, size_t end, S* d) {
  size_t i = begin;
  for (; i + 4 <= end; i += 4) through_softmax_of<S, 4>(share + i * k, k, d + i * k);
  for (; i < end; ++i) through_softmax_of<S, 1>(share + i * k, k, d + i * k);
}

}  // namespace
}  // namespace gategrad::train
