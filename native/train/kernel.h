// The border between the training stack and its kernels: plain data and function pointers, as in
// engine/kernel.h and for the same reason.
//
// A tile holds kTile samples: value s of feature f is at [f * kTile + s].
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kTile = 32;

// Four coefficients a gate: y = c0 + c1 a + c2 b + c3 a b.
template <typename S>
struct Gates {
  const int64_t *a, *b;  // features read, n each
  const S* coefficients;  // (n, 4)
  size_t n;
};

template <typename S>
struct Kernels {
  const char* isa;
  // y = gates(x), both tiles.
  void (*forward)(const Gates<S>&, const S* x, S* y);
  // Adds grad * (1, a, b, ab), summed over the tile, to statistics (n, 4), and, where grad_x is
  // not null, factor * grad * (dy/da, dy/db) to the rows that each gate read. Gate g's gradient is
  // row g / group of grad.
  void (*backward)(const Gates<S>&, const S* x, const S* grad, size_t group, S factor, S* grad_x,
                   S* statistics);
  // out[c * kTile + s] = sum of the `size` rows of group c.
  void (*group_sums)(const S* y, size_t n_groups, size_t size, S* out);
  // (rows, n) with `stride` to a tile and back; rows past `rows` are zero in the tile.
  void (*to_tile)(const S* x, size_t stride, size_t rows, size_t n, S* tile);
  void (*bytes_to_tile)(const uint8_t* x, size_t stride, size_t rows, size_t n, S* tile);
  void (*from_tile)(const S* tile, size_t stride, size_t rows, size_t n, S* x);
  // Coefficients of gates [0, n), soft and, where hard is not null, of the hardened gates.
  void (*raw)(const S* weight, size_t n, S* soft, S* hard);
  void (*light)(const S* weight, size_t n, S* soft, S* hard);
  // Gradient of the weights from the gradient of the soft coefficients (n, 4).
  void (*raw_backward)(const S* weight, const S* grad, size_t n, S* grad_weight);
  void (*light_backward)(const S* weight, const S* grad, size_t n, S* grad_weight);
};


extern const Kernels<float> kBaselineFloat;
extern const Kernels<double> kBaselineDouble;
#if defined(__x86_64__)
extern const Kernels<float> kAvx2Float, kAvx512Float;
extern const Kernels<double> kAvx2Double, kAvx512Double;
#endif

}  // namespace gategrad::train
