// The gradient of the softmax over the candidates of a pin.
#pragma once

#include "train/learned_lanes.isa.h"
#include "train/softmax.isa.h"

namespace gategrad::train::bits {
namespace {

// d = q (d - sum q d), q = softmax(logits), k numbers; padded lanes take no part.
GG_INLINE void softmax_gradient(const float* logits, size_t k, float* d) {
  const Floats floor = Floats{} - 87.0f;
  Floats top = Floats{} + logits[0], total{}, mean{};
  for (size_t at = 0; at < k; at += kLanes<float>) {
    size_t lanes = lanes_of(0, k - at);
    Floats v = load_part(logits + at, lanes);
    for (size_t l = lanes; l < kLanes<float>; ++l) v[l] = logits[0];
    top = v > top ? v : top;
  }
  const float highest = lane_max(top);
  const auto share = [&](size_t at, size_t lanes) {
    Floats below = load_part(logits + at, lanes) - highest;
    return exponential<float>(below < floor ? floor : below);
  };
  for (size_t at = 0; at < k; at += kLanes<float>) {
    size_t lanes = lanes_of(0, k - at);
    Floats part = share(at, lanes);
    for (size_t l = lanes; l < kLanes<float>; ++l) part[l] = 0;
    total += part;
    mean += part * load_part(d + at, lanes);
  }
  const float scale = 1.0f / lane_sum(total), middle = scale * lane_sum(mean);
  for (size_t at = 0; at < k; at += kLanes<float>) {
    size_t lanes = lanes_of(0, k - at);
    Floats centred = load_part(d + at, lanes) - middle;
    store_part(d + at, scale * share(at, lanes) * centred, lanes);
  }
}

#if defined(__AVX512F__)
// The same for 16 pins of 16 candidates, whose sums over lanes are made together.
GG_INLINE void softmax_gradients16(const float* logits, float* d) {
  const Floats floor = Floats{} - 87.0f;
  Floats part[16], product[16];
  float top[16], scale[16], middle[16], total[16], mean[16];
  for (size_t i = 0; i < 16; ++i) part[i] = load(logits + 16 * i);
  lanes_of_each<Largest>(part, 16, top);
  for (size_t i = 0; i < 16; ++i) {
    Floats below = part[i] - top[i];
    part[i] = exponential<float>(below < floor ? floor : below);
    product[i] = part[i] * load(d + 16 * i);
  }
  lanes_of_each<Sum>(part, 16, total);
  lanes_of_each<Sum>(product, 16, mean);
  store<float>(scale, 1.0f / load(total));
  store<float>(middle, load(scale) * load(mean));
  for (size_t i = 0; i < 16; ++i)
    store<float>(d + 16 * i, (scale[i] * part[i]) * (load(d + 16 * i) - middle[i]));
}
#elif defined(__AVX2__)
// The same for 8 pins of 16 candidates, by columns.
GG_INLINE void softmax_gradients8(const float* logits, float* d) {
  Floats share[16], slope[16];
  load_columns<float>(logits, share);
  exponentials<float>(share);
  load_columns<float>(d, slope);
  Floats total{}, mean{};
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    total += share[i];
    mean += share[i] * slope[i];
  }
  const Floats scale = 1.0f / total;
  mean *= scale;
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) slope[i] = (scale * share[i]) * (slope[i] - mean);
  store_columns<float>(slope, d);
}
#endif

void softmax(const float* logits, size_t begin, size_t end, size_t k, float* d) {
  size_t pin = begin;
#if defined(__AVX512F__)
  for (; k == 16 && pin + 16 <= end; pin += 16) softmax_gradients16(logits + pin * k, d + pin * k);
#elif defined(__AVX2__)
  for (; k == 16 && pin + 8 <= end; pin += 8) softmax_gradients8(logits + pin * k, d + pin * k);
#endif
  for (; pin < end; ++pin) softmax_gradient(logits + pin * k, k, d + pin * k);
}

}  // namespace
}  // namespace gategrad::train::bits
