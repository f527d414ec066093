// The kernels of gates with 2 to 6 inputs.
#pragma once

#include "train/wide_kernel.h"
#include "train/wide_vector.isa.h"

namespace gategrad::train::wide {
namespace {

// The rows that gate g reads, `stride` apart.
template <typename S, size_t K>
GG_INLINE void rows_of(const WideGates& gates, size_t g, const S* x, size_t stride,
                       const S** rows) {
  for (size_t j = 0; j < K; ++j) rows[j] = x + gates.wires[j * gates.n + g] * stride;
}

// Gates ahead whose rows are fetched: wires are random, so no hardware prefetcher sees them. A vector
// at a time, since a core drops or waits for fetches that come too fast.
constexpr size_t kWideAhead = 3;

// The rows of the gate that many ahead; past the last gate, those of the last one.
template <typename S, size_t K>
GG_INLINE size_t rows_ahead(const WideGates& gates, size_t g, const S* x, size_t stride,
                            const S** rows) {
  const size_t ahead = g + kWideAhead < gates.n ? g + kWideAhead : gates.n - 1;
  rows_of<S, K>(gates, ahead, x, stride, rows);
  return ahead;
}

template <typename S, size_t K, bool kAdded>
void forward_gates(const WideGates& gates, const S* c, const Rows<const S>& x, size_t samples,
                   const Rows<S>& y) {
  using T = Split<K>;
  for (size_t g = 0; g < gates.n; ++g, c += T::kEntries) {
    const S *rows[K], *ahead[K];
    rows_of<S, K>(gates, g, x.values, x.stride, rows);
    rows_ahead<S, K>(gates, g, x.values, x.stride, ahead);
    S* out = y.values + gates.outputs[g] * y.stride;
    size_t s = 0;
    for (; s + kLanes<S> <= samples; s += kLanes<S>) {
#pragma GCC unroll 8
      for (size_t j = 0; j < K; ++j) __builtin_prefetch(ahead[j] + s);
      forward_vector<S, K, true, kAdded>(rows, c, s, kLanes<S>, out);
    }
    if (s < samples) forward_vector<S, K, false, kAdded>(rows, c, s, samples - s, out);
  }
}

template <typename S, size_t K>
void forward(const WideGates& gates, const S* c, const Rows<const S>& x, size_t samples,
             const Rows<S>& y, bool added) {
  if (added)
    forward_gates<S, K, true>(gates, c, x, samples, y);
  else
    forward_gates<S, K, false>(gates, c, x, samples, y);
}

template <typename S, size_t K, bool kGradX>
void backward_gates(const WideGates& gates, const S* c, const Rows<const S>& x,
                    const Rows<const S>& grad, size_t samples, S shift, S* grad_x, S* sums,
                    bool first) {
  using T = Split<K>;
  const ptrdiff_t to_x = kGradX ? grad_x - x.values : 0;
  for (size_t g = 0; g < gates.n; ++g, c += T::kEntries, sums += T::kEntries) {
    const S *rows[K], *ahead[K];
    rows_of<S, K>(gates, g, x.values, x.stride, rows);
    const size_t next = rows_ahead<S, K>(gates, g, x.values, x.stride, ahead);
    const S* from = grad.values + gates.outputs[g] * grad.stride;
    const S* from_ahead = grad.values + gates.outputs[next] * grad.stride;
    bool is_first = first;
    for (size_t s = 0; s < samples; s += kWeighed * kLanes<S>) {
      Vec<S> products[kWeighed][T::P + T::Q];
      size_t n = 0, at = s;
      const auto to = [&](size_t j) { return const_cast<S*>(rows[j]) + to_x + at; };
      for (; n < kWeighed && at + kLanes<S> <= samples; ++n, at += kLanes<S>) {
        __builtin_prefetch(from_ahead + at);
#pragma GCC unroll 8
        for (size_t j = 0; j < K; ++j) {
          __builtin_prefetch(ahead[j] + at);
          if (kGradX) __builtin_prefetch(ahead[j] + to_x + at);
        }
        backward_vector<S, K, true, kGradX>(rows, from, c, shift, at, kLanes<S>, to, products[n]);
      }
      if (n < kWeighed && at < samples)
        backward_vector<S, K, false, kGradX>(rows, from, c, shift, at, samples - at, to,
                                             products[n++]);
      weigh<S, K>(products, n, [&](const Vec<S>* own, size_t i) {
        add_sums<S, kAtOnce<K>>(own, sums + i, is_first);
      });
      is_first = false;
    }
  }
}

template <typename S, size_t K>
void backward(const WideGates& gates, const S* c, const Rows<const S>& x, const Rows<const S>& grad,
              size_t samples, S shift, S* grad_x, S* sums, bool first) {
  if (grad_x)
    backward_gates<S, K, true>(gates, c, x, grad, samples, shift, grad_x, sums, first);
  else
    backward_gates<S, K, false>(gates, c, x, grad, samples, shift, grad_x, sums, first);
}

template <typename S, size_t K>
void coefficients(const S* entries, size_t n, S factor, S* c) {
  using T = Split<K>;
  for (size_t g = 0; g < n; ++g, entries += T::kEntries, c += T::kEntries) {
    S own[T::kEntries];
    for (size_t i = 0; i < T::kEntries; ++i) own[i] = factor * entries[i];
#pragma GCC unroll 8
    for (size_t half = T::P; half < T::kEntries; half *= 2)
#pragma GCC unroll 8
      for (size_t first = 0; first < T::kEntries; first += 2 * half)
        for (size_t i = first; i < first + half; ++i) own[i + half] -= own[i];
    for (size_t i = 0; i < T::kEntries; ++i) c[i] = own[i];
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
  return {coefficients<S, K>, forward<S, K>, backward<S, K>};
}

template <typename S>
constexpr WideKernels<S> kernels() {
  return {{shape<S, 2>(), shape<S, 3>(), shape<S, 4>(), shape<S, 5>(), shape<S, 6>()},
          light<S>,
          light_backward<S>};
}

}  // namespace
}  // namespace gategrad::train::wide
