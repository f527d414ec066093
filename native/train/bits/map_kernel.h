// Kernels of convolutions and pools on maps of bits: plain data and function pointers, as in
// train/kernel.h and for the same reason.
//
// A map is cells row by row, its border among them, whose bits are 0. A cell is `n_words` words, one
// bit a sample, as in train/bits/kernel.h. Gradients go by tiles of kTile samples: a cell of a tile is
// kTile numbers.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kTile = 16;
// Of a gate of a map.
inline constexpr size_t kFewestLeaves = 2, kMostLeaves = 4;

// A gate or the OR of a window at all places of one output map.
struct MapPlaces {
  size_t lines, columns;  // of the output
  size_t down, right;     // cells of the input from one place to the next
  const size_t* leaves;   // cells of the input that are read at the first place
  size_t n_leaves, n_words;
};

// Where the cells of an output map lie: cells to the next line and numbers to the next cell.
struct MapCells {
  size_t down, pitch;
};

struct MapKernels {
  // The gates' bits of one map to y, whose lines are `down` cells apart. table: entry e is bit e,
  // leaf i being bit i of e.
  void (*bits[kMostLeaves - kFewestLeaves + 1])(const MapPlaces&, uint64_t table, const uint64_t* x,
                                                size_t down, uint64_t* y);
  // On tile `tile`, of the gradient of one map's outputs: the sums of the entries' gradients
  // (2^leaves) to `sums`; and unless grad_x is null, factor * grad * dy/dleaf is added to the cells
  // that the leaves read. entries (2^leaves) are those to differentiate.
  void (*backward[kMostLeaves - kFewestLeaves + 1])(const MapPlaces&, const float* entries,
                                                    float factor, const uint64_t* x, size_t tile,
                                                    const float* grad, MapCells cells,
                                                    float* grad_x, float* sums);
  // The OR of each window.
  void (*any)(const MapPlaces&, const uint64_t* x, size_t down, uint64_t* y);
  // Adds the gradient to the first of equal leaves.
  void (*any_backward)(const MapPlaces&, const uint64_t* x, size_t tile, const float* grad,
                       MapCells cells, float* grad_x);
  // n cells as values (n, batch).
  void (*unpack)(const uint64_t* bits, size_t n, size_t n_words, size_t batch, float* y);
};

}  // namespace gategrad::train
