// Consecutive layers with learned wires, straight-through, on inputs that are bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/bits/batch.h"
#include "train/kernel.h"
#include "train/bits/kernel.h"
#include "train/stack.h"

namespace gategrad::train {

// One layer's arrays, all of the caller's.
struct LearnedLayer {
  const int32_t* candidates;         // (2, n, k), or null: wires are `indices`
  const float* logits;               // (2, n, k)
  const int64_t* indices;            // (2, n)
  const float* weight;               // as in train/stack.h
  float *grad_logits, *grad_weight;  // backward only; null where not wanted
  size_t n_in, n, k;
  WeightKind weights;
  bool straight_through;
  float grad_factor;
};

struct LearnedStack {
  const LearnedKernels* kernels;
  const StackKernels<float>* parametrizations;
  std::vector<LearnedLayer> layers;
  size_t batch;
  size_t n_groups;  // 0: the output is the last layer's, else the sums of n_groups groups
  float scale;      // of the sums
  size_t threads;

  size_t n_words() const { return (batch + kWord - 1) / kWord; }
};

// What forward keeps for backward, one layer after the other.
struct LearnedKept {
  uint64_t* bits;       // of each layer's inputs, (n_in, n_words)
  int32_t* wires;       // (2, n)
  float* coefficients;  // soft and forward ones, (2, n, 4)
};

// out is (batch, n_groups) or (n, batch). False where the input is no bits; then nothing else is
// done. All layers but the last are straight-through. Raises std::out_of_range where a candidate or
// index is not below its layer's n_in.
bool learned_forward(const LearnedStack& stack, const LearnedInput& x, const LearnedKept& kept,
                     float* out);

// grad_out is (batch, n_groups), or as an input of the last layer's width. grad_x, (n_in, batch) or
// null, and all gradients of the layers are overwritten.
void learned_backward(const LearnedStack& stack, const LearnedKept& kept,
                      const LearnedInput& grad_out, float* grad_x);

}  // namespace gategrad::train
