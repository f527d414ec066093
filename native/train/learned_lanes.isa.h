// Words of bits as masks, parts of vectors, and sums over lanes.
#pragma once

#include "train/learned_kernel.h"
#include "train/vec.isa.h"

namespace gategrad::train::bits {
namespace {

using Floats = Vec<float>;
constexpr size_t kVectors = kWord / kLanes<float>;

// Vector i's part of a word of bits, and what it selects.
#if defined(__AVX512F__)
typedef __mmask16 Mask;
GG_INLINE Mask mask_of(const uint64_t* bits, size_t i) {
  // GCC would load into an integer register first, which takes as long as the addition.
  Mask mask;
  __asm__("kmovw %1, %0" : "=k"(mask) : "m"(*(reinterpret_cast<const uint16_t*>(bits) + i)));
  return mask;
}
GG_INLINE Floats add_where(Mask mask, Floats sum, Floats v) {
  // GCC would add to a copy.
  __asm__("vaddps %1, %0, %0%{%2%}" : "+v"(sum) : "v"(v), "Yk"(mask));
  return sum;
}
GG_INLINE Floats choose_where(Mask mask, Floats on, Floats off) {
  return (Floats)_mm512_mask_blend_ps(mask, (__m512)off, (__m512)on);
}
#else
typedef Int<float> Mask;
GG_INLINE Mask mask_of(const uint64_t* bits, size_t i) {
  const size_t first = i * kLanes<float>;
  const Int<float> half = Int<float>{} + static_cast<int32_t>(*bits >> (first / 32 * 32));
  Int<float> lane;
  for (size_t l = 0; l < kLanes<float>; ++l) lane[l] = static_cast<int32_t>(1u << (first % 32 + l));
  return (half & lane) == lane;
}
GG_INLINE Floats add_where(Mask mask, Floats sum, Floats v) {
  return sum + (Floats)((Int<float>)v & mask);
}
GG_INLINE Floats choose_where(Mask mask, Floats on, Floats off) { return mask ? on : off; }
#endif

GG_INLINE float lane_sum(Floats v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#else
  return sum_lanes<float>(v);
#endif
}

GG_INLINE float lane_max(Floats v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps((__m512)v);
#else
  float top = v[0];
  for (size_t l = 1; l < kLanes<float>; ++l) top = v[l] > top ? v[l] : top;
  return top;
#endif
}

// The lanes of vector i of a word that hold samples, when the word has `n` of them.
GG_INLINE size_t lanes_of(size_t i, size_t n) {
  size_t before = i * kLanes<float>;
  return n <= before ? 0 : n - before < kLanes<float> ? n - before : kLanes<float>;
}

GG_INLINE Floats load_part(const float* p, size_t lanes) {
  if (lanes == kLanes<float>) return load(p);
  Floats v{};
  for (size_t l = 0; l < lanes; ++l) v[l] = p[l];
  return v;
}

GG_INLINE void store_part(float* p, Floats v, size_t lanes) {
  if (lanes == kLanes<float>) return store<float>(p, v);
  for (size_t l = 0; l < lanes; ++l) p[l] = v[l];
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
  __m512 all = Operation::of(_mm512_shuffle_f32x4(h[0], h[1], 0x88),
                             _mm512_shuffle_f32x4(h[0], h[1], 0xDD));
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

}  // namespace
}  // namespace gategrad::train::bits
