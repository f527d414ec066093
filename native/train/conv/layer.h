// A convolution or pool as a layer of a stack, on one tile; a part of stack.cpp.
#pragma once

#include <cstddef>
#include <cstring>

#include "train/coefficients.h"
#include "train/conv/kernel.h"
#include "train/plan.h"
#include "train/stack.h"

namespace gategrad::train {

template <typename S>
Trees<S> trees_of(const Layer<S>& layer, const LayerPlan& plan, const Coefficients<const S>& c) {
  return {&*layer.window, plan.leaves.data(), plan.outputs.data(),
          c.forward,      c.backward,         static_cast<S>(layer.grad_factor)};
}

template <typename S>
WindowTables<S> window_tables_of(const Layer<S>& layer, const LayerPlan& plan,
                                 const Coefficients<const S>& c) {
  return {&*layer.window, plan.leaves.data(), plan.outputs.data(),
          c.forward,      c.backward,         static_cast<S>(layer.smoothing)};
}

template <typename S>
const WindowTableKernels<S>& table_kernels_of(const AllWindowKernels<S>& kernels,
                                              const Layer<S>& layer) {
  return kernels.of_inputs[layer.inputs - kFewestInputs];
}

// The layer's outputs to the rows of y, of `width` samples.
template <typename S>
void forward_window(const AllWindowKernels<S>& all, const Layer<S>& layer, const LayerPlan& plan,
                    const Coefficients<const S>& c, size_t width, const S* x, S* y) {
  const WindowKernels<S>& kernels = all.tiles[width / kBlock - 1];
  if (layer.window->depth == 0)
    kernels.maxima(*layer.window, plan.outputs.data(), x, y);
  else if (are_tables(layer.weights))
    table_kernels_of(all, layer).forward(window_tables_of(layer, plan, c), width, x, y);
  else
    kernels.trees(trees_of(layer, plan, c), x, y);
}

// The gradient of n_in rows of `width` samples, unless null, and of the coefficients, or of entries.
template <typename S>
void backward_window(const AllWindowKernels<S>& all, const Layer<S>& layer, const LayerPlan& plan,
                     const Coefficients<const S>& c, size_t width, const S* x, const S* grad,
                     S* grad_x, S* statistics, bool is_first) {
  const WindowKernels<S>& kernels = all.tiles[width / kBlock - 1];
  if (grad_x) std::memset(grad_x, 0, layer.n_in * width * sizeof(S));
  if (layer.window->depth && are_tables(layer.weights))
    table_kernels_of(all, layer)
        .backward(window_tables_of(layer, plan, c), width, x, grad, grad_x, statistics, is_first);
  else if (layer.window->depth)
    kernels.trees_backward(trees_of(layer, plan, c), x, grad, grad_x, statistics, is_first);
  else if (grad_x)
    kernels.maxima_backward(*layer.window, plan.outputs.data(), x, grad, grad_x);
}

}  // namespace gategrad::train
