// One vector of samples through a gate with 2 to 6 inputs, forward and backward.
//
// Inputs are split into a lower and an upper half, L and H of them. A value is
//     y = sum over a, b of p_a q_b entry[a + 2^L b],
// p and q being how much of pattern a and b the lower and the upper inputs are. So the gradient of
// the table is an outer product, of 2^L and 2^H numbers a sample instead of 2^(L + H).
#pragma once

#include "train/lanes.isa.h"

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

// All lanes the number at p, spread by a load unit on the way. Left alone, GCC spreads numbers that it
// needs twice with the unit that shuffles, which half of all arithmetic runs on.
template <typename S>
GG_INLINE Vec<S> spread(const S* p) {
#if defined(__AVX2__)
  Vec<S> v;
  if constexpr (sizeof(S) == 4)
    __asm__("vbroadcastss %1, %0" : "=v"(v) : "m"(*p));
  else
    __asm__("vbroadcastsd %1, %0" : "=v"(v) : "m"(*p));
  return v;
#else
  return Vec<S>{} + *p;
#endif
}

// Keeps what all vectors share from being spread before the loop over them, and spilled there.
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

// The polynomial whose coefficient of the product of the operands in b is c[b * stride].
template <typename S, size_t N>
GG_INLINE Vec<S> polynomial(const S* c, size_t stride, const Vec<S>* x) {
  if constexpr (N == 0) {
    return spread(c);
  } else if constexpr (N == 1) {
    return x[0] * c[stride] + c[0];
  } else {
    const S* upper = c + (stride << (N - 1));
    return polynomial<S, N - 1>(c, stride, x) + x[N - 1] * polynomial<S, N - 1>(upper, stride, x);
  }
}

// The same with its derivatives by each operand.
template <typename S, size_t N>
GG_INLINE Vec<S> polynomial_slopes(const S* c, size_t stride, const Vec<S>* x, Vec<S>* out) {
  if constexpr (N == 1) {
    out[0] = spread(c + stride);
    return x[0] * out[0] + c[0];
  } else {
    Vec<S> by_upper[N];
    const Vec<S> low = polynomial_slopes<S, N - 1>(c, stride, x, out);
    out[N - 1] = polynomial_slopes<S, N - 1>(c + (stride << (N - 1)), stride, x, by_upper);
#pragma GCC unroll 8
    for (size_t j = 0; j + 1 < N; ++j) out[j] += x[N - 1] * by_upper[j];
    return low + x[N - 1] * out[N - 1];
  }
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

template <typename S, size_t K, bool kFull>
GG_INLINE void load_operands(const S* const* rows, size_t s, size_t lanes, Vec<S>* v) {
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j) v[j] = load_some<S, kFull>(rows[j] + s, lanes);
}

template <typename S, size_t K, bool kFull, bool kAdded>
GG_INLINE void forward_vector(const S* const* rows, const S* c, size_t s, size_t lanes, S* out) {
  using T = Split<K>;
  load_again();
  Vec<S> v[K], r[T::P];
  load_operands<S, K, kFull>(rows, s, lanes, v);
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a) r[a] = polynomial<S, T::H>(c + a, T::P, v + T::L);
  Vec<S> value = interpolate<S, T::L>(r, v);
  if (kAdded) value += load_some<S, kFull>(out + s, lanes);
  store_some<S, kFull>(out + s, value, lanes);
}

// Adds one vector's gradients of all inputs to the rows `to` after the inputs' own; `p` are the
// products of lower inputs with grad.
template <typename S, size_t K, bool kFull>
GG_INLINE void scatter_vector(const Vec<S>* v, const Vec<S>* p, const Vec<S> grad, const S* c,
                              size_t lanes, S* const* to) {
  using T = Split<K>;
  Vec<S> low[T::P], out[K] = {};
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a) {
    load_again();
    Vec<S> upper[T::H];
    low[a] = polynomial_slopes<S, T::H>(c + a, T::P, v + T::L, upper);
#pragma GCC unroll 8
    for (size_t j = 0; j < T::H; ++j) out[T::L + j] += p[a] * upper[j];
  }
  slopes<S, T::L>(low, v, out);
  // One row after the other: several inputs may read the same wire.
#pragma GCC unroll 8
  for (size_t j = 0; j < K; ++j) {
    const Vec<S> before = load_some<S, kFull>(to[j], lanes);
    store_some<S, kFull>(to[j], before + (j < T::L ? grad * out[j] : out[j]), lanes);
  }
}

// One vector: products of lower inputs with grad, and of upper ones; and the gradient of input j is
// added to what is at to(j).
template <typename S, size_t K, bool kFull, bool kGradX, typename To>
GG_INLINE void backward_vector(const S* const* rows, const S* from, const S* c, S shift, size_t s,
                               size_t lanes, const To& to, Vec<S>* products) {
  using T = Split<K>;
  Vec<S> v[K], p[T::P];
  load_operands<S, K, kFull>(rows, s, lanes, v);
  const Vec<S> grad = load_some<S, kFull>(from + s, lanes);
  products[T::P] = Vec<S>{} + S(1);
  double_by<S, T::H>(v + T::L, products + T::P);
  p[0] = grad;
  double_by<S, T::L>(v, p);
#pragma GCC unroll 8
  for (size_t a = 0; a < T::P; ++a) products[a] = p[a];
  if constexpr (kGradX) {
    if (shift != 0) {
#pragma GCC unroll 8
      for (size_t j = 0; j < K; ++j) v[j] = (S(1) - 2 * shift) * v[j] + shift;
      p[0] = grad;
      double_by<S, T::L>(v, p);
    }
    S* places[K];
#pragma GCC unroll 8
    for (size_t j = 0; j < K; ++j) places[j] = to(j);
    scatter_vector<S, K, kFull>(v, p, grad, c, lanes, places);
  }
}

// Sums over patterns made at once, in registers.
template <size_t K>
constexpr size_t kAtOnce =
    Split<K>::P * (kSums / Split<K>::P < Split<K>::Q ? kSums / Split<K>::P : Split<K>::Q);

// Calls put(sums, i) for all i in steps of kAtOnce<K>: sums[a + P b - i] is the sum over n vectors of
// the products of pattern a and pattern b.
template <typename S, size_t K, typename Put>
GG_INLINE void weigh(const Vec<S> (*products)[Split<K>::P + Split<K>::Q], size_t n,
                     const Put& put) {
  using T = Split<K>;
  constexpr size_t B = kAtOnce<K> / T::P;
  for (size_t b = 0; b < T::Q; b += B) {
    Vec<S> sum[T::P * B] = {};
    for (size_t i = 0; i < n; ++i)
#pragma GCC unroll 8
      for (size_t a = 0; a < T::P; ++a) {
        const Vec<S> p = products[i][a];
#pragma GCC unroll 8
        for (size_t c = 0; c < B; ++c) sum[c * T::P + a] += p * products[i][T::P + b + c];
      }
    put(sum, b * T::P);
  }
}

}  // namespace
}  // namespace gategrad::train::wide
