// Vectors of S in the widest registers of this instruction set, and elementary functions on them.
#pragma once

#include "isa/register.h"

namespace gategrad::train {
namespace {

template <typename S>
struct Types;
template <>
struct Types<float> {
  typedef float Vec __attribute__((vector_size(GG_REGISTER), may_alias));
  typedef int32_t Int __attribute__((vector_size(GG_REGISTER), may_alias));
};
template <>
struct Types<double> {
  typedef double Vec __attribute__((vector_size(GG_REGISTER), may_alias));
  typedef int64_t Int __attribute__((vector_size(GG_REGISTER), may_alias));
};

template <typename S>
using Vec = typename Types<S>::Vec;
template <typename S>
using Int = typename Types<S>::Int;

template <typename S>
constexpr size_t kLanes = GG_REGISTER / sizeof(S);

template <typename S>
GG_INLINE Vec<S> load(const S* p) {
  Vec<S> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <typename S>
GG_INLINE void store(S* p, Vec<S> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Past the caches; p is aligned to the vector.
template <typename S>
GG_INLINE void stream(S* p, Vec<S> v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)v);
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)v);
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)v);
#else
  store<S>(p, v);
#endif
}

template <typename S>
GG_INLINE S sum_lanes(Vec<S> v) {
  for (size_t half = kLanes<S> / 2; half; half /= 2)
    for (size_t i = 0; i < half; ++i) v[i] += v[i + half];
  return v[0];
}

// Adds the lane sums of four vectors to four scalars, or sets these where they are the `first`.
template <typename S>
GG_INLINE void add_lane_sums(Vec<S> v0, Vec<S> v1, Vec<S> v2, Vec<S> v3, S* out,
                             bool first = false) {
  const S sums[4] = {sum_lanes<S>(v0), sum_lanes<S>(v1), sum_lanes<S>(v2), sum_lanes<S>(v3)};
  for (int i = 0; i < 4; ++i) out[i] = first ? sums[i] : out[i] + sums[i];
}

#if defined(__AVX2__)
GG_INLINE void put_sums(__m128 sums, float* out, bool first) {
  _mm_storeu_ps(out, first ? sums : _mm_add_ps(_mm_loadu_ps(out), sums));
}

GG_INLINE __m128 quarter_sums(__m128 s0, __m128 s1, __m128 s2, __m128 s3) {
  __m128 a = _mm_add_ps(_mm_unpacklo_ps(s0, s1), _mm_unpackhi_ps(s0, s1));
  __m128 b = _mm_add_ps(_mm_unpacklo_ps(s2, s3), _mm_unpackhi_ps(s2, s3));
  return _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
}
#endif

#if defined(__AVX512F__)
template <>
GG_INLINE void add_lane_sums<float>(Vec<float> v0, Vec<float> v1, Vec<float> v2, Vec<float> v3,
                                    float* out, bool first) {
  // Blends run on more ports than shuffles.
  __m512 a = _mm512_add_ps(_mm512_mask_blend_ps(0xCCCC, (__m512)v0, (__m512)v1),
                           _mm512_shuffle_ps((__m512)v0, (__m512)v1, 0x4E));
  __m512 b = _mm512_add_ps(_mm512_mask_blend_ps(0xCCCC, (__m512)v2, (__m512)v3),
                           _mm512_shuffle_ps((__m512)v2, (__m512)v3, 0x4E));
  __m512 c = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xDD));
  __m256 d = _mm256_add_ps(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps(c, 1));
  __m128 e = _mm_add_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
  put_sums(e, out, first);
}
#elif defined(__AVX2__)
GG_INLINE __m128 halves(Vec<float> v) {
  return _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
}
template <>
GG_INLINE void add_lane_sums<float>(Vec<float> v0, Vec<float> v1, Vec<float> v2, Vec<float> v3,
                                    float* out, bool first) {
  put_sums(quarter_sums(halves(v0), halves(v1), halves(v2), halves(v3)), out, first);
}
#endif

#if defined(__AVX512F__)
// Transpose of 16 x 16 floats.
GG_INLINE void transpose16(__m512* v) {
  __m512 t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int k = 0; k < 2; ++k) {
      v[i + 2 * k] = _mm512_shuffle_ps(t[i + k], t[i + k + 2], 0x44);
      v[i + 2 * k + 1] = _mm512_shuffle_ps(t[i + k], t[i + k + 2], 0xEE);
    }
  for (int i = 0; i < 16; i += 8)
    for (int k = 0; k < 4; ++k) {
      t[i + k] = _mm512_shuffle_f32x4(v[i + k], v[i + k + 4], 0x88);
      t[i + k + 4] = _mm512_shuffle_f32x4(v[i + k], v[i + k + 4], 0xDD);
    }
  for (int k = 0; k < 8; ++k) {
    v[k] = _mm512_shuffle_f32x4(t[k], t[k + 8], 0x88);
    v[k + 8] = _mm512_shuffle_f32x4(t[k], t[k + 8], 0xDD);
  }
}

#endif

#if defined(__AVX512F__)
// Transpose of the four 4 x 4 parts that lanes of 128 bits make, and of the lanes themselves.
GG_INLINE void transpose_in_lanes(__m512* v) {
  const __m512 a = _mm512_unpacklo_ps(v[0], v[1]), b = _mm512_unpacklo_ps(v[2], v[3]);
  const __m512 c = _mm512_unpackhi_ps(v[0], v[1]), d = _mm512_unpackhi_ps(v[2], v[3]);
  v[0] = _mm512_shuffle_ps(a, b, 0x44);
  v[1] = _mm512_shuffle_ps(a, b, 0xEE);
  v[2] = _mm512_shuffle_ps(c, d, 0x44);
  v[3] = _mm512_shuffle_ps(c, d, 0xEE);
}

GG_INLINE void transpose_lanes(__m512* v) {
  const __m512 a = _mm512_shuffle_f32x4(v[0], v[1], 0x44);
  const __m512 b = _mm512_shuffle_f32x4(v[2], v[3], 0x44);
  const __m512 c = _mm512_shuffle_f32x4(v[0], v[1], 0xEE);
  const __m512 d = _mm512_shuffle_f32x4(v[2], v[3], 0xEE);
  v[0] = _mm512_shuffle_f32x4(a, b, 0x88);
  v[1] = _mm512_shuffle_f32x4(a, b, 0xDD);
  v[2] = _mm512_shuffle_f32x4(c, d, 0x88);
  v[3] = _mm512_shuffle_f32x4(c, d, 0xDD);
}
#elif defined(__AVX2__)
GG_INLINE void transpose_in_lanes(__m256* v) {
  const __m256 a = _mm256_unpacklo_ps(v[0], v[1]), b = _mm256_unpacklo_ps(v[2], v[3]);
  const __m256 c = _mm256_unpackhi_ps(v[0], v[1]), d = _mm256_unpackhi_ps(v[2], v[3]);
  v[0] = _mm256_shuffle_ps(a, b, 0x44);
  v[1] = _mm256_shuffle_ps(a, b, 0xEE);
  v[2] = _mm256_shuffle_ps(c, d, 0x44);
  v[3] = _mm256_shuffle_ps(c, d, 0xEE);
}

// Transpose of 8 x 8 floats.
GG_INLINE void transpose8(__m256* v) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256 low = _mm256_permute2f128_ps(v[i], v[i + 4], 0x20);
    v[i + 4] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
    v[i] = low;
  }
  transpose_in_lanes(v);
  transpose_in_lanes(v + 4);
}

// Rows of four numbers, `stride` apart, to columns: column k holds number k of eight rows.
GG_INLINE void load_eight_fours(const float* rows, size_t stride, __m256* column) {
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k)
    column[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows + k * stride)),
                                     _mm_loadu_ps(rows + (k + 4) * stride), 1);
  transpose_in_lanes(column);
}
#endif

// x = n * step + r with |r| <= step / 2, n an integer; step is given in two parts.
template <typename S>
GG_INLINE Vec<S> reduce(Vec<S> x, S inverse_step, S step_high, S step_low, Int<S>& n) {
  const S magic = sizeof(S) == 4 ? S(12582912.0) : S(6755399441055744.0);
  Vec<S> shifted = x * inverse_step + magic;
  Vec<S> whole = shifted - magic;
  n = (Int<S>)shifted - (Int<S>)(Vec<S>{} + magic);
  return (x - whole * step_high) - whole * step_low;
}

template <typename S>
GG_INLINE Vec<S> horner(Vec<S> x, const S* c, int n) {
  Vec<S> y = Vec<S>{} + c[n - 1];
  for (int i = n - 2; i >= 0; --i) y = y * x + c[i];
  return y;
}

// e^x for x in the range where the result is a normal number; Taylor in |r| <= ln(2) / 2.
template <typename S>
GG_INLINE Vec<S> exponential(Vec<S> x) {
  static constexpr S taylor[14] = {1,
                                   1,
                                   S(1) / 2,
                                   S(1) / 6,
                                   S(1) / 24,
                                   S(1) / 120,
                                   S(1) / 720,
                                   S(1) / 5040,
                                   S(1) / 40320,
                                   S(1) / 362880,
                                   S(1) / 3628800,
                                   S(1) / 39916800,
                                   S(1) / 479001600,
                                   S(1) / 6227020800};
  // Relative error 3e-9 before rounding, where Taylor takes one more term.
  static constexpr S minimax[7] = {
      1, 1, S(0.49999994), S(0.1666652), S(0.04166839), S(0.008368781), S(0.0013814475)};
  const S high = sizeof(S) == 4 ? S(0.693359375) : S(0.693147180369123816490);
  const S low = sizeof(S) == 4 ? S(-2.12194440054690583e-4) : S(1.90821492927058770002e-10);
  Int<S> n;
  Vec<S> r = reduce<S>(x, S(1.4426950408889634074), high, low, n);
  Vec<S> y = sizeof(S) == 4 ? horner<S>(r, minimax, 7) : horner<S>(r, taylor, 14);
#if defined(__AVX512F__)
  if constexpr (sizeof(S) == 4) {
    const __m512 power = _mm512_cvtepi32_ps((__m512i)n);
    return (Vec<S>)_mm512_scalef_ps((__m512)y, power);
  }
#endif
  const int bias = sizeof(S) == 4 ? 127 : 1023, mantissa = sizeof(S) == 4 ? 23 : 52;
  return y * (Vec<S>)((n + bias) << mantissa);  // a product, so that NaN stays NaN
}

// sin(x + shift * pi / 2) for shift 0 or 1; |x| up to some thousands keeps full precision.
template <typename S>
GG_INLINE Vec<S> sine(Vec<S> x, int shift) {
  // (sin(r) - r) / r^3 in r^2. Relative error 5e-9 for |r| <= pi / 2, where Taylor takes two more.
  static constexpr S minimax[4] = {S(-0.16666660462), S(0.0083330881664), S(-1.9811112661e-4),
                                   S(2.6089324130e-6)};
  static constexpr S taylor[10] = {-S(1) / 6,
                                   S(1) / 120,
                                   -S(1) / 5040,
                                   S(1) / 362880,
                                   -S(1) / 39916800,
                                   S(1) / 6227020800,
                                   -S(1) / 1307674368000,
                                   S(1) / 355687428096000,
                                   -S(1) / 121645100408832000,
                                   S(1) / 51090942171709440000.0};
  // x + shift * pi / 2 = n * pi + r, n being the integer in the last bits of `shifted`.
  const S magic = sizeof(S) == 4 ? S(12582912.0) : S(6755399441055744.0);
  const S high = sizeof(S) == 4 ? S(3.1415927410125732421875) : S(3.14159265358979311600);
  const S low = sizeof(S) == 4 ? S(-8.74227765734758577e-8) : S(1.22464679914735317636e-16);
  const S half = S(0.5) * shift;
  const Vec<S> shifted = (x * S(0.31830988618379067154) + half) + magic;
  const Vec<S> turns = (shifted - magic) - half;
  const Vec<S> r = (x - turns * high) - turns * low;
  const Vec<S> square = r * r;
  const Vec<S> rest =
      sizeof(S) == 4 ? horner<S>(square, minimax, 4) : horner<S>(square, taylor, 10);
  const Vec<S> y = r + (r * square) * rest;
  return (Vec<S>)((Int<S>)y ^ ((Int<S>)shifted << (8 * sizeof(S) - 1)));
}

}  // namespace
}  // namespace gategrad::train
