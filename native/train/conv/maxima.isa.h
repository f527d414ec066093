// The maxima of a window's places, channel by channel.
#pragma once

#include "train/conv/kernel.h"
#include "train/vec.isa.h"

namespace gategrad::train::windows {
namespace {

// NaN is the maximum of what it is among.
template <typename S>
GG_INLINE Vec<S> larger(Vec<S> a, Vec<S> b) {
  const Int<S> kept = (Int<S>)(a >= b) | (Int<S>)(a != a);
  return (Vec<S>)(((Int<S>)a & kept) | ((Int<S>)b & ~kept));
}

// Calls body(first element of the window, number of the output) for all places of all channels.
template <size_t kWidth, typename Body>
GG_INLINE void each_place(const Window& w, const Body& body) {
  size_t output = 0;
  for (size_t channel = 0; channel < w.channels; ++channel)
    for (size_t line = 0; line < w.out_size[0]; ++line)
      for (size_t column = 0; column < w.out_size[1]; ++column) {
        const size_t row = channel * w.size[0] + line * w.stride[0];
        body((row * w.size[1] + column * w.stride[1]) * kWidth, output++);
      }
}

// Calls body(element) for the window's elements, the first of which is at `first`, in their order.
template <size_t kWidth, typename Body>
GG_INLINE void each_element(const Window& w, size_t first, const Body& body) {
  for (size_t line = 0; line < w.kernel[0]; ++line)
    for (size_t column = 0; column < w.kernel[1]; ++column)
      body(first + (line * w.size[1] + column) * kWidth);
}

template <typename S, size_t kWidth>
GG_INLINE Vec<S> maximum(const Window& w, const S* x, size_t first) {
  Vec<S> most = load(x + first);
  each_element<kWidth>(w, first, [&](size_t at) { most = larger<S>(most, load(x + at)); });
  return most;
}

template <typename S, size_t kWidth>
void maxima(const Window& w, const uint32_t* outputs, const S* x, S* y) {
  each_place<kWidth>(w, [&](size_t first, size_t output) {
    S* to = y + outputs[output] * kWidth;
    for (size_t v = 0; v < kWidth; v += kLanes<S>)
      store<S>(to + v, maximum<S, kWidth>(w, x, first + v));
  });
}

template <typename S, size_t kWidth>
void maxima_backward(const Window& w, const uint32_t* outputs, const S* x, const S* grad,
                     S* grad_x) {
  each_place<kWidth>(w, [&](size_t first, size_t output) {
    for (size_t v = 0; v < kWidth; v += kLanes<S>) {
      const Vec<S> most = maximum<S, kWidth>(w, x, first + v);
      Int<S> left = (Int<S>)load(grad + outputs[output] * kWidth + v);
      each_element<kWidth>(w, first + v, [&](size_t at) {
        const Int<S> is_most = (Int<S>)(load(x + at) == most);
        store<S>(grad_x + at, load(grad_x + at) + (Vec<S>)(left & is_most));
        left &= ~is_most;
      });
    }
  });
}

}  // namespace
}  // namespace gategrad::train::windows
