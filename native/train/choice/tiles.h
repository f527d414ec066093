// Batches as tiles of samples: all features of a tile lie together in a core's own cache, where rows
// that are read in random order cost what rows in order do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "train/buffers.h"
#include "train/parallel.h"
#include "train/choice/tile_shape.h"

namespace gategrad::train {

// Of n features: the widest while a second-level cache of a megabyte holds it, else half of that; a
// batch that is smaller needs less. It depends on the shape alone, since sums over a batch go tile by
// tile.
inline size_t tile_width(size_t n, size_t batch, size_t item) {
  constexpr size_t kCache = size_t{1} << 20;
  size_t width = n * kWidestTile * item <= kCache ? kWidestTile : kWidestTile / 2;
  while (width > kTileUnit && width / 2 >= batch) width /= 2;
  return width;
}

inline size_t tile_count(size_t batch, size_t width) { return (batch + width - 1) / width; }

inline TileShape tile_shape(size_t t, size_t width, size_t batch) {
  return {width, std::min(width, batch - t * width), batch};
}

// The rows (n, batch) tile by tile; samples past the batch are 0.
template <typename S>
class Tiles {
 public:
  Tiles(const S* rows, size_t n, size_t batch, size_t width, size_t threads)
      : batch_(batch), width_(width), size_(n * width_), values_(count() * size_) {
    parallel(threads, [&](size_t thread) {
      const Part part = part_of(n * count(), thread, threads);
      for (size_t i = part.begin; i < part.end; ++i)
        copy(rows + i % n * batch, shape(i / n), i / n * width_, values_.data() + i * width_);
    });
  }
  size_t width() const { return width_; }
  size_t count() const { return tile_count(batch_, width_); }
  TileShape shape(size_t t) const { return tile_shape(t, width_, batch_); }
  const S* tile(size_t t) { return values_.data() + t * size_; }

 private:
  static void copy(const S* row, const TileShape& shape, size_t first, S* to) {
    if (shape.samples == shape.width) {
      for (size_t s = 0; s < shape.width; s += kTileUnit)
        std::memcpy(to + s, row + first + s, kTileUnit * sizeof(S));
      return;
    }
    std::copy_n(row + first, shape.samples, to);
    std::fill(to + shape.samples, to + shape.width, S(0));
  }

  size_t batch_, width_, size_;
  Buffer<S> values_;
};

// Calls body(t, its shape, n items' part) for this thread's share of all items of all tiles.
template <typename S, typename Body>
void each_part(Tiles<S>& tiles, size_t n, size_t thread, size_t threads, const Body& body) {
  auto [at, end] = part_of(n * tiles.count(), thread, threads);
  while (at < end) {
    const size_t t = at / n, first = at % n, last = std::min(n, first + (end - at));
    body(t, tiles.shape(t), Part{first, last});
    at += last - first;
  }
}

// A width for tiles that threads share out, where no sum depends on it.
inline size_t shared_width(size_t width, size_t batch, size_t threads) {
  while (width > kTileUnit && tile_count(batch, width) < threads) width /= 2;
  return width;
}

// rows (n, batch) = factor * what body(number, shape, tile) adds to tiles (n, width) of zeros.
template <typename S, typename Body>
void sum_tiles(size_t n, size_t batch, size_t width, size_t threads, S factor, S* rows,
               const Body& body) {
  const size_t count = tile_count(batch, width), used = std::min(threads, count);
  if (count == 0) return;
  Buffer<S> all(used * n * width);
  parallel(used, [&](size_t thread) {
    const Part tiles = part_of(count, thread, used);
    S* tile = all.data() + thread * n * width;
    for (size_t t = tiles.begin; t < tiles.end; ++t) {
      const TileShape shape = tile_shape(t, width, batch);
      std::fill_n(tile, n * width, S(0));
      body(t, shape, tile);
      for (size_t f = 0; f < n; ++f) {
        const S* from = tile + f * width;
        S* to = rows + f * batch + t * width;
        for (size_t s = 0; s < shape.samples; ++s) to[s] = factor * from[s];
      }
    }
  });
}

}  // namespace gategrad::train
