// Weights to coefficients, and the gradient of coefficients back to that of the weights.
#pragma once

#include <cstddef>
#include <cstring>

#include "train/common/description.h"
#include "train/kernel.h"

namespace gategrad::train {

// Numbers of a polynomial's weights. A layer has a kind of weights and says whether it is
// straight-through.
template <typename Layer>
size_t parameters(const Layer& layer) {
  if (layer.weights == WeightKind::kLogits) return 16;
  return layer.weights == WeightKind::kCoefficients && layer.straight_through ? 8 : 4;
}

// Coefficients of n gates from their weights; `hard` may be null.
template <typename S, typename Layer>
void convert(const StackKernels<S>& kernels, const Layer& layer, const S* weight, size_t n, S* soft,
             S* hard) {
  if (layer.weights == WeightKind::kLogits) return kernels.raw(weight, n, soft, hard);
  if (layer.weights == WeightKind::kLight) return kernels.light(weight, n, soft, hard);
  for (size_t g = 0; g < n; ++g, weight += parameters(layer)) {
    std::memcpy(soft + 4 * g, weight, 4 * sizeof(S));
    if (hard) std::memcpy(hard + 4 * g, weight + 4, 4 * sizeof(S));
  }
}

// Gradient of the weights of n gates from that of their soft coefficients.
template <typename S, typename Layer>
void convert_back(const StackKernels<S>& kernels, const Layer& layer, const S* weight,
                  const S* grad, size_t n, S* grad_weight) {
  if (layer.weights == WeightKind::kLogits)
    return kernels.raw_backward(weight, grad, n, grad_weight);
  if (layer.weights == WeightKind::kLight)
    return kernels.light_backward(weight, grad, n, grad_weight);
  for (size_t g = 0; g < n; ++g, grad_weight += parameters(layer)) {
    std::memcpy(grad_weight, grad + 4 * g, 4 * sizeof(S));
    if (layer.straight_through) std::memset(grad_weight + 4, 0, 4 * sizeof(S));
  }
}

}  // namespace gategrad::train
