// The border of learned wires on bits. gategrad/nn/executors/cpu/native_learned.py is the only caller;
// it vouches for the arrays' lifetimes, and what it says of types and shapes is compared with the
// description.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.h"
#include "train/bind.h"
#include "train/bits/bind_batch.h"
#include "train/bits/learned.h"
#include "train/common/arrays.h"

namespace gategrad {
namespace {

using namespace train;

struct BitLayer {
  size_t n_in, n, candidates;  // of a pin; 0: wires are given
  int weights;                 // WeightKind
  bool straight_through;
  double grad_factor;
};

struct BitStack {
  std::string isa;
  std::vector<BitLayer> layers;
  size_t batch;
  size_t n_groups;  // 0: the output is the last layer's, else the sums of n_groups groups
  double scale;     // of the sums
  size_t threads;
};

// Of each layer: weights; logits (2, n, k) and int32 candidates (2, n, k), or none and int64 wires
// (2, n). Gradients have the shapes of weights and logits; none: not wanted.
struct BitArrays {
  std::vector<Array> weights;
  std::vector<Given> logits;
  std::vector<Array> wires;
};

struct BitGradients {
  std::vector<Given> weights, logits;
};

template <typename S, typename A>
S* weights_of(const BitLayer& layer, const A& array) {
  const size_t sets = layer.straight_through ? 2 : 1;
  switch (static_cast<WeightKind>(layer.weights)) {
    case WeightKind::kLogits: return elements<S>(array, {layer.n, 16}, "a weight");
    case WeightKind::kLight: return elements<S>(array, {layer.n, 4}, "a weight");
    case WeightKind::kCoefficients: return elements<S>(array, {layer.n, sets, 4}, "a weight");
    default: break;
  }
  throw std::invalid_argument(
      "bits are computed by gates with two inputs, whose weights are "
      "logits, angles or coefficients");
}

void check(const BitStack& stack, const BitArrays& arrays, const BitGradients* grads) {
  const size_t n = stack.layers.size();
  const bool complete = arrays.weights.size() == n && arrays.logits.size() == n &&
                        arrays.wires.size() == n &&
                        (!grads || (grads->weights.size() == n && grads->logits.size() == n));
  if (n == 0 || stack.threads == 0 || !complete)
    throw std::invalid_argument("a stack has layers, threads, and arrays of each layer");
  for (size_t l = 1; l < n; ++l)
    if (stack.layers[l].n_in != stack.layers[l - 1].n)
      throw std::invalid_argument("a layer of " + std::to_string(stack.layers[l - 1].n) +
                                  " gates is followed by one of " +
                                  std::to_string(stack.layers[l].n_in) + " inputs");
  if (stack.n_groups && stack.layers.back().n % stack.n_groups)
    throw std::invalid_argument("groups do not divide the outputs");
}

LearnedStack make_stack(const BitStack& stack, const BitArrays& arrays, const BitGradients* grads) {
  check(stack, arrays, grads);
  const KernelSet& kernels = *instruction_set(stack.isa).kernels;
  LearnedStack made{&kernels.bits,  &kernels.floats.stack,           {},           stack.batch,
                    stack.n_groups, static_cast<float>(stack.scale), stack.threads};
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const BitLayer& layer = stack.layers[l];
    const size_t n = layer.n, k = layer.candidates;
    LearnedLayer to{};
    if (k) {
      to.candidates = elements<const int32_t>(arrays.wires[l], {2, n, k}, "candidates");
      to.logits = elements<const float>(arrays.logits[l], {2, n, k}, "logits");
      if (!to.logits) throw std::invalid_argument("candidates have logits");
      to.grad_logits =
          grads ? elements<float>(grads->logits[l], {2, n, k}, "grad_logits") : nullptr;
    } else {
      to.indices = elements<const int64_t>(arrays.wires[l], {2, n}, "wires");
    }
    to.weight = weights_of<const float>(layer, arrays.weights[l]);
    to.grad_weight = grads ? weights_of<float>(layer, grads->weights[l]) : nullptr;
    to.n_in = layer.n_in;
    to.n = n;
    to.k = k;
    to.weights = static_cast<WeightKind>(layer.weights);
    to.straight_through = layer.straight_through;
    to.grad_factor = static_cast<float>(layer.grad_factor);
    made.layers.push_back(to);
  }
  return made;
}

// Coefficients, soft and forward, two wires a gate, and packed inputs lie one after the other; a gate's
// first two are five numbers of 64 bits.
LearnedKept make_kept(const LearnedStack& stack, const Array& kept) {
  size_t gates = 0, words = 0;
  for (const LearnedLayer& layer : stack.layers) {
    gates += layer.n;
    words += layer.n_in * stack.n_words();
  }
  auto* coefficients =
      reinterpret_cast<float*>(elements<int64_t>(kept, {5 * gates + words}, "kept"));
  auto* wires = reinterpret_cast<int32_t*>(coefficients + 8 * gates);
  return {reinterpret_cast<uint64_t*>(wires + 2 * gates), wires, coefficients};
}

size_t width_of(const LearnedStack& stack) {
  return stack.n_groups ? stack.n_groups : stack.layers.back().n;
}

bool run_forward(const BitStack& description, const BitArrays& arrays, const Array& kept,
                 const BitBatch& x, const Array& out) {
  nb::gil_scoped_release release;
  const LearnedStack stack = make_stack(description, arrays, nullptr);
  const size_t n = width_of(stack), batch = stack.batch;
  float* to = stack.n_groups ? elements<float>(out, {batch, n}, "out")
                             : elements<float>(out, {n, batch}, "out");
  return learned_forward(stack, make_batch(x, stack.layers[0].n_in, batch, "x"),
                         make_kept(stack, kept), to);
}

void run_backward(const BitStack& description, const BitArrays& arrays, const Array& kept,
                  const BitBatch& grad, const BitGradients& grads, const Given& grad_x) {
  nb::gil_scoped_release release;
  const LearnedStack stack = make_stack(description, arrays, &grads);
  if (stack.n_groups && grad.stride != stack.n_groups)
    throw std::invalid_argument("the gradient of sums is in rows without gaps");
  if (grad.array.type == ScalarType::kUint8) throw std::invalid_argument("a gradient is no bytes");
  learned_backward(stack, make_kept(stack, kept),
                   make_batch(grad, width_of(stack), stack.batch, "grad"),
                   elements<float>(grad_x, {stack.layers[0].n_in, stack.batch}, "grad_x"));
}

}  // namespace

void bind_learned(nb::module_& m) {
  m.attr("learned_word") = kWord;
  nb::class_<BitLayer>(m, "BitLayer")
      .def(nb::init<size_t, size_t, size_t, int, bool, double>(), nb::kw_only(), nb::arg("n_in"),
           nb::arg("n"), nb::arg("candidates"), nb::arg("weights"), nb::arg("straight_through"),
           nb::arg("grad_factor"))
      .def_ro("n_in", &BitLayer::n_in)
      .def_ro("n", &BitLayer::n);
  nb::class_<BitStack>(m, "BitStack")
      .def(nb::init<std::string, std::vector<BitLayer>, size_t, size_t, double, size_t>(),
           nb::kw_only(), nb::arg("isa"), nb::arg("layers"), nb::arg("batch"), nb::arg("n_groups"),
           nb::arg("scale"), nb::arg("threads"))
      .def_ro("layers", &BitStack::layers)
      .def_ro("batch", &BitStack::batch)
      .def_ro("n_groups", &BitStack::n_groups);
  nb::class_<BitArrays>(m, "BitArrays")
      .def(nb::init<std::vector<Array>, std::vector<Given>, std::vector<Array>>(), nb::kw_only(),
           nb::arg("weights"), nb::arg("logits"), nb::arg("wires"));
  nb::class_<BitGradients>(m, "BitGradients")
      .def(nb::init<std::vector<Given>, std::vector<Given>>(), nb::kw_only(), nb::arg("weights"),
           nb::arg("logits"));
  nb::class_<BitBatch>(m, "BitBatch")
      .def(nb::init<Array, size_t>(), nb::kw_only(), nb::arg("array"), nb::arg("stride"));
  m.def("learned_forward", run_forward, nb::arg("stack"), nb::arg("arrays"), nb::kw_only(),
        nb::arg("kept"), nb::arg("x"), nb::arg("out"));
  m.def("learned_backward", run_backward, nb::arg("stack"), nb::arg("arrays"), nb::kw_only(),
        nb::arg("kept"), nb::arg("grad"), nb::arg("grads"), nb::arg("grad_x").none());
}

}  // namespace gategrad
