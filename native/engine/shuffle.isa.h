// Moving elements between blocks: what a transpose of marks is made of.
#pragma once

#include "engine/vec.isa.h"

namespace gategrad {
namespace {

#if defined(__AVX512BW__)
#define GG_ZIP(bits, ...)                                                                         \
  template <bool kHigh>                                                                           \
  GG_INLINE Block zip##bits(const Block& a, const Block& b) {                                     \
    __m512i x = (__m512i)a.w[0], y = (__m512i)b.w[0];                                             \
    return {{(Word)(kHigh ? _mm512_unpackhi_epi##bits(x, y) : _mm512_unpacklo_epi##bits(x, y))}}; \
  }
#elif defined(__AVX2__)
#define GG_ZIP(bits, ...)                                                                \
  template <bool kHigh>                                                                  \
  GG_INLINE Block zip##bits(const Block& a, const Block& b) {                            \
    GG_EACH((Word)(kHigh ? _mm256_unpackhi_epi##bits((__m256i)a.w[i], (__m256i)b.w[i])   \
                         : _mm256_unpacklo_epi##bits((__m256i)a.w[i], (__m256i)b.w[i]))) \
  }
#else
typedef uint8_t Element8 __attribute__((vector_size(16), may_alias));
typedef uint16_t Element16 __attribute__((vector_size(16), may_alias));
typedef uint32_t Element32 __attribute__((vector_size(16), may_alias));
typedef uint64_t Element64 __attribute__((vector_size(16), may_alias));
#define GG_ZIP(bits, low, high)                                           \
  template <bool kHigh>                                                   \
  GG_INLINE Block zip##bits(const Block& a, const Block& b) {             \
    if constexpr (kHigh) {                                                \
      GG_EACH((Word)GG_SHUFFLE_LIST(Element##bits, a.w[i], b.w[i], high)) \
    } else {                                                              \
      GG_EACH((Word)GG_SHUFFLE_LIST(Element##bits, a.w[i], b.w[i], low))  \
    }                                                                     \
  }
#define GG_SHUFFLE_LIST(Element, a, b, list) \
  GG_SHUFFLE(Element, (Element)a, (Element)b, GG_LIST list)
#define GG_LIST(...) __VA_ARGS__
#endif

// zipN<false> takes N-bit elements of a and b in turn from the lower half of each 16 bytes,
// zipN<true> from the upper half: which ones of both, as numbers.
GG_ZIP(8, (0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
       (8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))
GG_ZIP(16, (0, 8, 1, 9, 2, 10, 3, 11), (4, 12, 5, 13, 6, 14, 7, 15))
GG_ZIP(32, (0, 4, 1, 5), (2, 6, 3, 7))
GG_ZIP(64, (0, 2), (1, 3))
#undef GG_ZIP

// Transposes 4x4 pieces of 16 bytes: v[i] becomes piece i of all four.
GG_INLINE void transpose_pieces(Block* v) {
#if defined(__AVX512BW__)
  __m512i a = (__m512i)v[0].w[0], b = (__m512i)v[1].w[0];
  __m512i c = (__m512i)v[2].w[0], d = (__m512i)v[3].w[0];
  __m512i low_ab = _mm512_shuffle_i32x4(a, b, 0x44), high_ab = _mm512_shuffle_i32x4(a, b, 0xEE);
  __m512i low_cd = _mm512_shuffle_i32x4(c, d, 0x44), high_cd = _mm512_shuffle_i32x4(c, d, 0xEE);
  v[0].w[0] = (Word)_mm512_shuffle_i32x4(low_ab, low_cd, 0x88);
  v[1].w[0] = (Word)_mm512_shuffle_i32x4(low_ab, low_cd, 0xDD);
  v[2].w[0] = (Word)_mm512_shuffle_i32x4(high_ab, high_cd, 0x88);
  v[3].w[0] = (Word)_mm512_shuffle_i32x4(high_ab, high_cd, 0xDD);
#elif defined(__AVX2__)
  Block from[4] = {v[0], v[1], v[2], v[3]};
  for (int i = 0; i < 4; ++i)
    for (int half = 0; half < 2; ++half) {
      __m256i a = (__m256i)from[2 * half].w[i / 2], b = (__m256i)from[2 * half + 1].w[i / 2];
      v[i].w[half] = (Word)(i % 2 ? _mm256_permute2x128_si256(a, b, 0x31)
                                  : _mm256_permute2x128_si256(a, b, 0x20));
    }
#else
  Block from[4] = {v[0], v[1], v[2], v[3]};
  for (int i = 0; i < 4; ++i)
    for (int piece = 0; piece < 4; ++piece) v[i].w[piece] = from[piece].w[i];
#endif
}

}  // namespace
}  // namespace gategrad
