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

// The layer's outputs to the rows of y.
template <typename S>
void forward_window(const WindowKernels<S>& kernels, const Layer<S>& layer, const LayerPlan& plan,
                    const Coefficients<const S>& c, const S* x, S* y) {
  if (layer.window->depth == 0) return kernels.maxima(*layer.window, plan.outputs.data(), x, y);
  kernels.trees(trees_of(layer, plan, c), x, y);
}

// The gradient of n_in rows of `width` samples, unless null, and of the coefficients.
template <typename S>
void backward_window(const WindowKernels<S>& kernels, const Layer<S>& layer, const LayerPlan& plan,
                     const Coefficients<const S>& c, size_t width, const S* x, const S* grad,
                     S* grad_x, S* statistics, bool is_first) {
  if (grad_x) std::memset(grad_x, 0, layer.n_in * width * sizeof(S));
  if (layer.window->depth)
    kernels.trees_backward(trees_of(layer, plan, c), x, grad, grad_x, statistics, is_first);
  else if (grad_x)
    kernels.maxima_backward(*layer.window, plan.outputs.data(), x, grad, grad_x);
}

}  // namespace gategrad::train
