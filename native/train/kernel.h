// The border between the training stack and its kernels: plain data and function pointers, as in
// engine/kernel.h and for the same reason.
//
// A tile holds `width` samples, a multiple of kBlock: value s of row r is at [r * width + s].
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kBlock = 16;
// Blocks of the widest tile.
inline constexpr size_t kWidest = 4;

// Marks a number of a wire or a gate: what it says depends on the list that it stands in.
inline constexpr uint32_t kMark = uint32_t{1} << 31;

struct Trail {
  uint32_t first;  // the wire that it starts from
  uint32_t n_gates;
};

// Entries by which the lists that kernels read go on past their end, so that they may look ahead.
inline constexpr size_t kMostAhead = 32;

// The gates of a layer along their trails; see LayerPlan for the lists. Four coefficients a gate,
// of y = c0 + c1 a + c2 b + c3 a b, a being the pin that its trail comes from.
template <typename S>
struct Gates {
  const Trail* trails;
  size_t n_trails;
  const uint32_t *visits, *outputs;
  const S* coefficients;
};

// Kernels of one width.
template <typename S>
struct TileKernels {
  // The rows of y that `outputs` names = gates(x). `streamed`: past the caches, for tiles larger
  // than these.
  void (*forward)(const Gates<S>&, const S* x, S* y, bool streamed);
  // Adds gates(x) to the rows of sums.
  void (*forward_sums)(const Gates<S>&, const S* x, S* sums);
  // Sums of grad * (1, a, b, ab) over the tile to statistics (n, 4), or added to what is there
  // unless it is the first; grad being the row that `outputs` names. Where grad_x is not null,
  // grad * (dy/da, dy/db), summed over the gates that read a row, to this row of grad_x; rows that
  // no gate reads are left as they are.
  void (*backward)(const Gates<S>&, const S* x, const S* grad, S* grad_x, S* statistics, bool first,
                   bool streamed);
  // (rows, n) with `stride` to a tile and back; samples past `rows` are zero in the tile.
  void (*to_tile)(const S* x, size_t stride, size_t rows, size_t n, S* tile);
  void (*bytes_to_tile)(const uint8_t* x, size_t stride, size_t rows, size_t n, S* tile);
  void (*from_tile)(const S* tile, size_t stride, size_t rows, size_t n, S* x);
};

template <typename S>
struct StackKernels {
  TileKernels<S> tiles[kWidest];  // 1 block, 2 blocks, ...
  // Coefficients of gates [0, n), soft and, where hard is not null, of the hardened gates.
  void (*raw)(const S* weight, size_t n, S* soft, S* hard);
  void (*light)(const S* weight, size_t n, S* soft, S* hard);
  // Gradient of the weights from the gradient of the soft coefficients (n, 4).
  void (*raw_backward)(const S* weight, const S* grad, size_t n, S* grad_weight);
  void (*light_backward)(const S* weight, const S* grad, size_t n, S* grad_weight);
  // Coefficients from the order of gates to that of trails, all but the constant ones times
  // `factor`: four numbers for each of n entries of `gates`.
  void (*to_trails)(const S* from, const uint32_t* gates, size_t n, S factor, S* to);
  // Their gradients back, the sum of n_terms that lie `stride` apart: four numbers for each of n
  // entries of `places`.
  void (*from_trails)(const S* from, size_t stride, size_t n_terms, const uint32_t* places,
                      size_t n, S* to);
};

}  // namespace gategrad::train
