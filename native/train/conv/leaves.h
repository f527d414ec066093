// The leaves of a convolution as its kernels take them, found once for a wiring.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/conv/window.h"

namespace gategrad::train {

// Places along `axis` at which what is `offset` from the window's start lies within the map.
inline Span places_within(const Window& window, size_t axis, size_t offset) {
  const size_t padding = window.padding[axis], stride = window.stride[axis];
  const size_t end_of_map = window.size[axis] + padding;
  const size_t begin = padding > offset ? (padding - offset + stride - 1) / stride : 0;
  const size_t end = end_of_map > offset ? (end_of_map - offset - 1) / stride + 1 : 0;
  const size_t last = std::min(end, window.out_size[axis]);
  return {static_cast<uint32_t>(std::min(begin, last)), static_cast<uint32_t>(last)};
}

// places: in the window, each below field(window).
inline std::vector<Leaf> leaves_of(const Window& window, const std::vector<uint32_t>& places) {
  std::vector<Leaf> leaves;
  leaves.reserve(places.size());
  for (const size_t place : places) {
    const size_t column = place % window.kernel[1], rest = place / window.kernel[1];
    const size_t line = rest % window.kernel[0], channel = rest / window.kernel[0];
    const auto row =
        static_cast<int64_t>((channel * window.size[0] + line) * window.size[1] + column);
    const auto before =
        static_cast<int64_t>(window.padding[0] * window.size[1] + window.padding[1]);
    leaves.push_back(
        {row - before, places_within(window, 0, line), places_within(window, 1, column)});
  }
  return leaves;
}

}  // namespace gategrad::train
