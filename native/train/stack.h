// Forward and backward of consecutive logic layers, tile by tile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "train/common/description.h"
#include "train/conv/kernel.h"
#include "train/kernel.h"
#include "train/plan.h"
#include "train/wide_kernel.h"

namespace gategrad::train {

// One layer and its arrays, all of the caller's.
template <typename S>
struct Layer : LayerDescription {
  const int64_t* indices;   // (pins, n_lists); null as in Wires
  const S* weight;          // see WeightKind
  const S* forward_tables;  // (n_out, 2^k), of a straight-through layer of kEntries
  S* grad_weight;           // backward only; as weight
};

// A batch (batch, n_in) of the scalar type or of bytes that are 0 or 1.
template <typename S>
struct Input {
  const S* values;
  const uint8_t* bytes;
  size_t stride;
};

template <typename S>
struct Stack {
  const StackKernels<S>* kernels;
  const WideKernels<S>* tables;
  const AllWindowKernels<S>* windows;
  std::vector<Layer<S>> layers;
  size_t batch;
  size_t n_groups;  // 0: the output is the last layer's, else the sums of n_groups groups
  S scale;          // of the sums
  size_t threads;
  // Of one layer of tables without groups: x, output and their gradients are (features, batch), with
  // no copy in tiles. So come the rows of learned wiring, one a pin.
  bool features_major;

  size_t n_gates() const;
  size_t width() const { return n_groups ? n_groups : layers.back().n_out; }
  // Elements of what forward keeps for backward: the coefficients with two numbers on how the batch
  // was shared out, and the inputs of all layers.
  size_t coefficients_size() const;
  size_t kept_size() const;
};

// out is (batch, width). `coefficients` receives the coefficients of all gates, `kept` the inputs of
// every layer; a null `kept` keeps nothing. Raises std::out_of_range where a wire is not below its
// layer's n_wires.
template <typename S>
void forward(const Stack<S>& stack, const Input<S>& x, S* out, S* coefficients, S* kept);

// grad_out is (batch, width); grad_x, (batch, n_in) or null, and every layer's grad_weight are
// overwritten. A null `kept` computes the layers' inputs again.
template <typename S>
void backward(const Stack<S>& stack, const Input<S>& x, const S* grad_out, const S* coefficients,
              const S* kept, S* grad_x);

}  // namespace gategrad::train
