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

// The tables: made of learned weights of `light` (n, n_entries) whenever they are needed, or given
// as soft entries (n, n_entries). Of these derivatives are taken.
template <typename S>
struct WideTables {
  const S* light_weight;  // null where entries are given
  const S* soft;          // given entries, else null
};

// y (n, batch) of x (n_in, batch). Computed with, instead of the soft tables, are given `forward`
// entries where these are not null, and with `hard` the tables that the weights of `light` harden
// to. Raises std::out_of_range where a wire is not below n_in.
template <typename S>
void wide_forward(const WideLayer<S>& layer, const WideTables<S>& tables, bool hard,
                  const S* forward, const S* x, S* y);

// From grad (n, batch): grad_x (n_in, batch) or null, and grad_weight (n, n_entries), of the
// weights or the entries. All are overwritten. Inputs' gradients are those at
// shift + (1 - 2 shift) x, times factor.
template <typename S>
void wide_backward(const WideLayer<S>& layer, const WideTables<S>& tables, const S* x,
                   const S* grad, S factor, S shift, S* grad_x, S* grad_weight);

}  // namespace gategrad::train
