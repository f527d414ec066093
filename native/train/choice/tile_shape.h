// A tile holds `width` samples, a multiple of 16: value s of feature f is at [f * width + s]. Rows of
// a batch are `stride` apart, of which a tile's first `samples` are there.
#pragma once

#include <stddef.h>

namespace gategrad::train {

inline constexpr size_t kTileUnit = 16;
inline constexpr size_t kWidestTile = 4 * kTileUnit;

struct TileShape {
  size_t width, samples, stride;
};

}  // namespace gategrad::train
