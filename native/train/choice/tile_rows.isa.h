// Rows of which a tile has a part, and their vectors, a few at a time.
#pragma once

#include "train/choice/tile_shape.h"
#include "train/vec.isa.h"

namespace gategrad::train {
namespace {

template <size_t N>
struct Count {
  constexpr size_t operator()() const { return N; }
};

// Calls body(how many vectors, their first sample) until a width is done; four where there are.
template <typename S, typename Body>
GG_INLINE void each_vectors(size_t width, const Body& body) {
  constexpr size_t kUnit = kTileUnit / kLanes<S>;
  if constexpr (kUnit >= 4) {
    for (size_t s = 0; s < width; s += 4 * kLanes<S>) body(Count<4>{}, s);
  } else {
    size_t s = 0;
    for (; s + 4 * kLanes<S> <= width; s += 4 * kLanes<S>) body(Count<4>{}, s);
    for (; s + 2 * kLanes<S> <= width; s += 2 * kLanes<S>) body(Count<2>{}, s);
    if constexpr (kUnit == 1)
      for (; s < width; s += kLanes<S>) body(Count<1>{}, s);
  }
}

// Asks the memory for the samples of the row that is kRowsAhead after one: rows of a batch lie too far
// apart for it to guess, and what is computed of a row can fill all places where work waits.
inline constexpr size_t kRowsAhead = 4;

template <typename S>
GG_INLINE void fetch_ahead(const S* row, const TileShape& shape) {
  constexpr size_t kLine = 64 / sizeof(S);
  const S* ahead = row + kRowsAhead * shape.stride;
  for (size_t s = 0; s < shape.samples; s += kLine) __builtin_prefetch(ahead + s);
}

// A row's samples of a tile; a part of the last tile is copied, and zeros follow.
template <typename S>
struct RowIn {
  GG_INLINE RowIn(const S* row, const TileShape& shape) : from(row) {
    if (shape.samples == shape.width) return;
    for (size_t s = 0; s < shape.width; ++s) part[s] = s < shape.samples ? row[s] : S(0);
    from = part;
  }
  const S* from;
  S part[kWidestTile];
};

// Where a row's samples of a tile go; `finish` copies those that there are of the last tile.
template <typename S>
struct RowOut {
  GG_INLINE RowOut(S* row, const TileShape& shape)
      : to(shape.samples == shape.width ? row : part), row_(row), samples_(shape.samples) {}
  GG_INLINE void finish() {
    if (to == row_) return;
    for (size_t s = 0; s < samples_; ++s) row_[s] = part[s];
  }
  S* to;

 private:
  S* row_;
  size_t samples_;
  S part[kWidestTile];
};

}  // namespace
}  // namespace gategrad::train
