// 64 features against 64 thresholds: one bit a feature, and the check of the values.
#pragma once

#include "engine/kernel.h"
#include "isa/lane_bits.isa.h"

namespace gategrad {
namespace {

// Each returns the mask of x > threshold (uint8: x >= threshold) and sets in `bad` what fails.

#if defined(__AVX512BW__)

GG_INLINE uint64_t compare64(const uint8_t* x, const Tile& tile, Check check, uint64_t& bad) {
  __m512i v = _mm512_loadu_si512(x);
  if (check == Check::kBit) bad |= _mm512_cmpgt_epu8_mask(v, _mm512_set1_epi8(1));
  return _mm512_cmpge_epu8_mask(v, _mm512_loadu_si512(tile.u8)) & tile.valid;
}

GG_INLINE uint64_t compare64(const float* x, const Tile& tile, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    __m512 v = _mm512_loadu_ps(x + 16 * i);
    if (check == Check::kNotNan) bad |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    if (check == Check::kBit)
      bad |= _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ) &
             _mm512_cmp_ps_mask(v, _mm512_set1_ps(1), _CMP_NEQ_UQ);
    mask |= (uint64_t)_mm512_cmp_ps_mask(v, _mm512_loadu_ps(tile.f32 + 16 * i), _CMP_GT_OQ)
            << (16 * i);
  }
  return mask;
}

GG_INLINE uint64_t compare64(const double* x, const Tile& tile, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 8; ++i) {
    __m512d v = _mm512_loadu_pd(x + 8 * i);
    if (check == Check::kNotNan) bad |= _mm512_cmp_pd_mask(v, v, _CMP_UNORD_Q);
    if (check == Check::kBit)
      bad |= _mm512_cmp_pd_mask(v, _mm512_setzero_pd(), _CMP_NEQ_UQ) &
             _mm512_cmp_pd_mask(v, _mm512_set1_pd(1), _CMP_NEQ_UQ);
    mask |= (uint64_t)_mm512_cmp_pd_mask(v, _mm512_loadu_pd(tile.f64 + 8 * i), _CMP_GT_OQ)
            << (8 * i);
  }
  return mask;
}

#elif defined(GG_NEON)

GG_INLINE uint64_t compare64(const uint8_t* x, const Tile& tile, Check check, uint64_t& bad) {
  uint8x16_t reached[4], over{};
  for (int i = 0; i < 4; ++i) {
    const uint8x16_t v = vld1q_u8(x + 16 * i);
    reached[i] = vcgeq_u8(v, vld1q_u8(tile.u8 + 16 * i));
    if (check == Check::kBit) over |= vcgtq_u8(v, vdupq_n_u8(1));
  }
  bad |= vmaxvq_u8(over);
  return lane_bits(reached) & tile.valid;
}

// All ones in `wrong` where a value fails.
GG_INLINE void look(float32x4_t v, Check check, uint32x4_t& wrong) {
  if (check == Check::kNotNan) wrong |= ~vceqq_f32(v, v);
  if (check == Check::kBit) wrong |= ~(vceqzq_f32(v) | vceqq_f32(v, vdupq_n_f32(1)));
}

GG_INLINE void look(float64x2_t v, Check check, uint64x2_t& wrong) {
  if (check == Check::kNotNan) wrong |= ~vceqq_f64(v, v);
  if (check == Check::kBit) wrong |= ~(vceqzq_f64(v) | vceqq_f64(v, vdupq_n_f64(1)));
}

GG_INLINE uint64_t compare64(const float* x, const Tile& tile, Check check, uint64_t& bad) {
  uint8x16_t above[4];
  uint32x4_t wrong{};
  for (int i = 0; i < 4; ++i) {
    uint32x4_t four[4];
    for (int j = 0; j < 4; ++j) {
      const float32x4_t v = vld1q_f32(x + 16 * i + 4 * j);
      look(v, check, wrong);
      four[j] = vcgtq_f32(v, vld1q_f32(tile.f32 + 16 * i + 4 * j));
    }
    above[i] = narrowed(four);
  }
  bad |= vmaxvq_u32(wrong);
  return lane_bits(above);
}

GG_INLINE uint64_t compare64(const double* x, const Tile& tile, Check check, uint64_t& bad) {
  uint8x16_t above[4];
  uint64x2_t wrong{};
  for (int i = 0; i < 4; ++i) {
    uint32x4_t four[4];
    for (int j = 0; j < 4; ++j) {
      const size_t at = 16 * i + 4 * j;
      const float64x2_t low = vld1q_f64(x + at), high = vld1q_f64(x + at + 2);
      look(low, check, wrong);
      look(high, check, wrong);
      four[j] = vuzp1q_u32(vreinterpretq_u32_u64(vcgtq_f64(low, vld1q_f64(tile.f64 + at))),
                           vreinterpretq_u32_u64(vcgtq_f64(high, vld1q_f64(tile.f64 + at + 2))));
    }
    above[i] = narrowed(four);
  }
  bad |= wrong[0] | wrong[1];
  return lane_bits(above);
}

#else

// Vector compares of the compiler's own vector types; masks are gathered by movemask where the
// instruction set has one.

typedef uint8_t Sixteen __attribute__((vector_size(16), may_alias, aligned(1)));

#if defined(__SSE2__)
GG_INLINE uint64_t mask16(Sixteen m) { return (uint64_t)_mm_movemask_epi8((__m128i)m); }
#else
GG_INLINE uint64_t mask16(Sixteen m) {
  uint64_t mask = 0;
  for (int i = 0; i < 16; ++i) mask |= (uint64_t)(m[i] & 1) << i;
  return mask;
}
#endif

GG_INLINE uint64_t compare64(const uint8_t* x, const Tile& tile, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; i += 16) {
    Sixteen v = *(const Sixteen*)(x + i), t = *(const Sixteen*)(tile.u8 + i);
    mask |= mask16((Sixteen)(v >= t)) << i;
    if (check == Check::kBit) bad |= mask16((Sixteen)(v > 1));
  }
  return mask & tile.valid;
}

template <typename T>
GG_INLINE uint64_t compare_floats(const T* x, const T* thresholds, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) {
    mask |= (uint64_t)(x[i] > thresholds[i]) << i;
    if (check == Check::kNotNan) bad |= x[i] != x[i];
    if (check == Check::kBit) bad |= (x[i] != 0) & (x[i] != 1);
  }
  return mask;
}

#if defined(__AVX2__)

GG_INLINE uint64_t compare64(const float* x, const Tile& tile, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 8; ++i) {
    __m256 v = _mm256_loadu_ps(x + 8 * i);
    if (check == Check::kNotNan) bad |= _mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    if (check == Check::kBit)
      bad |= _mm256_movemask_ps(_mm256_and_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ),
                                              _mm256_cmp_ps(v, _mm256_set1_ps(1), _CMP_NEQ_UQ)));
    __m256 above = _mm256_cmp_ps(v, _mm256_loadu_ps(tile.f32 + 8 * i), _CMP_GT_OQ);
    mask |= (uint64_t)_mm256_movemask_ps(above) << (8 * i);
  }
  return mask;
}

GG_INLINE uint64_t compare64(const double* x, const Tile& tile, Check check, uint64_t& bad) {
  uint64_t mask = 0;
  for (int i = 0; i < 16; ++i) {
    __m256d v = _mm256_loadu_pd(x + 4 * i);
    if (check == Check::kNotNan) bad |= _mm256_movemask_pd(_mm256_cmp_pd(v, v, _CMP_UNORD_Q));
    if (check == Check::kBit)
      bad |= _mm256_movemask_pd(_mm256_and_pd(_mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_NEQ_UQ),
                                              _mm256_cmp_pd(v, _mm256_set1_pd(1), _CMP_NEQ_UQ)));
    __m256d above = _mm256_cmp_pd(v, _mm256_loadu_pd(tile.f64 + 4 * i), _CMP_GT_OQ);
    mask |= (uint64_t)_mm256_movemask_pd(above) << (4 * i);
  }
  return mask;
}

#else

GG_INLINE uint64_t compare64(const float* x, const Tile& tile, Check check, uint64_t& bad) {
  return compare_floats(x, tile.f32, check, bad);
}

GG_INLINE uint64_t compare64(const double* x, const Tile& tile, Check check, uint64_t& bad) {
  return compare_floats(x, tile.f64, check, bad);
}

#endif
#endif

}  // namespace
}  // namespace gategrad
