// The softmax over 16 functions, for as many gates at a time as a vector has lanes.
//
// Column i of a group of gates is the vector of their i-th logits. Functions are in the order of
// difflogic's gate ids: bit 3 of an id is the output for inputs 00, bit 2 for 01, bit 1 for 10 and
// bit 0 for 11, inputs written as ab.
#pragma once

#include "train/vec.isa.h"

namespace gategrad::train {
namespace {

template <typename S>
GG_INLINE void load_columns(const S* rows, Vec<S>* column) {
  for (size_t i = 0; i < 16; ++i)
    for (size_t g = 0; g < kLanes<S>; ++g) column[i][g] = rows[16 * g + i];
}

template <typename S>
GG_INLINE void store_columns(const Vec<S>* column, S* rows) {
  for (size_t i = 0; i < 16; ++i)
    for (size_t g = 0; g < kLanes<S>; ++g) rows[16 * g + i] = column[i][g];
}

// Columns of four numbers a gate, from and to where they stand one gate after the other.
template <typename S>
GG_INLINE void load_fours(const S* from, Vec<S>* column) {
  for (size_t g = 0; g < kLanes<S>; ++g)
    for (size_t k = 0; k < 4; ++k) column[k][g] = from[4 * g + k];
}

template <typename S>
GG_INLINE void store_fours(const Vec<S>* column, S* to) {
  for (size_t g = 0; g < kLanes<S>; ++g)
    for (size_t k = 0; k < 4; ++k) to[4 * g + k] = column[k][g];
}

#if defined(__AVX512F__)
template <>
GG_INLINE void load_columns<float>(const float* rows, Vec<float>* column) {
  __m512 v[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) v[i] = _mm512_loadu_ps(rows + 16 * i);
  transpose16(v);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) column[i] = (Vec<float>)v[i];
}

template <>
GG_INLINE void store_columns<float>(const Vec<float>* column, float* rows) {
  __m512 v[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) v[i] = (__m512)column[i];
  transpose16(v);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) _mm512_storeu_ps(rows + 16 * i, v[i]);
}

template <>
GG_INLINE void load_fours<float>(const float* from, Vec<float>* column) {
  __m512 v[4];
  for (int k = 0; k < 4; ++k) v[k] = _mm512_loadu_ps(from + 16 * k);
  transpose_lanes(v);
  transpose_in_lanes(v);
  for (int k = 0; k < 4; ++k) column[k] = (Vec<float>)v[k];
}

template <>
GG_INLINE void store_fours<float>(const Vec<float>* column, float* to) {
  __m512 v[4];
  for (int k = 0; k < 4; ++k) v[k] = (__m512)column[k];
  transpose_in_lanes(v);
  transpose_lanes(v);
  for (int k = 0; k < 4; ++k) _mm512_storeu_ps(to + 16 * k, v[k]);
}
#elif defined(__AVX2__)
GG_INLINE void load_quarter(const float* from, size_t stride, Vec<float>* column) {
  __m256 v[4];
  load_eight_fours(from, stride, v);
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) column[k] = (Vec<float>)v[k];
}

GG_INLINE void store_quarter(const Vec<float>* column, size_t stride, float* to) {
  __m256 v[4];
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) v[k] = (__m256)column[k];
  transpose_in_lanes(v);
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) {
    _mm_storeu_ps(to + k * stride, _mm256_castps256_ps128(v[k]));
    _mm_storeu_ps(to + (k + 4) * stride, _mm256_extractf128_ps(v[k], 1));
  }
}

template <>
GG_INLINE void load_columns<float>(const float* rows, Vec<float>* column) {
#pragma GCC unroll 4
  for (size_t i = 0; i < 16; i += 4) load_quarter(rows + i, 16, column + i);
}

template <>
GG_INLINE void store_columns<float>(const Vec<float>* column, float* rows) {
#pragma GCC unroll 4
  for (size_t i = 0; i < 16; i += 4) store_quarter(column + i, 16, rows + i);
}

template <>
GG_INLINE void load_fours<float>(const float* from, Vec<float>* column) {
  load_quarter(from, 4, column);
}

template <>
GG_INLINE void store_fours<float>(const Vec<float>* column, float* to) {
  store_quarter(column, 4, to);
}
#endif

// Softmax of the columns: numerators in place, their sums over the functions that are 1 on inputs
// 00, 01, 10, 11, and over all.
template <typename S>
struct Mixture {
  Vec<S> column[16], entry[4], total;
};

// e to the power of the columns, divided by what the largest one gives.
template <typename S>
GG_INLINE void exponentials(Vec<S>* column) {
  const Vec<S> floor = Vec<S>{} + (sizeof(S) == 4 ? S(-87) : S(-708));
  Vec<S> top = column[0];
  for (int i = 1; i < 16; ++i) top = column[i] > top ? column[i] : top;
  for (int i = 0; i < 16; ++i) {
    const Vec<S> below = column[i] - top;
    column[i] = exponential<S>(below < floor ? floor : below);  // NaN is kept
  }
}

#if defined(__AVX512F__)
// As powers of 2, whose whole part is a single instruction. The polynomial's error is 2e-9.
template <>
GG_INLINE void exponentials<float>(Vec<float>* column) {
  const __m512 log2e = _mm512_set1_ps(1.44269504f), floor = _mm512_set1_ps(-125.0f);
  __m512 top[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) top[i] = _mm512_max_ps((__m512)column[i], (__m512)column[i + 8]);
#pragma GCC unroll 3
  for (int n = 4; n; n /= 2)
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) top[i] = _mm512_max_ps(top[i], top[i + n]);
  const __m512 most = _mm512_mul_ps(top[0], log2e);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    // The second operand is what is left of a NaN.
    const __m512 x = _mm512_max_ps(floor, _mm512_fmsub_ps((__m512)column[i], log2e, most));
    const __m512 whole = _mm512_roundscale_ps(x, 0);
    const __m512 r = _mm512_sub_ps(x, whole);
    __m512 y = _mm512_set1_ps(0.00015353158f);
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.0013399132f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.009618440f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.05550332f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.24022648f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.69314718f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    column[i] = (Vec<float>)_mm512_scalef_ps(y, whole);
  }
}
#elif defined(__AVX2__)
// The same; the whole part is the last bits of a sum with 1.5 * 2^23.
template <>
GG_INLINE void exponentials<float>(Vec<float>* column) {
  const __m256 log2e = _mm256_set1_ps(1.44269504f), floor = _mm256_set1_ps(-125.0f);
  const __m256 magic = _mm256_set1_ps(12582912.0f);
  const __m256i bias = _mm256_set1_epi32(127);
  __m256 top = (__m256)column[0], other = (__m256)column[1];
#pragma GCC unroll 7
  for (int i = 2; i < 16; i += 2) {
    top = _mm256_max_ps(top, (__m256)column[i]);
    other = _mm256_max_ps(other, (__m256)column[i + 1]);
  }
  const __m256 most = _mm256_mul_ps(_mm256_max_ps(top, other), log2e);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    const __m256 x = _mm256_max_ps(floor, _mm256_fmsub_ps((__m256)column[i], log2e, most));
    const __m256 shifted = _mm256_add_ps(x, magic);
    const __m256 r = _mm256_sub_ps(x, _mm256_sub_ps(shifted, magic));
    __m256 y = _mm256_set1_ps(0.00015353158f);
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.0013399132f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.009618440f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.05550332f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.24022648f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.69314718f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32((__m256i)shifted, bias), 23);
    column[i] = (Vec<float>)_mm256_mul_ps(y, (__m256)power);
  }
}
#endif

template <typename S>
GG_INLINE void mix(const S* rows, Mixture<S>& m) {
  load_columns<S>(rows, m.column);
  exponentials<S>(m.column);
  Vec<S> pair[8], four[4];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) pair[i] = m.column[2 * i] + m.column[2 * i + 1];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) four[i] = pair[2 * i] + pair[2 * i + 1];
  m.entry[3] = m.column[1];
#pragma GCC unroll 7
  for (int i = 3; i < 16; i += 2) m.entry[3] += m.column[i];
  m.entry[2] = (pair[1] + pair[3]) + (pair[5] + pair[7]);
  m.entry[1] = four[1] + four[3];
  m.entry[0] = four[2] + four[3];
  m.total = (four[0] + four[1]) + m.entry[0];
}

// Coefficients (lanes, 4) from table entries for inputs 00, 01, 10, 11.
template <typename S>
GG_INLINE void store_coefficients(const Vec<S>* entry, S* out) {
  const Vec<S> c[4] = {entry[0], entry[2] - entry[0], entry[1] - entry[0],
                       (entry[0] - entry[2]) + (entry[3] - entry[1])};
  store_fours<S>(c, out);
}

template <typename S>
GG_INLINE void soft_group(const S* rows, S* out) {
  Mixture<S> m;
  mix(rows, m);
  const Vec<S> scale = S(1) / m.total;
  for (Vec<S>& v : m.entry) v *= scale;
  store_coefficients(m.entry, out);
}

// The largest logit's function, the lowest id among equal ones.
template <typename S>
GG_INLINE void hard_group(const S* rows, S* out) {
  Vec<S> column[16], entry[4];
  load_columns<S>(rows, column);
  Vec<S> top = column[0];
  Int<S> id{};
  for (int i = 1; i < 16; ++i) {
    Int<S> larger = column[i] > top;
    top = larger ? column[i] : top;
    id = larger ? Int<S>{} + i : id;
  }
  for (int k = 0; k < 4; ++k) entry[k] = ((id >> (3 - k)) & 1) != 0 ? Vec<S>{} + S(1) : Vec<S>{};
  store_coefficients(entry, out);
}

// dL/dw_i = p_i (d_i - sum_j p_j d_j), d_i the sum of the entries' gradients where function i is 1.
template <typename S>
GG_INLINE void softmax_backward_group(const S* rows, const S* grad, S* out) {
  Mixture<S> m;
  mix(rows, m);
  Vec<S> c[4];
  load_fours<S>(grad, c);
  const Vec<S> scale = S(1) / m.total;
  const Vec<S> entry[4] = {((c[0] - c[1]) + (c[3] - c[2])) * scale, (c[2] - c[3]) * scale,
                           (c[1] - c[3]) * scale, c[3] * scale};
  const Vec<S> mean =
      m.entry[0] * entry[0] + m.entry[1] * entry[1] + m.entry[2] * entry[2] + m.entry[3] * entry[3];
  Vec<S> d[16];
  d[0] = -mean * scale;
#pragma GCC unroll 4
  for (int bit = 0; bit < 4; ++bit)
#pragma GCC unroll 8
    for (int i = 0; i < 1 << bit; ++i) d[(1 << bit) + i] = d[i] + entry[3 - bit];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) m.column[i] *= d[i];
  store_columns<S>(m.column, out);
}

// Runs a group function over n gates; the last group is padded.
template <typename S, typename Group>
GG_INLINE void each_group(size_t n, const Group& group) {
  size_t g = 0;
  for (; g + kLanes<S> <= n; g += kLanes<S>) group(g, kLanes<S>);
  if (g < n) group(g, n - g);
}

template <typename S>
void raw(const S* weight, size_t n, S* soft, S* hard) {
  each_group<S>(n, [&](size_t g, size_t count) {
    if (count == kLanes<S>) {
      soft_group<S>(weight + 16 * g, soft + 4 * g);
      if (hard) hard_group<S>(weight + 16 * g, hard + 4 * g);
      return;
    }
    S rows[16 * kLanes<S>] = {}, out[4 * kLanes<S>];
    __builtin_memcpy(rows, weight + 16 * g, 16 * count * sizeof(S));
    soft_group<S>(rows, out);
    __builtin_memcpy(soft + 4 * g, out, 4 * count * sizeof(S));
    if (!hard) return;
    hard_group<S>(rows, out);
    __builtin_memcpy(hard + 4 * g, out, 4 * count * sizeof(S));
  });
}

template <typename S>
void raw_backward(const S* weight, const S* grad, size_t n, S* grad_weight) {
  each_group<S>(n, [&](size_t g, size_t count) {
    if (count == kLanes<S>)
      return softmax_backward_group<S>(weight + 16 * g, grad + 4 * g, grad_weight + 16 * g);
    S rows[16 * kLanes<S>] = {}, in[4 * kLanes<S>] = {}, out[16 * kLanes<S>];
    __builtin_memcpy(rows, weight + 16 * g, 16 * count * sizeof(S));
    __builtin_memcpy(in, grad + 4 * g, 4 * count * sizeof(S));
    softmax_backward_group<S>(rows, in, out);
    __builtin_memcpy(grad_weight + 16 * g, out, 16 * count * sizeof(S));
  });
}

}  // namespace
}  // namespace gategrad::train
