// Forward and backward of a layer on one tile, along the trails of its gates.
#pragma once

#include "train/kernel.h"
#include "train/vec.isa.h"

namespace gategrad::train::values {
namespace {

// Gates ahead whose rows are fetched: the rows of outputs are in random order.
constexpr size_t kAhead = 12;

template <typename S, size_t kWidth>
constexpr size_t kVecs = kWidth / kLanes<S>;

template <size_t kWidth>
GG_INLINE size_t offset(uint32_t row) {
  return static_cast<size_t>(row & ~kMark) * kWidth;
}

template <int kForWriting, typename S, size_t kWidth>
GG_INLINE void fetch_row(const S* row) {
  for (size_t i = 0; i < kWidth; i += 64 / sizeof(S)) __builtin_prefetch(row + i, kForWriting);
}

template <typename S, size_t kN>
GG_INLINE void load_row(const S* row, Vec<S>* v) {
  for (size_t i = 0; i < kN; ++i) v[i] = load(row + i * kLanes<S>);
}

template <typename S, bool kStreamed>
GG_INLINE void put(S* p, Vec<S> v) {
  if (kStreamed)
    stream<S>(p, v);
  else
    store<S>(p, v);
}

template <typename S>
GG_INLINE Vec<S> all(S value) {
  return Vec<S>{} + value;
}

enum class Output { kStored, kStreamed, kAdded };

template <typename S, size_t kWidth, Output kOutput>
void forward_trails(const Gates<S>& gates, const S* x, S* y) {
  constexpr size_t kN = kVecs<S, kWidth>;
  const uint32_t *visit = gates.visits, *output = gates.outputs;
  const S* c = gates.coefficients;
  for (const Trail *t = gates.trails, *last = t + gates.n_trails; t != last; ++t) {
    Vec<S> a[kN];
    load_row<S, kN>(x + offset<kWidth>(t->first), a);
    for (const uint32_t* end = visit + t->n_gates; visit != end; ++visit, ++output, c += 4) {
      const S* b = x + offset<kWidth>(*visit);
      S* to = y + offset<kWidth>(*output);
      const Vec<S> c0 = all(c[0]), c1 = all(c[1]), c2 = all(c[2]), c3 = all(c[3]);
      fetch_row<0, S, kWidth>(x + offset<kWidth>(visit[kAhead]));
      if (kOutput == Output::kStored) fetch_row<1, S, kWidth>(y + offset<kWidth>(output[kAhead]));
#pragma GCC unroll 32
      for (size_t i = 0; i < kN; ++i) {
        Vec<S> vb = load(b + i * kLanes<S>);
        Vec<S> value = (c1 * a[i] + c0) + vb * (c3 * a[i] + c2);
        if (kOutput == Output::kAdded) value += load(to + i * kLanes<S>);
        put<S, kOutput == Output::kStreamed>(to + i * kLanes<S>, value);
        a[i] = vb;
      }
    }
  }
}

template <typename S, size_t kWidth>
void forward(const Gates<S>& gates, const S* x, S* y, bool streamed) {
  if (streamed)
    forward_trails<S, kWidth, Output::kStreamed>(gates, x, y);
  else
    forward_trails<S, kWidth, Output::kStored>(gates, x, y);
}

template <typename S, size_t kWidth>
void forward_sums(const Gates<S>& gates, const S* x, S* sums) {
  forward_trails<S, kWidth, Output::kAdded>(gates, x, sums);
}

// Zero unless the row was met before: then what its earlier visits left there.
template <typename S>
GG_INLINE Vec<S> so_far(const S* p, uint32_t visit) {
  return (Vec<S>)((Int<S>)load(p) & (Int<S>{} + (static_cast<int32_t>(visit) >> 31)));
}

template <typename S, size_t kWidth, bool kGradX, bool kStreamed>
void backward_trails(const Gates<S>& gates, const S* x, const S* grad, S* grad_x, S* statistics,
                     bool first) {
  constexpr size_t kN = kVecs<S, kWidth>;
  const uint32_t *visit = gates.visits, *output = gates.outputs;
  const S* c = gates.coefficients;
  for (const Trail *t = gates.trails, *last = t + gates.n_trails; t != last; ++t) {
    // Of the row that the trail stands at: its values, and its gradient by the gates passed so far.
    Vec<S> a[kN], sum[kN] = {};
    load_row<S, kN>(x + offset<kWidth>(t->first), a);
    S* sum_row = kGradX ? grad_x + offset<kWidth>(t->first) : nullptr;
    if (kGradX)
      for (size_t i = 0; i < kN; ++i) sum[i] = so_far<S>(sum_row + i * kLanes<S>, t->first);
    for (const uint32_t* end = visit + t->n_gates; visit != end; ++visit, ++output) {
      const S *b = x + offset<kWidth>(*visit), *g = grad + offset<kWidth>(*output);
      fetch_row<0, S, kWidth>(x + offset<kWidth>(visit[kAhead]));
      fetch_row<0, S, kWidth>(grad + offset<kWidth>(output[kAhead]));
      Vec<S> s0{}, s1{}, s2{}, s3{};
      const Vec<S> c1 = all(c[1]), c2 = all(c[2]), c3 = all(c[3]);
      S* next_row = kGradX ? grad_x + offset<kWidth>(*visit) : nullptr;
#pragma GCC unroll 32
      for (size_t i = 0; i < kN; ++i) {
        Vec<S> vb = load(b + i * kLanes<S>), vg = load(g + i * kLanes<S>);
        Vec<S> ga = vg * a[i];
        s0 += vg;
        s1 += ga;
        s2 += vg * vb;
        s3 += ga * vb;
        if (kGradX) {
          sum[i] += vg * (c3 * vb + c1);
          // Both pins may read one row, so this one comes first.
          put<S, kStreamed>(sum_row + i * kLanes<S>, sum[i]);
          sum[i] = so_far<S>(next_row + i * kLanes<S>, *visit) + vg * (c3 * a[i] + c2);
        }
        a[i] = vb;
      }
      sum_row = next_row;
      add_lane_sums<S>(s0, s1, s2, s3, statistics, first);
      statistics += 4;
      c += 4;
    }
    if (kGradX)
      for (size_t i = 0; i < kN; ++i) put<S, kStreamed>(sum_row + i * kLanes<S>, sum[i]);
  }
}

template <typename S, size_t kWidth>
void backward(const Gates<S>& gates, const S* x, const S* grad, S* grad_x, S* statistics,
              bool first, bool streamed) {
  if (!grad_x)
    backward_trails<S, kWidth, false, false>(gates, x, grad, nullptr, statistics, first);
  else if (streamed)
    backward_trails<S, kWidth, true, true>(gates, x, grad, grad_x, statistics, first);
  else
    backward_trails<S, kWidth, true, false>(gates, x, grad, grad_x, statistics, first);
}

// Features turned at a time: what they touch on both sides stays in the first-level cache.
constexpr size_t kTurned = 16;

template <typename S, size_t kWidth, typename From>
GG_INLINE void turn_to_tile(const From* x, size_t stride, size_t rows, size_t begin, size_t end,
                            S* tile) {
  for (size_t s = 0; s < rows; ++s)
    for (size_t i = begin; i < end; ++i) tile[i * kWidth + s] = static_cast<S>(x[s * stride + i]);
  for (size_t i = begin; i < end; ++i)
    for (size_t s = rows; s < kWidth; ++s) tile[i * kWidth + s] = 0;
}

#if defined(__AVX512F__)
GG_INLINE __m512 load_sixteen(const float* x) { return _mm512_loadu_ps(x); }
GG_INLINE __m512 load_sixteen(const uint8_t* x) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

template <size_t kWidth, typename From>
GG_INLINE void turn_sixteen(const From* x, size_t stride, size_t rows, float* tile) {
  for (size_t first = 0; first < kWidth; first += 16) {
    __m512 v[16];
#pragma GCC unroll 16
    for (size_t s = 0; s < 16; ++s)
      v[s] = first + s < rows ? load_sixteen(x + (first + s) * stride) : _mm512_setzero_ps();
    transpose16(v);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i) _mm512_storeu_ps(tile + i * kWidth + first, v[i]);
  }
}
#elif defined(__AVX2__)
GG_INLINE __m256 load_eight(const float* x) { return _mm256_loadu_ps(x); }
GG_INLINE __m256 load_eight(const uint8_t* x) {
  __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x));
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

template <size_t kWidth, typename From>
GG_INLINE void turn_eight(const From* x, size_t stride, size_t rows, float* tile) {
  for (size_t first = 0; first < kWidth; first += 8) {
    __m256 v[8];
#pragma GCC unroll 8
    for (size_t s = 0; s < 8; ++s)
      v[s] = first + s < rows ? load_eight(x + (first + s) * stride) : _mm256_setzero_ps();
    transpose8(v);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; ++i) _mm256_storeu_ps(tile + i * kWidth + first, v[i]);
  }
}
#endif

template <typename S, size_t kWidth, typename From>
void to_tile(const From* x, size_t stride, size_t rows, size_t n, S* tile) {
  size_t f = 0;
#if defined(__AVX512F__)
  if constexpr (sizeof(S) == 4)
    for (; f + kTurned <= n; f += kTurned)
      turn_sixteen<kWidth>(x + f, stride, rows, tile + f * kWidth);
#elif defined(__AVX2__)
  if constexpr (sizeof(S) == 4)
    for (; f + 8 <= n; f += 8) turn_eight<kWidth>(x + f, stride, rows, tile + f * kWidth);
#endif
  for (; f < n; f += kTurned)
    turn_to_tile<S, kWidth>(x, stride, rows, f, f + kTurned < n ? f + kTurned : n, tile);
}

template <typename S, size_t kWidth>
void from_tile(const S* tile, size_t stride, size_t rows, size_t n, S* x) {
  for (size_t f = 0; f < n; f += kTurned) {
    const size_t last = f + kTurned < n ? f + kTurned : n;
    for (size_t s = 0; s < rows; ++s)
      for (size_t i = f; i < last; ++i) x[s * stride + i] = tile[i * kWidth + s];
  }
}

template <typename S, size_t kBlocks>
constexpr TileKernels<S> tile_kernels() {
  constexpr size_t kWidth = kBlocks * kBlock;
  return {forward<S, kWidth>,    forward_sums<S, kWidth>,     backward<S, kWidth>,
          to_tile<S, kWidth, S>, to_tile<S, kWidth, uint8_t>, from_tile<S, kWidth>};
}

}  // namespace
}  // namespace gategrad::train::values
