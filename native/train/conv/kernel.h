// Kernels of windows on one tile: plain data and function pointers, as in train/kernel.h.
#pragma once

#include "train/conv/window.h"
#include "train/kernel.h"
#include "train/wide_kernel.h"

namespace gategrad::train {

// The trees of a convolution. Coefficients are four a gate, those of gate n of channel c at
// [n * out_channels + c].
template <typename S>
struct Trees {
  const Window* window;
  const Leaf* leaves;       // (leaves, out_channels)
  const uint32_t* outputs;  // the row of each output
  const S *forward, *backward;
  S factor;  // on the gradient of the input
};

// Kernels of one width. Rows of x and grad_x are in the order of the maps; what is said to be added to
// grad_x is added to what is there.
template <typename S>
struct WindowKernels {
  // The rows of y that `outputs` names.
  void (*trees)(const Trees<S>&, const S* x, S* y);
  // As TileKernels::backward; statistics are of gates, in the order of the coefficients.
  void (*trees_backward)(const Trees<S>&, const S* x, const S* grad, S* grad_x, S* statistics,
                         bool first);
  void (*maxima)(const Window&, const uint32_t* outputs, const S* x, S* y);
  // The gradient is that of the first of equal maxima.
  void (*maxima_backward)(const Window&, const uint32_t* outputs, const S* x, const S* grad,
                          S* grad_x);
};

// The gates of a convolution of depth 1 as tables of some number of inputs, whose coefficients are
// those of wide_kernel.h, channel by channel.
template <typename S>
struct WindowTables {
  const Window* window;
  const Leaf* leaves;       // (inputs, out_channels)
  const uint32_t* outputs;  // the row of each output
  const S *forward, *backward;
  S smoothing;
};

// For one number of inputs and tiles of any width; what is said of trees holds here too.
template <typename S>
struct WindowTableKernels {
  void (*forward)(const WindowTables<S>&, size_t width, const S* x, S* y);
  // `sums` are the gradients of entries, in the order of the coefficients.
  void (*backward)(const WindowTables<S>&, size_t width, const S* x, const S* grad, S* grad_x,
                   S* sums, bool first);
};

template <typename S>
struct AllWindowKernels {
  WindowKernels<S> tiles[kWidest];  // 1 block, 2 blocks, ...
  WindowTableKernels<S> of_inputs[kMostInputs - kFewestInputs + 1];
};

}  // namespace gategrad::train
