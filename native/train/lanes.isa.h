// Parts of vectors, and sums over the lanes of several.
#pragma once

#include "train/vec.isa.h"

namespace gategrad::train {
namespace {

// All lanes where kFull, else the first `lanes` of them.
template <typename S, bool kFull>
GG_INLINE Vec<S> load_some(const S* p, size_t lanes) {
  if (kFull || lanes >= kLanes<S>) return load(p);
#if defined(__AVX512F__)
  if constexpr (sizeof(S) == 4)
    return (Vec<S>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << lanes) - 1), p);
  else
    return (Vec<S>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << lanes) - 1), p);
#else
  S part[kLanes<S>] = {};
  for (size_t l = 0; l < lanes; ++l) part[l] = p[l];
  return load(part);
#endif
}

template <typename S, bool kFull>
GG_INLINE void store_some(S* p, Vec<S> v, size_t lanes) {
  if (kFull || lanes >= kLanes<S>) return store<S>(p, v);
#if defined(__AVX512F__)
  if constexpr (sizeof(S) == 4)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << lanes) - 1), (__m512)v);
  else
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << lanes) - 1), (__m512d)v);
#else
  S part[kLanes<S>];
  store<S>(part, v);
  for (size_t l = 0; l < lanes; ++l) p[l] = part[l];
#endif
}

// Lane l is a[l] + a[l ^ half] where l lacks that bit, else b[l] + b[l ^ half].
template <typename S, size_t half>
GG_INLINE Vec<S> pair_sums(Vec<S> a, Vec<S> b) {
#if defined(__GNUC__) && !defined(__clang__)
  // The first choice is a blend, which runs on more ports than the second, a shuffle.
  constexpr size_t lanes = kLanes<S>;
  Int<S> own, other;
  for (size_t l = 0; l < lanes; ++l) {
    own[l] = static_cast<int>(l & half ? l + lanes : l);
    other[l] = static_cast<int>(l & half ? (l ^ half) + lanes : l ^ half);
  }
  return __builtin_shuffle(a, b, own) + __builtin_shuffle(a, b, other);
#else
  Vec<S> out;
  for (size_t l = 0; l < kLanes<S>; ++l) {
    const Vec<S>& from = l & half ? b : a;
    out[l] = from[l] + from[l ^ half];
  }
  return out;
#endif
}

// Lane l is v[l ^ half].
template <typename S, size_t half>
GG_INLINE Vec<S> swapped(Vec<S> v) {
#if defined(__GNUC__) && !defined(__clang__)
  Int<S> other;
  for (size_t l = 0; l < kLanes<S>; ++l) other[l] = static_cast<int>(l ^ half);
  return __builtin_shuffle(v, other);
#else
  Vec<S> out;
  for (size_t l = 0; l < kLanes<S>; ++l) out[l] = v[l ^ half];
  return out;
#endif
}

// Sums of pairs, bit by bit of the lanes from `half` on; in the end lane l of t[0] is the sum of
// what was vector l.
template <typename S, size_t half = 1>
GG_INLINE void sum_pairs(Vec<S>* t) {
  if constexpr (half < kLanes<S>) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes<S> / 2 / half; ++i)
      t[i] = pair_sums<S, half>(t[2 * i], t[2 * i + 1]);
    sum_pairs<S, 2 * half>(t);
  }
}

// Adds the lane sums of N vectors to N numbers, or sets these where they are the `first`.
template <typename S, size_t N>
GG_INLINE void add_sums(const Vec<S>* v, S* out, bool first = false) {
  constexpr size_t lanes = kLanes<S>;
#pragma GCC unroll 16
  for (size_t at = 0; at < N; at += lanes) {
    const size_t count = N - at < lanes ? N - at : lanes;
    Vec<S> t[lanes];
#pragma GCC unroll 16
    for (size_t i = 0; i < lanes; ++i) t[i] = i < count ? v[at + i] : Vec<S>{};
    sum_pairs<S>(t);
    if (count == lanes) {
      store<S>(out + at, first ? t[0] : load(out + at) + t[0]);
    } else {
      for (size_t i = 0; i < count; ++i) out[at + i] = first ? t[0][i] : out[at + i] + t[0][i];
    }
  }
}

}  // namespace
}  // namespace gategrad::train
