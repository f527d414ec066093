// A window that goes over maps: a convolution by trees of gates, or a pool of maxima.
//
// Maps are (channel, row, column), each element a row of a tile; pairs are of rows and columns. A
// tree of `depth` levels is the same at every place. Its gates count level by level: gate n of level
// 0 reads leaves 2 n and 2 n + 1, gate n of a later level the outputs of gates 2 n and 2 n + 1 of the
// level before, and the last one is the output. At depth 1 it may be a gate with more inputs, which
// reads as many leaves. A leaf is a place in the window, (channel * kernel[0] + row) * kernel[1] +
// column, and 0 where that is beyond the border of the map.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kDeepest = 4;

struct Window {
  size_t depth;  // 1 to kDeepest; 0: the maximum of each channel's window, as output channel
  size_t channels, size[2];          // of the input
  size_t out_channels, out_size[2];  // of the output
  size_t kernel[2], stride[2], padding[2];
};

// Places of a window along one axis, [begin, end).
struct Span {
  uint32_t begin, end;
};

// A leaf of a tree: where the row that it reads at the first place would be, and the places at which
// it is within the map.
struct Leaf {
  int64_t row;
  Span lines, columns;
};

}  // namespace gategrad::train
