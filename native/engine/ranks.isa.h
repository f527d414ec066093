// Ranks of values among their column's thresholds, and from ranks to slots: see engine/ranks.h.
#pragma once

#include "engine/kernel.h"
#include "engine/vec.isa.h"
#include "isa/lane_bits.isa.h"

namespace gategrad {
namespace {

// A node's threshold is looked up for several rows at a time: in registers, as permutes of up to 16
// of them, or in memory.

#if defined(__AVX512F__)

constexpr uint32_t kRankRegisters = 16;

// Node `pos` of level kLevel, of a tree in registers of 16 nodes.
template <uint32_t kLevel>
GG_INLINE __m512 node_at(const __m512* tree, __m512i pos) {
  if constexpr (kLevel <= 3) {
    return _mm512_permutexvar_ps(pos, tree[0]);
  } else if constexpr (kLevel == 4) {
    return _mm512_permutexvar_ps(pos, tree[1]);
  } else {
    // Permutes of two registers look at five bits of `pos`; those above choose among pairs.
    constexpr uint32_t kFirst = (1u << kLevel) / 16;
    __m512 found = _mm512_permutex2var_ps(tree[kFirst], pos, tree[kFirst + 1]);
    if constexpr (kLevel >= 6) {
      const __mmask16 odd = _mm512_test_epi32_mask(pos, _mm512_set1_epi32(32));
      __m512 other = _mm512_permutex2var_ps(tree[kFirst + 2], pos, tree[kFirst + 3]);
      found = _mm512_mask_blend_ps(odd, found, other);
      if constexpr (kLevel >= 7) {
        __m512 low = _mm512_permutex2var_ps(tree[kFirst + 4], pos, tree[kFirst + 5]);
        __m512 high = _mm512_permutex2var_ps(tree[kFirst + 6], pos, tree[kFirst + 7]);
        const __mmask16 upper = _mm512_test_epi32_mask(pos, _mm512_set1_epi32(64));
        found = _mm512_mask_blend_ps(upper, found, _mm512_mask_blend_ps(odd, low, high));
      }
    }
    return found;
  }
}

template <uint32_t kLevel>
GG_INLINE __m512i descend(const __m512* tree, __m512 x, __m512i pos) {
  const __mmask16 right = _mm512_cmp_ps_mask(x, node_at<kLevel>(tree, pos), _CMP_GE_OQ);
  pos = _mm512_add_epi32(pos, pos);
  return _mm512_mask_add_epi32(pos, right, pos, _mm512_set1_epi32(1));
}

template <uint32_t kLevels>
GG_INLINE void search(const float* nodes, const float* x, uint8_t* ranks) {
  constexpr uint32_t kUsed = kLevels <= 4 ? 1 : (1u << kLevels) / 16;
  __m512 tree[kRankRegisters];
  for (uint32_t i = 0; i < kUsed; ++i) tree[i] = _mm512_loadu_ps(nodes + 16 * i);
  for (size_t r = 0; r < kRankRows; r += 16) {
    const __m512 v = _mm512_loadu_ps(x + r);
    __m512i pos = _mm512_set1_epi32(1);
    if constexpr (kLevels > 0) pos = descend<0>(tree, v, pos);
    if constexpr (kLevels > 1) pos = descend<1>(tree, v, pos);
    if constexpr (kLevels > 2) pos = descend<2>(tree, v, pos);
    if constexpr (kLevels > 3) pos = descend<3>(tree, v, pos);
    if constexpr (kLevels > 4) pos = descend<4>(tree, v, pos);
    if constexpr (kLevels > 5) pos = descend<5>(tree, v, pos);
    if constexpr (kLevels > 6) pos = descend<6>(tree, v, pos);
    if constexpr (kLevels > 7) pos = descend<7>(tree, v, pos);
    // The bit above the levels leaves with the cut to bytes, or is taken off.
    pos = _mm512_sub_epi32(pos, _mm512_set1_epi32(1 << kLevels));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(ranks + r), _mm512_cvtepi32_epi8(pos));
  }
}

GG_INLINE void rank64(const RankColumn& c, const RankView& view, const float* x, uint8_t* ranks) {
  const float* nodes = view.f32 + c.first_node;
  switch (c.levels) {
    case 0: return search<0>(nodes, x, ranks);
    case 1: return search<1>(nodes, x, ranks);
    case 2: return search<2>(nodes, x, ranks);
    case 3: return search<3>(nodes, x, ranks);
    case 4: return search<4>(nodes, x, ranks);
    case 5: return search<5>(nodes, x, ranks);
    case 6: return search<6>(nodes, x, ranks);
    case 7: return search<7>(nodes, x, ranks);
    default: return search<8>(nodes, x, ranks);
  }
}

GG_INLINE void rank64(const RankColumn& c, const RankView& view, const double* x, uint8_t* ranks) {
  const double* nodes = view.f64 + c.first_node;
  const __m512i one = _mm512_set1_epi64(1);
  for (size_t r = 0; r < kRankRows; r += 8) {
    const __m512d v = _mm512_loadu_pd(x + r);
    __m512i pos = one;
    for (uint32_t level = 0; level < c.levels; ++level) {
      const __m512d node = _mm512_i64gather_pd(pos, nodes, 8);
      const __mmask8 right = _mm512_cmp_pd_mask(v, node, _CMP_GE_OQ);
      pos = _mm512_add_epi64(pos, pos);
      pos = _mm512_mask_add_epi64(pos, right, pos, one);
    }
    pos = _mm512_sub_epi64(pos, _mm512_set1_epi64(int64_t{1} << c.levels));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(ranks + r), _mm512_cvtepi64_epi8(pos));
  }
}

#else

// Sixteen searches side by side, since each waits for its node at every level.
template <typename T>
GG_INLINE void search(const RankColumn& c, const T* nodes, const T* x, uint8_t* ranks) {
  constexpr size_t kTogether = 16;
  for (size_t r = 0; r < kRankRows; r += kTogether) {
    uint32_t pos[kTogether];
    for (size_t i = 0; i < kTogether; ++i) pos[i] = 1;
    for (uint32_t level = 0; level < c.levels; ++level)
      for (size_t i = 0; i < kTogether; ++i)
        pos[i] = 2 * pos[i] + static_cast<uint32_t>(x[r + i] >= nodes[pos[i]]);
    for (size_t i = 0; i < kTogether; ++i)
      ranks[r + i] = static_cast<uint8_t>(pos[i] - (1u << c.levels));
  }
}

GG_INLINE void rank64(const RankColumn& c, const RankView& view, const float* x, uint8_t* ranks) {
  search(c, view.f32 + c.first_node, x, ranks);
}

GG_INLINE void rank64(const RankColumn& c, const RankView& view, const double* x, uint8_t* ranks) {
  search(c, view.f64 + c.first_node, x, ranks);
}

#endif

GG_INLINE void rank64(const RankColumn& c, const RankView& view, const uint8_t* x, uint8_t* ranks) {
  const uint8_t* known = view.bytes + c.first_byte;
  for (size_t r = 0; r < kRankRows; ++r) ranks[r] = known[x[r]];
}

// Columns of up to so many thresholds are compared with each of them, which is faster than a search.
template <typename T>
constexpr uint32_t kFewThresholds = 0;

#if defined(__AVX512F__)

template <>
constexpr uint32_t kFewThresholds<float> = 24;
template <>
constexpr uint32_t kFewThresholds<double> = 64;

GG_INLINE uint64_t at_least64(const float* x, float least) {
  uint64_t mask = 0;
  for (size_t r = 0; r < 64; r += 16)
    mask |= uint64_t{_mm512_cmp_ps_mask(_mm512_loadu_ps(x + r), _mm512_set1_ps(least), _CMP_GE_OQ)}
            << r;
  return mask;
}

GG_INLINE uint64_t at_least64(const double* x, double least) {
  uint64_t mask = 0;
  for (size_t r = 0; r < 64; r += 8)
    mask |= uint64_t{_mm512_cmp_pd_mask(_mm512_loadu_pd(x + r), _mm512_set1_pd(least), _CMP_GE_OQ)}
            << r;
  return mask;
}

#elif defined(__AVX2__)

template <>
constexpr uint32_t kFewThresholds<float> = 24;
template <>
constexpr uint32_t kFewThresholds<double> = 24;

GG_INLINE uint64_t at_least64(const float* x, float least) {
  uint64_t mask = 0;
  for (size_t r = 0; r < 64; r += 8) {
    const __m256 reached = _mm256_cmp_ps(_mm256_loadu_ps(x + r), _mm256_set1_ps(least), _CMP_GE_OQ);
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_ps(reached))) << r;
  }
  return mask;
}

GG_INLINE uint64_t at_least64(const double* x, double least) {
  uint64_t mask = 0;
  for (size_t r = 0; r < 64; r += 4) {
    const __m256d reached =
        _mm256_cmp_pd(_mm256_loadu_pd(x + r), _mm256_set1_pd(least), _CMP_GE_OQ);
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_pd(reached))) << r;
  }
  return mask;
}

#endif

template <typename T>
GG_INLINE const T* least_of(const RankView& view, const RankColumn& c) {
  if constexpr (sizeof(T) == sizeof(double))
    return view.least_f64 + c.first_least;
  else
    return view.least_f32 + c.first_least;
}

// Each threshold of a column as the word of its slot.
template <typename T>
GG_INLINE void compare_few(const RankColumn& c, const RankView& view, const T* x, size_t words,
                           uint64_t* slots) {
  if constexpr (kFewThresholds<T> > 0) {
    const T* least = least_of<T>(view, c);
    const uint32_t* slot = view.slots + c.first_slot;
    for (uint32_t j = 0; j < c.n; ++j) slots[slot[j] * words] = at_least64(x, least[j]);
  }
}

// Which of 64 ranks are above j, as a word.
GG_INLINE uint64_t above64(const uint8_t* ranks, uint8_t j) {
#if defined(__AVX512BW__)
  return _mm512_cmpgt_epu8_mask(_mm512_loadu_si512(ranks), _mm512_set1_epi8(static_cast<char>(j)));
#elif defined(__AVX2__)
  const __m256i least = _mm256_set1_epi8(static_cast<char>(j + 1));
  auto half = [&](size_t i) __attribute__((always_inline)) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ranks + i));
    const __m256i reached = _mm256_cmpeq_epi8(_mm256_max_epu8(v, least), v);
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(reached)));
  };
  return half(0) | half(32) << 32;
#elif defined(__SSE2__)
  const __m128i least = _mm_set1_epi8(static_cast<char>(j + 1));
  uint64_t mask = 0;
  for (size_t i = 0; i < 64; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(ranks + i));
    const __m128i reached = _mm_cmpeq_epi8(_mm_max_epu8(v, least), v);
    mask |= static_cast<uint64_t>(_mm_movemask_epi8(reached)) << i;
  }
  return mask;
#elif defined(GG_NEON)
  uint8x16_t above[4];
  for (size_t i = 0; i < 4; ++i) above[i] = vcgtq_u8(vld1q_u8(ranks + 16 * i), vdupq_n_u8(j));
  return lane_bits(above);
#else
  uint64_t mask = 0;
  for (size_t i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(ranks[i] > j) << i;
  return mask;
#endif
}

template <size_t kWords>
GG_INLINE void store_ranked(const RankColumn& c, const uint32_t* slot, const uint8_t* ranks,
                            uint64_t* slots) {
  for (uint32_t j = 0; j < c.n; ++j)
    for (size_t w = 0; w < kWords; ++w)
      slots[slot[j] * kWords + w] = above64(ranks + 64 * w, static_cast<uint8_t>(j));
}

// One column of up to 64 rows, one after the other; zeros follow.
template <typename T>
GG_INLINE void take_column(const T* x, ptrdiff_t stride, size_t n, T* out) {
  if (n == kRankRows) {
    for (size_t r = 0; r < kRankRows; ++r) out[r] = x[static_cast<ptrdiff_t>(r) * stride];
    return;
  }
#pragma GCC unroll 1
  for (size_t r = 0; r < n; ++r) out[r] = x[static_cast<ptrdiff_t>(r) * stride];
#pragma GCC unroll 1
  for (size_t r = n; r < kRankRows; ++r) out[r] = T{};
}

template <typename T>
GG_INLINE bool any_nan(const T* x) {
  int found = 0;
  for (size_t r = 0; r < kRankRows; ++r) found |= x[r] != x[r];
  return found != 0;
}

// The share of column i among `n_columns` of the memory of 64 rows.
template <typename T>
GG_INLINE void fetch_part(const T* rows, ptrdiff_t row_stride, size_t i, size_t n_columns) {
  const char* first = reinterpret_cast<const char*>(rows);
  const size_t n_lines = static_cast<size_t>(row_stride) * sizeof(T) * kRankRows / 64 + 1;
  for (size_t line = n_lines * i / n_columns; line < n_lines * (i + 1) / n_columns; ++line)
    __builtin_prefetch(first + 64 * line, 0, 2);
}

// See RankRows in engine/kernel.h. 64 rows at a time, so that their lines stay in the nearest cache
// while one column after the other is taken from them.
template <typename T>
bool encode_ranked(const RankView& view, const T* rows, ptrdiff_t row_stride,
                   ptrdiff_t column_stride, size_t n_rows, Check check, uint8_t* ranks,
                   uint64_t* slots, size_t words) {
  alignas(64) T x[kRankRows];
  bool good = true;
  // The rows that follow are on their way while columns of these are compared; of wide rows, where few
  // columns are read, the machine finds the strides itself.
  const bool narrow =
      column_stride == 1 && row_stride > 0 && static_cast<size_t>(row_stride) <= 2 * view.n_columns;
  for (size_t first = 0; first < 64 * words; first += kRankRows) {
    const size_t left = n_rows > first ? n_rows - first : 0;
    const size_t n = left < kRankRows ? left : kRankRows;
    const T* from = rows + static_cast<ptrdiff_t>(first) * row_stride;
    for (size_t i = 0; i < view.n_columns; ++i) {
      const RankColumn& column = view.columns[i];
      if (narrow && n == kRankRows)
        fetch_part(from + 64 * row_stride, row_stride, i, view.n_columns);
      take_column(from + static_cast<ptrdiff_t>(column.feature) * column_stride, row_stride, n, x);
      if (check == Check::kNotNan && any_nan(x)) good = false;
      if (column.n <= kFewThresholds<T>)
        compare_few(column, view, x, words, slots + first / 64);
      else
        rank64(column, view, x, ranks + kRankBytes * i + first);
    }
  }
  for (size_t i = 0; i < view.n_columns; ++i) {
    const RankColumn& column = view.columns[i];
    if (column.n <= kFewThresholds<T>) continue;
    const uint32_t* slot = view.slots + column.first_slot;
    if (words == kBlockWords)
      store_ranked<kBlockWords>(column, slot, ranks + kRankBytes * i, slots);
    else if (words == 4)
      store_ranked<4>(column, slot, ranks + kRankBytes * i, slots);
    else if (words == 2)
      store_ranked<2>(column, slot, ranks + kRankBytes * i, slots);
    else
      store_ranked<1>(column, slot, ranks + kRankBytes * i, slots);
  }
  return good;
}

}  // namespace
}  // namespace gategrad
