#include "train/learned.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

LearnedGates gates_of(const LearnedLayer& layer, const int32_t* wires, const float* coefficients) {
  return {layer.candidates, wires, coefficients, layer.n, layer.k};
}

// Whether all are from 0 to n_in - 1; without branches, as vectors.
bool within(const int32_t* candidates, size_t begin, size_t end, size_t n_in) {
  uint32_t most = 0;
  for (size_t i = begin; i < end; ++i)
    most = std::max(most, static_cast<uint32_t>(candidates[i]));
  return begin == end || most < n_in;
}

}  // namespace

bool learned_pack(const LearnedLayer& layer, const float* rows, uint64_t* bits) {
  std::vector<char> exact(layer.threads);
  parallel(layer.threads, [&](size_t thread) {
    Part part = part_of(layer.n_in, thread, layer.threads);
    exact[thread] = layer.kernels->pack(rows, part.begin, part.end, layer.batch, bits);
  });
  return std::all_of(exact.begin(), exact.end(), [](char e) { return e; });
}

void learned_forward(const LearnedLayer& layer, const uint64_t* bits, const float* coefficients,
                     int32_t* wires, float* y) {
  parallel(layer.threads, [&](size_t thread) {
    Part part = part_of(layer.n, thread, layer.threads);
    for (size_t pin = 0; pin < 2; ++pin) {
      size_t begin = pin * layer.n + part.begin, end = pin * layer.n + part.end;
      if (!within(layer.candidates, begin * layer.k, end * layer.k, layer.n_in))
        throw std::out_of_range("a pin has a candidate outside 0 to " +
                                std::to_string(layer.n_in - 1));
      layer.kernels->choose(layer.logits, layer.candidates, begin, end, layer.k, wires);
    }
    layer.kernels->forward(gates_of(layer, wires, coefficients), bits, part.begin, part.end,
                           layer.batch, y);
  });
}

void learned_backward(const LearnedLayer& layer, const uint64_t* bits, const float* coefficients,
                      const int32_t* wires, const float* grad, float factor, float* grad_x,
                      float* grad_coefficients, float* grad_logits) {
  const LearnedGates gates = gates_of(layer, wires, coefficients);
  // Weights by gates, the input by samples: no two threads write to one place, so runs repeat.
  parallel(layer.threads, [&](size_t thread) {
    Part own = part_of(layer.n, thread, layer.threads);
    std::vector<float> scratch(scratch_size(layer.batch, layer.k));
    layer.kernels->backward(gates, layer.logits, bits, grad, own.begin, own.end, layer.batch,
                            scratch.data(), grad_coefficients, grad_logits);
    if (!grad_x) return;
    Part words = part_of(layer.n_words(), thread, layer.threads);
    const size_t first = words.begin * kWord, end = std::min(words.end * kWord, layer.batch);
    for (size_t f = 0; first < end && f < layer.n_in; ++f)
      std::memset(grad_x + f * layer.batch + first, 0, (end - first) * sizeof(float));
    for (size_t word = words.begin; word < words.end; ++word)
      layer.kernels->scatter(gates, bits, grad, word, layer.batch, factor, grad_x);
  });
}

}  // namespace gategrad::train
