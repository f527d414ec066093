// 64 features of 32 rows against 64 thresholds: the first half of encoding a block.
//
// A row's compare sets its bit in every element of an accumulator, so that rows become bits without
// leaving the vector registers. The result is four blocks of 32-bit elements, one a feature, in
// which bit r is row r. See `feature_of` for the order of the features.
#pragma once

#include "engine/fetch.isa.h"
#include "engine/shuffle.isa.h"

namespace gategrad {
namespace {

typedef uint8_t Bytes __attribute__((vector_size(GG_REGISTER), may_alias));
typedef uint32_t Ints __attribute__((vector_size(GG_REGISTER), may_alias));
typedef float Floats __attribute__((vector_size(GG_REGISTER), may_alias));
typedef double Doubles __attribute__((vector_size(GG_REGISTER), may_alias));

// A register full of values anywhere in memory.
#define GG_LOAD(type, element)                                  \
  GG_INLINE type load(const element* x) {                       \
    typedef type Any __attribute__((aligned(sizeof(element)))); \
    return *reinterpret_cast<const Any*>(x);                    \
  }
GG_LOAD(Bytes, uint8_t)
GG_LOAD(Floats, float)
GG_LOAD(Doubles, double)
#undef GG_LOAD

// Feature of element `i` of mark block `c`: zips of bytes leave them in fours.
template <typename T>
constexpr size_t feature_of(size_t c, size_t i) {
  return sizeof(T) == 1 ? 16 * (i / 4) + 4 * c + i % 4 : 16 * c + i;
}

// Adds `bit` to the marks of the features that reach (uint8) or exceed their thresholds.
#if defined(__AVX512BW__)

GG_INLINE Bytes mark(Bytes marks, Bytes v, Bytes thresholds, Bytes bit) {
  __mmask64 above = _mm512_cmpge_epu8_mask((__m512i)v, (__m512i)thresholds);
  return (Bytes)_mm512_mask_add_epi8((__m512i)marks, above, (__m512i)marks, (__m512i)bit);
}

GG_INLINE Ints mark(Ints marks, const float* x, const float* thresholds, Ints bit) {
  __mmask16 above = _mm512_cmp_ps_mask(load(x), load(thresholds), _CMP_GT_OQ);
  return (Ints)_mm512_mask_add_epi32((__m512i)marks, above, (__m512i)marks, (__m512i)bit);
}

GG_INLINE Ints mark(Ints marks, const double* x, const double* thresholds, Ints bit) {
  __mmask8 low = _mm512_cmp_pd_mask(load(x), load(thresholds), _CMP_GT_OQ);
  __mmask8 high = _mm512_cmp_pd_mask(load(x + 8), load(thresholds + 8), _CMP_GT_OQ);
  return (Ints)_mm512_mask_add_epi32((__m512i)marks, _mm512_kunpackb(high, low), (__m512i)marks,
                                     (__m512i)bit);
}

// Sets elements of `bad` where a value of either register fails the check.
GG_INLINE Ints fails(Ints bad, Floats a, Floats b, Check check) {
  const __m512 zeros = _mm512_setzero_ps(), ones = _mm512_set1_ps(1);
  const Floats both[2] = {a, b};
  __mmask16 mask = _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
  if (check == Check::kBit)
    for (const Floats& v : both)
      mask |=
          _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(v, zeros, _CMP_NEQ_UQ), v, ones, _CMP_NEQ_UQ);
  return (Ints)_mm512_mask_mov_epi32((__m512i)bad, mask, (__m512i)ones);
}

GG_INLINE Ints fails(Ints bad, Doubles a, Doubles b, Check check) {
  const __m512d zeros = _mm512_setzero_pd(), ones = _mm512_set1_pd(1);
  const Doubles both[2] = {a, b};
  __mmask8 mask = _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q);
  if (check == Check::kBit)
    for (const Doubles& v : both)
      mask |=
          _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(v, zeros, _CMP_NEQ_UQ), v, ones, _CMP_NEQ_UQ);
  return (Ints)_mm512_mask_mov_epi64((__m512i)bad, mask, (__m512i)ones);
}

#else

GG_INLINE Bytes mark(Bytes marks, Bytes v, Bytes thresholds, Bytes bit) {
  return marks | ((Bytes)(v >= thresholds) & bit);
}

GG_INLINE Ints mark(Ints marks, const float* x, const float* thresholds, Ints bit) {
  return marks | ((Ints)(load(x) > load(thresholds)) & bit);
}

// The lower halves of the elements of two registers, in order.
GG_INLINE Ints narrow(Ints a, Ints b) {
#if defined(__AVX2__)
  __m256 mixed = _mm256_shuffle_ps((__m256)a, (__m256)b, 0x88);
  return (Ints)_mm256_permute4x64_epi64((__m256i)mixed, 0xD8);
#else
  return GG_SHUFFLE(Ints, a, b, 0, 2, 4, 6);
#endif
}

GG_INLINE Ints mark(Ints marks, const double* x, const double* thresholds, Ints bit) {
  constexpr size_t n = GG_REGISTER / sizeof(double);
  return marks |
         (narrow((Ints)(load(x) > load(thresholds)), (Ints)(load(x + n) > load(thresholds + n))) &
          bit);
}

template <typename Register>
GG_INLINE Ints fails(Ints bad, Register a, Register b, Check check) {
  if (check == Check::kNotNan) return bad | (Ints)(a != a) | (Ints)(b != b);
  return bad | ((Ints)(a != 0) & (Ints)(a != 1)) | ((Ints)(b != 0) & (Ints)(b != 1));
}

#endif

// Rows of bits whose values are good are marks already. Masks of AVX-512 set them as fast.
template <Check kCheck>
constexpr bool kShifted = kCheck == Check::kBit && kInOrder;

// Marks of up to 8 rows, a byte a feature; `first` is the number of the first one in 32.
template <Check kCheck, size_t kRows, bool kEnd>
GG_INLINE Block mark_bytes(const Tile& tile, const uint8_t* x, const uint8_t* ahead, size_t stride,
                           size_t n_rows, size_t first, Block& bad) {
  Block out;
  for (size_t i = 0; i < kRegisters; ++i, x += GG_REGISTER) {
    const Bytes thresholds = load(tile.u8 + GG_REGISTER * i);
    Bytes marks{}, seen{};
    auto row = [&](size_t r) __attribute__((always_inline)) {
      if (i == 0) fetch<kRows, kEnd>(x + r * stride, ahead, stride, first + r);
      Bytes v = load(x + r * stride);
      const uint8_t bit = static_cast<uint8_t>(1 << r);
      if constexpr (kShifted<kCheck>)
        marks += marks + v;
      else
        marks = mark(marks, v, thresholds, Bytes{} + bit);
      if (kCheck == Check::kBit) seen |= v;
    };
    if (n_rows == 8) {
      // The last row first, where the first one is to be shifted least.
      constexpr size_t k = kShifted<kCheck> ? 7 : 0;
      row(0 ^ k), row(1 ^ k), row(2 ^ k), row(3 ^ k), row(4 ^ k), row(5 ^ k), row(6 ^ k),
          row(7 ^ k);
    } else {
#pragma GCC unroll 1
      for (size_t r = 0; r < n_rows; ++r) row(kShifted<kCheck> ? n_rows - 1 - r : r);
    }
    out.w[i] = (Word)(marks & load(tile.possible + GG_REGISTER * i));
    bad.w[i] |= (Word)(seen & static_cast<uint8_t>(0xFE));
  }
  return out;
}

// Marks of up to 32 rows, and fetches as in `fetch`.
template <Check kCheck, size_t kRows, bool kEnd>
GG_INLINE void mark_rows(const Tile& tile, const uint8_t* x, const uint8_t* ahead, size_t stride,
                         size_t n_rows, Block& bad, Block* out) {
  Block v[4];
  if (n_rows == kMarkRows) {
    auto mark = [&](size_t r) __attribute__((always_inline)) {
      return mark_bytes<kCheck, kRows, kEnd>(tile, x + r * stride, ahead, stride, 8, r, bad);
    };
    v[0] = mark(0);
    v[1] = mark(8);
    v[2] = mark(16);
    v[3] = mark(24);
  } else {
#pragma GCC unroll 1
    for (size_t q = 0; q < 4; ++q, x += 8 * stride) {
      size_t n = n_rows < 8 ? n_rows : 8;
      v[q] = mark_bytes<kCheck, 0, false>(tile, x, nullptr, stride, n, 0, bad);
      n_rows -= n;
    }
  }
  Block low01 = zip8<false>(v[0], v[1]), high01 = zip8<true>(v[0], v[1]);
  Block low23 = zip8<false>(v[2], v[3]), high23 = zip8<true>(v[2], v[3]);
  out[0] = zip16<false>(low01, low23);
  out[1] = zip16<true>(low01, low23);
  out[2] = zip16<false>(high01, high23);
  out[3] = zip16<true>(high01, high23);
}

// Four registers of 32-bit marks at a time.
template <Check kCheck, size_t kRows, bool kEnd, typename T>
GG_INLINE void mark_rows(const Tile& tile, const T* x, const T* ahead, size_t stride, size_t n_rows,
                         Block& bad, Block* out) {
  constexpr size_t kMarks = GG_REGISTER / sizeof(uint32_t), kValues = GG_REGISTER / sizeof(T);
  const T* thresholds = sizeof(T) == 4 ? (const T*)tile.f32 : (const T*)tile.f64;
  for (size_t i = 0; i < kRegisters; ++i, x += 4 * kMarks, thresholds += 4 * kMarks) {
    Ints marks[4] = {}, failed{}, bit = Ints{} + 1;
    for (size_t r = 0; r < n_rows; ++r, bit += bit) {
      const T* row = x + r * stride;
      if (i == 0) fetch<kRows, kEnd>(row, ahead, stride, r);
      for (size_t j = 0; j < 4; ++j)
        marks[j] = mark(marks[j], row + kMarks * j, thresholds + kMarks * j, bit);
      if (kCheck != Check::kNothing)
        for (size_t j = 0; j < 4 * kMarks; j += 2 * kValues)
          failed = fails(failed, load(row + j), load(row + j + kValues), kCheck);
    }
    for (size_t j = 4 * i; j < 4 * i + 4; ++j)
      out[j / kRegisters].w[j % kRegisters] = (Word)marks[j - 4 * i];
    bad.w[0] |= (Word)failed;
  }
}

// `rows`: how many of those from `ahead` on are fetched, as in `fetch`.
template <Check kCheck, typename T>
GG_INLINE void mark_rows(size_t rows, Lines lines, const Tile& tile, const T* x, const T* ahead,
                         size_t stride, size_t n_rows, Block& bad, Block* out) {
  constexpr size_t kLess = kInOrder ? kFewRows : kMarkRows / 2;
  const bool end = !kInOrder && lines == Lines::kToEnd;
  if (rows == 0 || lines == Lines::kNone)
    mark_rows<kCheck, 0, false>(tile, x, ahead, stride, n_rows, bad, out);
  else if (rows == kLess && !end)
    mark_rows<kCheck, kLess, false>(tile, x, ahead, stride, n_rows, bad, out);
  else if (rows == kLess)
    mark_rows<kCheck, kLess, !kInOrder>(tile, x, ahead, stride, n_rows, bad, out);
  else if (!end)
    mark_rows<kCheck, kMarkRows, false>(tile, x, ahead, stride, n_rows, bad, out);
  else
    mark_rows<kCheck, kMarkRows, !kInOrder>(tile, x, ahead, stride, n_rows, bad, out);
}

}  // namespace
}  // namespace gategrad
