// Weights of a stack to the coefficients that its gates compute with, in the order of its plan, and
// sums over the batch back to gradients of weights; a part of stack.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "train/buffers.h"
#include "train/parallel.h"
#include "train/parametrize.h"
#include "train/stack.h"

namespace gategrad::train {

// Numbers of gates' coefficients that one thread computes at a time, and leaves in its own cache.
constexpr size_t kNumbersAtOnce = 1024;

// Coefficients of a gate of the layer: in one set, and before they become the gradient of weights.
template <typename S>
size_t numbers(const Layer<S>& layer) {
  return are_tables(layer.weights) ? size_t{1} << layer.inputs : 4;
}

template <typename S>
const WideShape<S>& shape_of(const Stack<S>& stack, const Layer<S>& layer) {
  return stack.tables->of_inputs[layer.inputs - kFewestInputs];
}

// Where each layer's numbers begin if every gate has `numbers` of them, and how many there are.
template <typename S>
std::vector<size_t> first_numbers(const Stack<S>& stack) {
  std::vector<size_t> first(stack.layers.size() + 1, 0);
  for (size_t l = 0; l < stack.layers.size(); ++l)
    first[l + 1] = first[l] + numbers(stack.layers[l]) * stack.layers[l].n_gates();
  return first;
}

// Of one layer, `numbers` a gate in the order of its plan: to compute outputs with, and to compute
// the gradient of the inputs with. They are the same numbers where they can be.
template <typename P>
struct Coefficients {
  P *forward, *backward;
};

// Kernels of trees apply the factor themselves.
template <typename S>
bool has_two_sets(const Layer<S>& layer) {
  const bool of_trees = layer.window && !are_tables(layer.weights);
  return layer.straight_through || (layer.grad_factor != 1 && !of_trees);
}

// Of the layer whose numbers begin at `first`.
template <typename S, typename P>
Coefficients<P> coefficients_of(const Layer<S>& layer, P* all, size_t first) {
  P* forward = all + 2 * first;
  return {forward, has_two_sets(layer) ? forward + numbers(layer) * layer.n_gates() : forward};
}

// Calls body(layer index, first and last gate within it) for this thread's share of the gates of all
// layers, some gates at a time.
template <typename S, typename Body>
void each_share(const Stack<S>& stack, size_t thread, const Body& body) {
  Part part = part_of(stack.n_gates(), thread, stack.threads);
  size_t first = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const size_t n = stack.layers[l].n_gates(), step = kNumbersAtOnce / numbers(stack.layers[l]);
    size_t begin = std::max(part.begin, first), end = std::min(part.end, first + n);
    for (; begin < end; begin += step) body(l, begin - first, std::min(end, begin + step) - first);
    first += n;
  }
}

// Coefficients of gates [begin, end) of a layer of tables.
template <typename S>
void convert_tables(const Stack<S>& stack, const Layer<S>& layer, size_t begin, size_t end,
                    const Coefficients<S>& c) {
  const size_t n = end - begin, size = numbers(layer), at = begin * size;
  S *forward = c.forward + at, *backward = c.backward + at;
  const auto factor = static_cast<S>(layer.grad_factor);
  const bool two = has_two_sets(layer), hard = layer.straight_through;
  const S *soft = layer.weight + at, *used = hard ? layer.forward_tables + at : soft;
  if (layer.weights == WeightKind::kLightEntries) {
    stack.tables->light(layer.weight + at, n * size, backward, hard ? forward : nullptr);
    soft = backward;
    used = hard ? forward : backward;
  }
  shape_of(stack, layer).coefficients(used, n, S(1), forward);
  if (two) shape_of(stack, layer).coefficients(soft, n, factor, backward);
}

// Coefficients of gates [begin, end) of a window, which keep their order.
template <typename S>
void convert_window(const Stack<S>& stack, const Layer<S>& layer, size_t begin, size_t end,
                    const Coefficients<S>& c) {
  convert<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), end - begin,
             c.backward + 4 * begin, layer.straight_through ? c.forward + 4 * begin : nullptr);
}

// Of all layers, two sets of coefficients to `all`; those along trails by way of the order of the
// gates.
template <typename S>
void compute_coefficients(const Stack<S>& stack, const Plan& plan, S* all) {
  const std::vector<size_t> first = first_numbers(stack);
  Buffer<S> by_gate(2 * first.back());
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      if (are_tables(layer.weights))
        return convert_tables(stack, layer, begin, end, coefficients_of(layer, all, first[l]));
      if (layer.window)
        return convert_window(stack, layer, begin, end, coefficients_of(layer, all, first[l]));
      S* soft = by_gate.data() + 2 * first[l];
      convert<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), end - begin,
                 soft + 4 * begin,
                 layer.straight_through ? soft + 4 * (layer.n_out + begin) : nullptr);
    });
  });
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      if (are_tables(layer.weights) || layer.window) return;
      const Coefficients<S> c = coefficients_of(layer, all, first[l]);
      const S* soft = by_gate.data() + 2 * first[l];
      const uint32_t* gates = plan.layers[l].gates.data() + begin;
      const auto move = [&](const S* from, S factor, S* to) {
        stack.kernels->to_trails(from, gates, end - begin, factor, to + 4 * begin);
      };
      move(layer.straight_through ? soft + 4 * layer.n_out : soft, S(1), c.forward);
      if (has_two_sets(layer)) move(soft, static_cast<S>(layer.grad_factor), c.backward);
    });
  });
}

// Gradients of the weights of gates [begin, end) of tables, of which grad_weight holds the first
// thread's sums; `more` holds the other threads', `stride` apart.
template <typename S>
void finish_tables(const Stack<S>& stack, const Layer<S>& layer, const S* more, size_t stride,
                   size_t n_more, size_t begin, size_t end) {
  const size_t at = begin * numbers(layer), n = (end - begin) * numbers(layer);
  S* sums = layer.grad_weight + at;
  for (size_t t = 0; t < n_more; ++t)
    for (size_t i = 0; i < n; ++i) sums[i] += more[t * stride + at + i];
  if (layer.weights == WeightKind::kLightEntries)
    stack.tables->light_backward(layer.weight + at, sums, n, sums);
}

// The same for a window, all of whose sums are `stride` apart from `own` on. `sums` has room for
// kNumbersAtOnce.
template <typename S>
void finish_window(const Stack<S>& stack, const Layer<S>& layer, const S* own, size_t stride,
                   size_t n_terms, size_t begin, size_t end, S* sums) {
  const size_t at = 4 * begin, n = 4 * (end - begin);
  std::copy(own + at, own + at + n, sums);
  for (size_t t = 1; t < n_terms; ++t)
    for (size_t i = 0; i < n; ++i) sums[i] += own[t * stride + at + i];
  const size_t first = begin * parameters(layer);
  convert_back<S>(*stack.kernels, layer, layer.weight + first, sums, end - begin,
                  layer.grad_weight + first);
}

// Sums the threads' statistics in their order and turns them into gradients of the weights.
template <typename S>
void finish_gradients(const Stack<S>& stack, const Plan& plan, const S* statistics,
                      size_t n_terms) {
  const std::vector<size_t> first = first_numbers(stack);
  parallel(stack.threads, [&](size_t thread) {
    S sums[kNumbersAtOnce];
    each_share(stack, thread, [&](size_t l, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      const S* own = statistics + first[l];
      if (are_tables(layer.weights))
        return finish_tables(stack, layer, own + first.back(), first.back(), n_terms - 1, begin,
                             end);
      if (layer.window)
        return finish_window(stack, layer, own, first.back(), n_terms, begin, end, sums);
      stack.kernels->from_trails(own, first.back(), n_terms, plan.layers[l].places.data() + begin,
                                 end - begin, sums);
      convert_back<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), sums,
                      end - begin, layer.grad_weight + begin * parameters(layer));
    });
  });
}

}  // namespace gategrad::train
