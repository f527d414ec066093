// Forward and backward of a layer with learned wires, straight-through, on inputs that are bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/learned_kernel.h"

namespace gategrad::train {

struct LearnedLayer {
  const LearnedKernels* kernels;
  const int32_t* candidates;  // (2, n, k)
  const float* logits;        // (2, n, k)
  size_t n_in, n, k, batch, threads;

  size_t n_words() const { return (batch + kWord - 1) / kWord; }
};

// Packs rows (n_in, batch) into bits (n_in, n_words); false where a value is neither 0 nor 1.
bool learned_pack(const LearnedLayer& layer, const float* rows, uint64_t* bits);

// wires (2, n): the candidates of the largest logits. y (n, batch): the gates, with coefficients
// (n, 4). Raises std::out_of_range where a candidate is not below n_in.
void learned_forward(const LearnedLayer& layer, const uint64_t* bits, const float* coefficients,
                     int32_t* wires, float* y);

// From grad (n, batch) and the wires of the forward pass: grad_x (n_in, batch) or null, the gradients
// of the coefficients (n, 4) and of the logits. All are overwritten.
void learned_backward(const LearnedLayer& layer, const uint64_t* bits, const float* coefficients,
                      const int32_t* wires, const float* grad, float factor, float* grad_x,
                      float* grad_coefficients, float* grad_logits);

}  // namespace gategrad::train
