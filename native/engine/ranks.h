// Few columns with many thresholds: a value becomes its rank among the thresholds of its column,
// once, and every threshold is one compare of bytes, 64 rows at a time.
//
// Plain data, which kernels include.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad {

// Thresholds of a column that a byte can count; a column with more is taken several times.
inline constexpr uint32_t kMostRanked = 255;
// Rows whose ranks are found at a time, and room for those of a block.
inline constexpr size_t kRankRows = 64, kRankBytes = 512;

// `n` thresholds in rising order: bit j is x >= threshold j, and so false for NaN. They are found by
// searching a tree of 2^levels - 1 nodes, numbered from 1 as in a heap; what it has too many is NaN.
struct RankColumn {
  uint32_t feature, n, levels;
  uint32_t first_node;   // into the trees; a node's number is added
  uint32_t first_slot;   // of bit 0, into the slots
  uint32_t first_byte;   // into the ranks of the 256 values of a uint8
  uint32_t first_least;  // into the thresholds one after the other
};

struct RankView {
  const RankColumn* columns;
  size_t n_columns;
  const float* f32;  // float32 at least as large as the threshold in float64
  const double* f64;
  const float* least_f32;  // the same, of each column in rising order
  const double* least_f64;
  const uint8_t* bytes;
  const uint32_t* slots;
};

}  // namespace gategrad
