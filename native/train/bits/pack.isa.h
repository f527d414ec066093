// Batches in rows or columns to bits, and gradients in rows to columns.
#pragma once

#include "train/bits/masks.isa.h"

namespace gategrad::train::bits {
namespace {

// A vector's lanes that are 1; clears `exact` where one is neither 1 nor 0.
GG_INLINE uint64_t ones_of(Floats v, bool& exact) {
  const Int<float> one = v == 1.0f, zero = v == 0.0f;
#if defined(__AVX512F__)
  const uint64_t part = _mm512_movepi32_mask((__m512i)one);
  exact &= (part | _mm512_movepi32_mask((__m512i)zero)) == 0xFFFF;
#elif defined(__AVX2__)
  const uint64_t part = static_cast<uint64_t>(_mm256_movemask_ps((__m256)one));
  exact &= _mm256_movemask_ps((__m256)(one | zero)) == 0xFF;
#elif defined(GG_NEON)
  const uint32x4_t bit = {1, 2, 4, 8};
  const uint64_t part = vaddvq_u32((uint32x4_t)one & bit);
  exact &= vminvq_u32((uint32x4_t)(one | zero)) != 0;
#else
  uint64_t part = 0;
  for (size_t l = 0; l < kLanes<float>; ++l) {
    part |= static_cast<uint64_t>(one[l] & 1) << l;
    exact &= (one[l] | zero[l]) != 0;
  }
#endif
  return part;
}

// The first n of 64 values as bits.
GG_INLINE uint64_t pack_word(const float* x, size_t n, bool& exact) {
  uint64_t word = 0;
  for (size_t i = 0; i * kLanes<float> < n; ++i)
    word |= ones_of(load_some<float, false>(x + i * kLanes<float>, n - i * kLanes<float>), exact)
            << (i * kLanes<float>);
  return word;
}

GG_INLINE uint64_t pack_word(const uint8_t* x, size_t n, bool& exact) {
  uint64_t word = 0;
  uint8_t all = 0;
  for (size_t i = 0; i < n; ++i) {
    word |= static_cast<uint64_t>(x[i] & 1) << i;
    all |= x[i];
  }
  exact &= all <= 1;
  return word;
}

// Transpose of 64 x 64 bits: quarters of ever smaller squares change places.
GG_INLINE void transpose64(uint64_t* m) {
  uint64_t low = 0xFFFFFFFF;
  for (size_t half = 32; half; half /= 2, low ^= low << half)
    for (size_t block = 0; block < 64; block += 2 * half)
      for (size_t i = block; i < block + half; ++i) {
        const uint64_t moved = ((m[i] >> half) ^ m[i + half]) & low;
        m[i] ^= moved << half;
        m[i + half] ^= moved;
      }
}

template <typename T>
bool pack(const T* x, size_t stride, size_t begin, size_t end, size_t batch, uint64_t* bits) {
  const size_t n_words = (batch + kWord - 1) / kWord;
  bool exact = true;
  for (size_t first = 0, w = 0; first < batch; first += kWord, ++w)
    for (size_t f = begin; f < end; f += kWord) {
      const size_t n = end - f < kWord ? end - f : kWord;
      uint64_t square[kWord] = {};
      for (size_t s = 0; s < kWord && first + s < batch; ++s)
        square[s] = pack_word(x + (first + s) * stride + f, n, exact);
      transpose64(square);
      for (size_t i = 0; i < n; ++i) bits[(f + i) * n_words + w] = square[i];
    }
  return exact;
}

bool pack_columns(const float* x, size_t begin, size_t end, size_t batch, uint64_t* bits) {
  const size_t n_words = (batch + kWord - 1) / kWord;
  bool exact = true;
  for (size_t f = begin; f < end; ++f)
    for (size_t first = 0, w = 0; first < batch; first += kWord, ++w)
      bits[f * n_words + w] =
          pack_word(x + f * batch + first, batch - first < kWord ? batch - first : kWord, exact);
  return exact;
}

// Features turned at a time: what they touch on both sides stays in the first-level cache.
constexpr size_t kTurned = 16;

void to_rows(const float* grad, size_t stride, size_t begin, size_t end, size_t batch,
             size_t n_words, float* rows) {
  const size_t row = n_words * kWord;
  for (size_t f = begin; f < end; f += kTurned) {
    const size_t last = f + kTurned < end ? f + kTurned : end;
    size_t s = 0;
#if defined(__AVX512F__)
    for (; last - f == 16 && s + 16 <= batch; s += 16) {
      __m512 v[16];
      for (size_t i = 0; i < 16; ++i) v[i] = _mm512_loadu_ps(grad + (s + i) * stride + f);
      transpose16(v);
      for (size_t i = 0; i < 16; ++i) _mm512_storeu_ps(rows + (f + i) * row + s, v[i]);
    }
#elif defined(__AVX2__)
    for (; last - f == 16 && s + 8 <= batch; s += 8)
      for (size_t g = f; g < last; g += 8) {
        __m256 v[8];
        for (size_t i = 0; i < 8; ++i) v[i] = _mm256_loadu_ps(grad + (s + i) * stride + g);
        transpose8(v);
        for (size_t i = 0; i < 8; ++i) _mm256_storeu_ps(rows + (g + i) * row + s, v[i]);
      }
#endif
    for (; s < batch; ++s)
      for (size_t i = f; i < last; ++i) rows[i * row + s] = grad[s * stride + i];
    for (size_t i = f; i < last; ++i)
      for (size_t end_s = batch; end_s < row; ++end_s) rows[i * row + end_s] = 0;
  }
}

}  // namespace
}  // namespace gategrad::train::bits
