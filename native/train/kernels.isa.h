// The kernels of stacks of layers: tiles, and weights to coefficients.
#pragma once

#include "train/softmax.isa.h"
#include "train/tile.isa.h"

namespace gategrad::train::values {
namespace {

// Table entries are (1 + sin w) / 2, for inputs 00, 10, 01, 11.
template <typename S>
GG_INLINE void light_group(const S* weight, S* soft, S* hard) {
  Vec<S> w[4], bit[4];
  load_fours<S>(weight, w);
  for (int k = 0; k < 4; ++k) {
    w[k] = S(0.5) * sine<S>(w[k], 0) + S(0.5);
    bit[k] = w[k] > S(0.5) ? Vec<S>{} + S(1) : Vec<S>{};
  }
  const auto put = [](const Vec<S>* w, S* out) __attribute__((always_inline)) {
    const Vec<S> entry[4] = {w[0], w[2], w[1], w[3]};
    store_coefficients(entry, out);
  };
  put(w, soft);
  if (hard) put(bit, hard);
}

template <typename S>
GG_INLINE void light_backward_group(const S* weight, const S* grad, S* out) {
  Vec<S> w[4], c[4];
  load_fours<S>(weight, w);
  load_fours<S>(grad, c);
  c[0] = (c[0] - c[1]) + (c[3] - c[2]);
  c[1] -= c[3];
  c[2] -= c[3];
  for (int k = 0; k < 4; ++k) c[k] *= S(0.5) * sine<S>(w[k], 1);
  store_fours<S>(c, out);
}

template <typename S>
void light(const S* weight, size_t n, S* soft, S* hard) {
  each_group<S>(n, [&](size_t g, size_t count) {
    S* own = hard ? hard + 4 * g : nullptr;
    if (count == kLanes<S>) return light_group<S>(weight + 4 * g, soft + 4 * g, own);
    S in[4 * kLanes<S>] = {}, first[4 * kLanes<S>], second[4 * kLanes<S>];
    __builtin_memcpy(in, weight + 4 * g, 4 * count * sizeof(S));
    light_group<S>(in, first, second);
    __builtin_memcpy(soft + 4 * g, first, 4 * count * sizeof(S));
    if (own) __builtin_memcpy(own, second, 4 * count * sizeof(S));
  });
}

template <typename S>
void light_backward(const S* weight, const S* grad, size_t n, S* grad_weight) {
  each_group<S>(n, [&](size_t g, size_t count) {
    if (count == kLanes<S>)
      return light_backward_group<S>(weight + 4 * g, grad + 4 * g, grad_weight + 4 * g);
    S in[4 * kLanes<S>] = {}, slopes[4 * kLanes<S>] = {}, out[4 * kLanes<S>];
    __builtin_memcpy(in, weight + 4 * g, 4 * count * sizeof(S));
    __builtin_memcpy(slopes, grad + 4 * g, 4 * count * sizeof(S));
    light_backward_group<S>(in, slopes, out);
    __builtin_memcpy(grad_weight + 4 * g, out, 4 * count * sizeof(S));
  });
}

// Gates ahead whose numbers are fetched.
constexpr size_t kPlacesAhead = 24;

template <typename S>
void to_trails(const S* from, const uint32_t* gates, size_t n, S factor, S* to) {
  for (size_t g = 0; g < n; ++g, to += 4) {
    __builtin_prefetch(from + 4 * static_cast<size_t>(gates[g + kPlacesAhead] & ~kMark));
    const S* c = from + 4 * static_cast<size_t>(gates[g] & ~kMark);
    const size_t reversed = gates[g] >> 31;
    const S four[4] = {c[0], factor * c[1 + reversed], factor * c[2 - reversed], factor * c[3]};
    __builtin_memcpy(to, four, sizeof four);
  }
}

template <typename S>
void from_trails(const S* from, size_t stride, size_t n_terms, const uint32_t* places, size_t n,
                 S* to) {
  for (size_t g = 0; g < n; ++g, to += 4) {
    const S* c = from + 4 * static_cast<size_t>(places[g] & ~kMark);
    const S* ahead = from + 4 * static_cast<size_t>(places[g + kPlacesAhead] & ~kMark);
    const size_t reversed = places[g] >> 31;
    S four[4] = {};
    for (size_t t = 0; t < n_terms; ++t, c += stride, ahead += stride) {
      __builtin_prefetch(ahead);
      for (int k = 0; k < 4; ++k) four[k] += c[k];
    }
    to[0] = four[0];
    to[1] = four[1 + reversed];
    to[2] = four[2 - reversed];
    to[3] = four[3];
  }
}

template <typename S>
constexpr StackKernels<S> kernels() {
  return {{tile_kernels<S, 1>(), tile_kernels<S, 2>(), tile_kernels<S, 3>(), tile_kernels<S, 4>()},
          raw<S>,
          light<S>,
          raw_backward<S>,
          light_backward<S>,
          to_trails<S>,
          from_trails<S>};
}

}  // namespace
}  // namespace gategrad::train::values
