// Addresses come from torch tensors: gategrad/nn/native_learned.py vouches for their types, sizes
// and lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>
#include <vector>

#include "arrays.h"
#include "train/bind.h"
#include "train/bits/learned.h"

namespace gategrad {
namespace {

using namespace train;

// n_in, n, k, Parametrization, straight-through?, grad_factor
using Sizes = std::tuple<size_t, size_t, size_t, int, bool, double>;
// instruction set, sizes of each layer, batch, n_groups, scale, threads
using Settings = std::tuple<std::string, std::vector<Sizes>, size_t, size_t, double, size_t>;
// weight, logits or 0, candidates or indices of each layer, one after the other; or gradients
using Arrays = std::vector<uintptr_t>;
// values or 0, bytes or 0, elements from row to row or 0
using InputTuple = std::tuple<uintptr_t, uintptr_t, size_t>;

LearnedStack make_stack(const Settings& settings, const Arrays& arrays, const Arrays& grads) {
  const auto& [isa, sizes, batch, n_groups, scale, threads] = settings;
  const KernelSet& kernels = *instruction_set(isa).kernels;
  LearnedStack stack{&kernels.bits, &kernels.floats.stack, {}, batch, n_groups,
                     static_cast<float>(scale), threads};
  for (size_t l = 0; l < sizes.size(); ++l) {
    const auto& [n_in, n, k, kind, straight_through, factor] = sizes[l];
    const uintptr_t weight = arrays.at(3 * l), logits = arrays.at(3 * l + 1),
                    wires = arrays.at(3 * l + 2);
    stack.layers.push_back({pointer<const int32_t>(logits ? wires : 0),
                            pointer<const float>(logits),
                            pointer<const int64_t>(logits ? 0 : wires),
                            pointer<const float>(weight),
                            pointer<float>(grads.empty() ? 0 : grads.at(3 * l + 1)),
                            pointer<float>(grads.empty() ? 0 : grads.at(3 * l)), n_in, n, k,
                            static_cast<Parametrization>(kind), straight_through,
                            static_cast<float>(factor)});
  }
  return stack;
}

LearnedInput make_input(const InputTuple& x) {
  return {pointer<const float>(std::get<0>(x)), pointer<const uint8_t>(std::get<1>(x)),
          std::get<2>(x)};
}

// Coefficients, soft and forward, two wires a gate, and packed inputs lie one after the other.
LearnedKept make_kept(const LearnedStack& stack, uintptr_t kept) {
  size_t gates = 0;
  for (const LearnedLayer& layer : stack.layers) gates += layer.n;
  auto* coefficients = pointer<float>(kept);
  auto* wires = reinterpret_cast<int32_t*>(coefficients + 8 * gates);
  return {reinterpret_cast<uint64_t*>(wires + 2 * gates), wires, coefficients};
}

}  // namespace

void bind_learned(nb::module_& m) {
  m.attr("learned_word") = kWord;
  m.def("learned_forward", [](const Settings& settings, const Arrays& arrays, uintptr_t kept,
                              const InputTuple& x, uintptr_t out) {
    nb::gil_scoped_release release;
    const LearnedStack stack = make_stack(settings, arrays, {});
    return learned_forward(stack, make_input(x), make_kept(stack, kept), pointer<float>(out));
  });
  m.def("learned_backward", [](const Settings& settings, const Arrays& arrays, uintptr_t kept,
                               const InputTuple& grad_out, const Arrays& grads, uintptr_t grad_x) {
    nb::gil_scoped_release release;
    const LearnedStack stack = make_stack(settings, arrays, grads);
    learned_backward(stack, make_kept(stack, kept), make_input(grad_out), pointer<float>(grad_x));
  });
}

}  // namespace gategrad
