// Forward and backward of a layer of gates with 2 to 6 inputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/wide_kernel.h"

namespace gategrad::train {

template <typename S>
struct WideLayer {
  const WideKernels<S>* kernels;
  const int64_t* wires;  // (inputs, n)
  size_t inputs, n_in, n, batch, threads;

  size_t n_entries() const { return size_t{1} << inputs; }
};

// Learned weights of `light` (n, n_entries); null where entries are given.
template <typename S>
struct LightWeights {
  const S* weight;
  bool hard_forward;
};

// y (n, batch) of x (n_in, batch). Given entries (n, n_entries) are computed with; those of `light`
// are made of its weights and written there, soft. Raises std::out_of_range where a wire is not
// below n_in.
template <typename S>
void wide_forward(const WideLayer<S>& layer, const LightWeights<S>& light, const S* x, S* entries,
                  S* y);

// From grad (n, batch): grad_x (n_in, batch) or null, and grad_weight (n, n_entries), of the
// entries, or of the weights of `light`. All are overwritten. Inputs' gradients are those at
// shift + (1 - 2 shift) x, times factor.
template <typename S>
void wide_backward(const WideLayer<S>& layer, const S* light_weight, const S* entries, const S* x,
                   const S* grad, S factor, S shift, S* grad_x, S* grad_weight);

}  // namespace gategrad::train
