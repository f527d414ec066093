// Sizes that follow from a window. Apart from it, since kernels, which see the window, must define
// nothing with external linkage.
#pragma once

#include <algorithm>
#include <cstddef>

#include "train/conv/window.h"

namespace gategrad::train {

// Places in the window, of all channels.
inline size_t field(const Window& w) { return w.channels * w.kernel[0] * w.kernel[1]; }
inline size_t n_in(const Window& w) { return w.channels * w.size[0] * w.size[1]; }
inline size_t n_out(const Window& w) { return w.out_channels * w.out_size[0] * w.out_size[1]; }
// Of one tree, of gates with `inputs` inputs on level 0.
inline size_t leaves(const Window& w, size_t inputs) {
  return w.depth ? inputs << (w.depth - 1) : 0;
}
// Gates with weights of their own.
inline size_t n_gates(const Window& w) { return ((size_t{1} << w.depth) - 1) * w.out_channels; }

inline bool operator==(const Window& a, const Window& b) {
  const auto same = [](const size_t* x, const size_t* y) { return std::equal(x, x + 2, y); };
  return a.depth == b.depth && a.channels == b.channels && a.out_channels == b.out_channels &&
         same(a.size, b.size) && same(a.out_size, b.out_size) && same(a.kernel, b.kernel) &&
         same(a.stride, b.stride) && same(a.padding, b.padding);
}

}  // namespace gategrad::train
