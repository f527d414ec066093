// The kernels of gates with 2 to 6 inputs.
//
// Inputs are split into a lower and an upper half, L and H of them. A value is
//     y = sum over a, b of p_a q_b entry[a + 2^L b],
// p and q being how much of pattern a and b the lower and the upper inputs are. So the gradient of
// the table is an outer product, of 2^L and 2^H numbers a sample instead of 2^(L + H).
#pragma once

#include "train/lanes.isa.h"
#include "train/wide_kernel.h"

namespace gategrad::train::wide {
namespace {

// Vectors whose products are kept while sums of all pairs are made.
constexpr size_t kWeighed = 8;
// Sums in registers.
#if defined(__AVX512F__)
constexpr size_t kSums = 16;
#else
constexpr size_t kSums = 8;
#endif

template <size_t K>
struct Split {
  static constexpr size_t L = K / 2, H = K - L, P = size_t{1} << L, Q = size_t{1} << H;
  static constexpr size_t kEntries = P * Q;
};

// Numbers that all lanes share are loaded and spread where they are needed, which load units do on
// the way. Left alone, GCC spreads them all before the loop over vectors, and spills them.
GG_INLINE void load_again() { __asm__ volatile("" : : : "memory"); }

// Interpolates 2^N values, operand by operand from the last one on; v is overwritten.
template <typename S, size_t N>
GG_INLINE Vec<S> interpolate(Vec<S>* v, const Vec<S>* x) {
  if constexpr (N > 0) {
    constexpr size_t half = size_t{1} << (N - 1);
#pragma GCC unroll 32
    for (size_t i = 0; i < half; ++i) v[i] += x[N - 1] * (v[i + half] - v[i]);
    return interpolate<S, N - 1>(v, x);
  }
  return v[0];
}

// The same for numbers `stride` apart that all samples share; `step` holds the differences of the
// first operand to go.
template <typename S, size_t N>
GG_INLINE Vec<S> interpolate(const S* low, const S* step, size_t stride, const Vec<S>* x) {
  constexpr size_t half = size_t{1} << (N - 1);
  Vec<S> v[half];
#pragma GCC unroll 32
  for (size_t i = 0; i < half; ++i) v[i] = x[N - 1] * step[i * stride] + low[i * stride];
  return interpolate<S, N - 1>(v, x);
}

// Derivatives of the interpolation of 2^N values by each operand; v[0] becomes its value, the rest
// is overwritten.
template <typename S, size_t N>
GG_INLINE void slopes(Vec<S>* v, const Vec<S>* x, Vec<S>* out) {
  if constexpr (N > 0) {
    constexpr size_t half = size_t{1} << (N - 1);
    Vec<S> d[half];
#pragma GCC unroll 32
    for (size_t i = 0; i < half; ++i) {
      d[i] = v[i + half] - v[i];
      v[i] += x[N - 1] * d[i];
    }
    out[N - 1] = interpolate<S, N - 1>(d, x);
    slopes<S, N - 1>(v, x, out);
  }
}

// The same, value included, for numbers `stride` apart that all samples share, as above; `twice`
// holds the differences of the steps by the operand before.
template <typename S, size_t N>
GG_INLINE Vec<S> slopes(const S* low, const S* step, const S* twice, size_t stride, const Vec<S>* x,
                        Vec<S>* out) {
  constexpr size_t half = size_t{1} << (N - 1);
  Vec<S> v[half];
#pragma GCC unroll 32
  for (size_t i = 0; i < half; ++i) v[i] = x[N - 1] * step[i * stride] + low[i * stride];
  if constexpr (N == 1)
    out[0] = step[0] - Vec<S>{};
  else
    out[N - 1] = interpolate<S, N - 1>(step, twice, stride, x);
  slopes<S, N - 1>(v, x, out);
  return v[0];
}

// Doubles `products`, one number, by each operand.
template <typename S, size_t N>
GG_INLINE void double_by(const Vec<S>* x, Vec<S>* products) {
#pragma GCC unroll 8
  for (size_t j = 0; j < N; ++j)
#pragma GCC unroll 32
    for (size_t i = 0; i < (size_t{1} << j); ++i) {
      Vec<S> upper = products[i] * x[j];
      products[i + (size_t{1} << j)] = upper;
      products[i] -= upper;
    }
}

template <typename S, size_t K>
GG_INLINE void rows_of(const WideGates& gates, size_t g, const S* x, const S** rows) {
  for (size_t j = 0; j < K; ++j)
    rows[j] = x + static_cast<size_t>(gates.wires[j * gates.n + g]) * gates.batch;
}

// Fetches what gate g will read: wires are random, so no hardware prefetcher sees them.
template <typename S, size_t K>
GG_INLINE void prefetch_rows(const WideGates& gates, size_t g, size_t end, const S* x, size_t n) {
  if (g >= end) return;
  const S* rows[K];
  rows_of<S, K>(gates, g, x, rows);
  for (size_t j = 0; j < K; ++j)
    for (size_t i = 0; i < n; i += 64 / sizeof(S)) __builtin_prefetch(rows[j] + i);
}

constexpr size_t kWideAhead = 4;
// Samples of a row that are fetched at once.
constexpr size_t kFetched = 128;

GG_INLINE size_t fetched(size_t batch) { return batch < kFetched ? batch : kFetched; }

template <typename S, size_t K, bool kFull>
GG_INLINE void forward_vector(const S* const* rows, const S* entries, const S* step, size_t s,
                              size_t lanes, S* out) {
  using T = Split<K>;
  load_again();
  Vec<S> v[K], r[T::P];
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j) v[j] = load_some<S, kFull>(rows[j] + s, lanes);
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a)
    r[a] = interpolate<S, T::H>(entries + a, step + a, T::P, v + T::L);
  store_some<S, kFull>(out + s, interpolate<S, T::L>(r, v), lanes);
}

template <typename S, size_t K>
void forward(const WideGates& gates, const S* entries, const S* x, size_t begin, size_t end,
             S* y) {
  using T = Split<K>;
  for (size_t g = begin; g < end; ++g, entries += T::kEntries) {
    prefetch_rows<S, K>(gates, g + kWideAhead, end, x, fetched(gates.batch));
    const S* rows[K];
    rows_of<S, K>(gates, g, x, rows);
    S step[T::kEntries / 2];
    for (size_t i = 0; i < T::kEntries / 2; ++i)
      step[i] = entries[i + T::kEntries / 2] - entries[i];
    S* out = y + g * gates.batch;
    size_t s = 0;
    for (; s + kLanes<S> <= gates.batch; s += kLanes<S>)
      forward_vector<S, K, true>(rows, entries, step, s, kLanes<S>, out);
    if (s < gates.batch)
      forward_vector<S, K, false>(rows, entries, step, s, gates.batch - s, out);
  }
}

// Products of lower inputs with grad, and of upper ones.
template <typename S, size_t K, bool kFull>
GG_INLINE void products_of(const S* const* rows, const S* grad, size_t s, size_t lanes,
                           Vec<S>* products) {
  using T = Split<K>;
  Vec<S> v[K], p[T::P], q[T::Q];
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j) v[j] = load_some<S, kFull>(rows[j] + s, lanes);
  p[0] = load_some<S, kFull>(grad + s, lanes);
  q[0] = Vec<S>{} + S(1);
  double_by<S, T::L>(v, p);
  double_by<S, T::H>(v + T::L, q);
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a) products[a] = p[a];
#pragma GCC unroll 8
  for (size_t b = 0; b < T::Q; ++b) products[T::P + b] = q[b];
}

template <typename S, size_t K>
void weigh(const WideGates& gates, const S* x, const S* grad, size_t begin, size_t end, S* sums) {
  using T = Split<K>;
  constexpr size_t B = kSums / T::P < T::Q ? kSums / T::P : T::Q;
  for (size_t g = begin; g < end; ++g, sums += T::kEntries) {
    prefetch_rows<S, K>(gates, g + kWideAhead, end, x, fetched(gates.batch));
    const S* rows[K];
    rows_of<S, K>(gates, g, x, rows);
    const S* from = grad + g * gates.batch;
    for (size_t i = 0; i < T::kEntries; ++i) sums[i] = 0;
    for (size_t s = 0; s < gates.batch; s += kWeighed * kLanes<S>) {
      Vec<S> products[kWeighed][T::P + T::Q];
      size_t n = 0, at = s;
      for (; n < kWeighed && at + kLanes<S> <= gates.batch; ++n, at += kLanes<S>)
        products_of<S, K, true>(rows, from, at, kLanes<S>, products[n]);
      if (n < kWeighed && at < gates.batch)
        products_of<S, K, false>(rows, from, at, gates.batch - at, products[n++]);
      for (size_t b = 0; b < T::Q; b += B) {
        Vec<S> sum[T::P * B] = {};
        for (size_t i = 0; i < n; ++i)
#pragma GCC unroll 8
          for (size_t a = 0; a < T::P; ++a) {
            const Vec<S> p = products[i][a];
#pragma GCC unroll 8
            for (size_t c = 0; c < B; ++c)
              sum[c * T::P + a] += p * products[i][T::P + b + c];
          }
        add_sums<S, T::P * B>(sum, sums + b * T::P);
      }
    }
  }
}

// One vector's gradients of all inputs; `step` holds the differences of entries by the last input,
// `twice` those of the steps by the input before.
template <typename S, size_t K, bool kFull>
GG_INLINE void scatter_vector(const S* const* rows, const S* entries, const S* step, const S* twice,
                              const S* grad, S factor, S shift, size_t lanes, S* const* to) {
  using T = Split<K>;
  Vec<S> v[K], p[T::P], low[T::P], out[K] = {};
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j)
    v[j] = load_some<S, kFull>(rows[j], lanes);
  if (shift != 0) {
#pragma GCC unroll 8
    for (size_t j = 0; j < K; ++j) v[j] = (S(1) - 2 * shift) * v[j] + shift;
  }
  p[0] = Vec<S>{} + S(1);
  double_by<S, T::L>(v, p);
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a) {
    load_again();
    Vec<S> upper[T::H];
    low[a] = slopes<S, T::H>(entries + a, step + a, twice + a, T::P, v + T::L, upper);
#pragma GCC unroll 8
    for (size_t j = 0; j < T::H; ++j) out[T::L + j] += p[a] * upper[j];
  }
  slopes<S, T::L>(low, v, out);
  const Vec<S> scale = factor * load_some<S, kFull>(grad, lanes);
  // One row after the other: several inputs may read the same wire.
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j)
    store_some<S, kFull>(to[j], load_some<S, kFull>(to[j], lanes) + scale * out[j], lanes);
}

template <typename S, size_t K>
void scatter(const WideGates& gates, const S* entries, const S* x, const S* grad, size_t begin,
             size_t end, size_t first, size_t last, bool far, S factor, S shift, S* grad_x) {
  using T = Split<K>;
  for (size_t g = begin; g < end; ++g, entries += T::kEntries) {
    if (far) prefetch_rows<S, K>(gates, g + kWideAhead, gates.n, x + first, last - first);
    prefetch_rows<S, K>(gates, g + kWideAhead, gates.n, grad_x + first, last - first);
    S step[T::kEntries / 2];
    for (size_t i = 0; i < T::kEntries / 2; ++i)
      step[i] = entries[i + T::kEntries / 2] - entries[i];
    S twice[T::kEntries / 4];
    for (size_t i = 0; i < T::kEntries / 4; ++i) twice[i] = step[i + T::kEntries / 4] - step[i];
    const S* from = grad + g * gates.batch;
    const S* start[K];
    rows_of<S, K>(gates, g, x, start);
    for (size_t s = first; s < last; s += kLanes<S>) {
      const S* rows[K];
      S* to[K];
#pragma GCC unroll 8
      for (size_t j = 0; j < K; ++j) {
        rows[j] = start[j] + s;
        to[j] = grad_x + (rows[j] - x);
      }
      const S* at_s = from + s;
      if (s + kLanes<S> <= last)
        scatter_vector<S, K, true>(rows, entries, step, twice, at_s, factor, shift, kLanes<S>, to);
      else
        scatter_vector<S, K, false>(rows, entries, step, twice, at_s, factor, shift, last - s, to);
    }
  }
}

template <typename S>
void light(const S* weight, size_t n, S* soft, S* hard) {
  for (size_t i = 0; i < n; i += kLanes<S>) {
    const Vec<S> w = load_some<S, false>(weight + i, n - i);
    const Vec<S> entry = S(0.5) * sine<S>(w, 0) + S(0.5);
    if (soft) store_some<S, false>(soft + i, entry, n - i);
    if (!hard) continue;
    const Vec<S> bit = entry > S(0.5) ? Vec<S>{} + S(1) : Vec<S>{};
    store_some<S, false>(hard + i, bit, n - i);
  }
}

template <typename S>
void light_backward(const S* weight, const S* grad, size_t n, S* grad_weight) {
  for (size_t i = 0; i < n; i += kLanes<S>) {
    const Vec<S> slope = S(0.5) * sine<S>(load_some<S, false>(weight + i, n - i), 1);
    const Vec<S> g = load_some<S, false>(grad + i, n - i);
    store_some<S, false>(grad_weight + i, slope * g, n - i);
  }
}

template <typename S, size_t K>
constexpr WideShape<S> shape() {
  return {forward<S, K>, weigh<S, K>, scatter<S, K>};
}

template <typename S>
constexpr WideKernels<S> kernels() {
  return {{shape<S, 2>(), shape<S, 3>(), shape<S, 4>(), shape<S, 5>(), shape<S, 6>()},
          light<S>,
          light_backward<S>};
}

}  // namespace
}  // namespace gategrad::train::wide
