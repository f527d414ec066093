// The choice among k by their logits, and the gradient of its softmax: by shares that are there, or,
// where only logits are kept, by these.
#pragma once

#include "train/lanes.isa.h"
#include "train/softmax.isa.h"

namespace gategrad::train {
namespace {

using Floats = Vec<float>;

#if defined(__AVX512F__)
GG_INLINE size_t chosen_of_sixteen(const float* logits) {
  const __m512 v = _mm512_loadu_ps(logits), top = _mm512_set1_ps(_mm512_reduce_max_ps(v));
  return __builtin_ctz(_mm512_cmpeq_ps_mask(v, top) | 0x10000u) & 15;
}
#elif defined(__AVX2__)
GG_INLINE size_t chosen_of_sixteen(const float* logits) {
  const __m256 low = _mm256_loadu_ps(logits), high = _mm256_loadu_ps(logits + 8);
  __m256 top = _mm256_max_ps(low, high);
  top = _mm256_max_ps(top, _mm256_permute2f128_ps(top, top, 1));
  top = _mm256_max_ps(top, _mm256_shuffle_ps(top, top, 0x4E));
  top = _mm256_max_ps(top, _mm256_shuffle_ps(top, top, 0xB1));
  const auto equal = [&](__m256 v) __attribute__((always_inline)) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(v, top, _CMP_EQ_OQ)));
  };
  return __builtin_ctz(equal(low) | equal(high) << 8 | 0x10000u) & 15;
}
#endif

#if defined(__AVX2__)
GG_INLINE size_t chosen_of_eight(const float* logits) {
  const __m256 v = _mm256_loadu_ps(logits);
  __m256 top = _mm256_max_ps(v, _mm256_permute2f128_ps(v, v, 1));
  top = _mm256_max_ps(top, _mm256_shuffle_ps(top, top, 0x4E));
  top = _mm256_max_ps(top, _mm256_shuffle_ps(top, top, 0xB1));
  const int equal = _mm256_movemask_ps(_mm256_cmp_ps(v, top, _CMP_EQ_OQ));
  return __builtin_ctz(static_cast<unsigned>(equal) | 0x100u) & 7;
}
#endif

// Of k logits the largest, the first of equal ones.
template <typename S>
GG_INLINE size_t chosen_of(const S* logits, size_t k) {
#if defined(__AVX2__)
  if constexpr (sizeof(S) == 4) {
    if (k == 16) return chosen_of_sixteen(logits);
    if (k == 8) return chosen_of_eight(logits);
  }
#endif
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

#if defined(__AVX512F__)
struct Sum {
  static GG_INLINE __m512 of(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
};
struct Largest {
  static GG_INLINE __m512 of(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
};

// What an operation makes of the lanes of `count` vectors each, of 16 that are there.
template <typename Operation>
GG_INLINE void lanes_of_each(const Floats* v, size_t count, float* out) {
  __m512 t[8], q[4], h[2];
  for (int i = 0; i < 8; ++i) {
    __m512 a = (__m512)v[2 * i], b = (__m512)v[2 * i + 1];
    t[i] = Operation::of(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  }
  for (int i = 0; i < 4; ++i)
    q[i] = Operation::of(_mm512_shuffle_ps(t[2 * i], t[2 * i + 1], 0x44),
                         _mm512_shuffle_ps(t[2 * i], t[2 * i + 1], 0xEE));
  for (int i = 0; i < 2; ++i)
    h[i] = Operation::of(_mm512_shuffle_f32x4(q[2 * i], q[2 * i + 1], 0x88),
                         _mm512_shuffle_f32x4(q[2 * i], q[2 * i + 1], 0xDD));
  __m512 all =
      Operation::of(_mm512_shuffle_f32x4(h[0], h[1], 0x88), _mm512_shuffle_f32x4(h[0], h[1], 0xDD));
  _mm512_mask_storeu_ps(out, static_cast<__mmask16>((1u << count) - 1), all);
}
#endif

// Lane sums of `count` vectors, of 16 that are there.
GG_INLINE void store_sums(const Floats* v, size_t count, float* out) {
#if defined(__AVX512F__)
  lanes_of_each<Sum>(v, count, out);
#else
  for (size_t k = 0; k < count; ++k) out[k] = sum_lanes<float>(v[k]);
#endif
}

// As far below the largest logit as a power of e is still a normal number.
constexpr float kFloor = -87.0f;

GG_INLINE Floats power_below(Floats logits, Floats top) {
  const Floats below = logits - top, floor = Floats{} + kFloor;
  return exponential<float>(below < floor ? floor : below);
}

// d = q (d - sum q d), q = softmax(logits), k numbers.
GG_INLINE void softmax_gradient(const float* logits, size_t k, float* d) {
  constexpr size_t lanes = kLanes<float>;
  float top = logits[0];
  for (size_t i = 1; i < k; ++i) top = logits[i] > top ? logits[i] : top;
  const auto power = [&](size_t at) {
    Floats v = power_below(load_some<float, false>(logits + at, k - at), Floats{} + top);
    for (size_t l = k - at; l < lanes; ++l) v[l] = 0;
    return v;
  };
  Floats total{}, mean{};
  for (size_t at = 0; at < k; at += lanes) {
    const Floats v = power(at);
    total += v;
    mean += v * load_some<float, false>(d + at, k - at);
  }
  const float scale = 1.0f / sum_lanes<float>(total), middle = scale * sum_lanes<float>(mean);
  for (size_t at = 0; at < k; at += lanes) {
    const Floats centred = load_some<float, false>(d + at, k - at) - middle;
    store_some<float, false>(d + at, scale * power(at) * centred, k - at);
  }
}

#if defined(__AVX512F__)
// The same for 16 pins of 16 candidates, whose sums over lanes are made together.
GG_INLINE void softmax_gradients16(const float* logits, float* d) {
  Floats part[16], product[16];
  float top[16], scale[16], middle[16], total[16], mean[16];
  for (size_t i = 0; i < 16; ++i) part[i] = load(logits + 16 * i);
  lanes_of_each<Largest>(part, 16, top);
  for (size_t i = 0; i < 16; ++i) {
    part[i] = power_below(part[i], Floats{} + top[i]);
    product[i] = part[i] * load(d + 16 * i);
  }
  lanes_of_each<Sum>(part, 16, total);
  lanes_of_each<Sum>(product, 16, mean);
  store<float>(scale, 1.0f / load(total));
  store<float>(middle, load(scale) * load(mean));
  for (size_t i = 0; i < 16; ++i)
    store<float>(d + 16 * i, (scale[i] * part[i]) * (load(d + 16 * i) - middle[i]));
}
#elif defined(__AVX2__)
// The same for 8 pins of 16 candidates, by columns.
GG_INLINE void softmax_gradients8(const float* logits, float* d) {
  Floats share[16], slope[16];
  load_columns<float>(logits, share);
  exponentials<float>(share);
  load_columns<float>(d, slope);
  Floats total{}, mean{};
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    total += share[i];
    mean += share[i] * slope[i];
  }
  const Floats scale = 1.0f / total;
  mean *= scale;
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) slope[i] = (scale * share[i]) * (slope[i] - mean);
  store_columns<float>(slope, d);
}
#endif

// What an operation makes of each eight lanes, in all of them.
template <typename Operation>
GG_INLINE Floats of_eight(Floats v, const Operation& operation) {
  v = operation(v, swapped<float, 4>(v));
  v = operation(v, swapped<float, 2>(v));
  return operation(v, swapped<float, 1>(v));
}

// The same for pins of 8 candidates, as many as a vector has.
GG_INLINE void softmax_gradients_of_eight(const float* logits, float* d) {
  const auto sum = [](Floats a, Floats b) __attribute__((always_inline)) { return a + b; };
  const auto largest = [](Floats a, Floats b)
                           __attribute__((always_inline)) { return a > b ? a : b; };
  const Floats own = load(logits), slope = load(d);
  const Floats power = power_below(own, of_eight(own, largest));
  const Floats scale = 1.0f / of_eight(power, sum);
  const Floats middle = scale * of_eight(power * slope, sum);
  store<float>(d, (scale * power) * (slope - middle));
}

// In place of the products d of pins [begin, end): q (d - sum q d), q = softmax(logits).
inline void softmax(const float* logits, size_t begin, size_t end, size_t k, float* d) {
  size_t pin = begin;
#if defined(__AVX512F__)
  for (; k == 16 && pin + 16 <= end; pin += 16) softmax_gradients16(logits + pin * k, d + pin * k);
#elif defined(__AVX2__)
  for (; k == 16 && pin + 8 <= end; pin += 8) softmax_gradients8(logits + pin * k, d + pin * k);
#endif
  if constexpr (constexpr size_t eights = kLanes<float> / 8; eights > 0)
    for (; k == 8 && pin + eights <= end; pin += eights)
      softmax_gradients_of_eight(logits + pin * k, d + pin * k);
  for (; pin < end; ++pin) softmax_gradient(logits + pin * k, k, d + pin * k);
}

}  // namespace
}  // namespace gategrad::train
