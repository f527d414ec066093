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
#include "train/learned.h"

namespace gategrad {
namespace {

using namespace train;

// candidates, logits, indices, weight, grad_logits, grad_weight (or 0 each), n_in, n, k,
// Parametrization, straight-through?, grad_factor
using LayerTuple = std::tuple<uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                              size_t, size_t, size_t, int, bool, double>;
// values or 0, bytes or 0, elements from row to row or 0
using InputTuple = std::tuple<uintptr_t, uintptr_t, size_t>;
// bits, wires, coefficients
using KeptTuple = std::tuple<uintptr_t, uintptr_t, uintptr_t>;

LearnedStack make_stack(const std::string& isa, const std::vector<LayerTuple>& layers, size_t batch,
                        size_t n_groups, double scale, size_t threads) {
  LearnedStack stack{&GG_KERNELS(isa, Learned), &GG_KERNELS(isa, Float), {}, batch, n_groups,
                     static_cast<float>(scale), threads};
  for (const auto& [candidates, logits, indices, weight, grad_logits, grad_weight, n_in, n, k, kind,
                    straight_through, factor] : layers)
    stack.layers.push_back({pointer<const int32_t>(candidates), pointer<const float>(logits),
                            pointer<const int64_t>(indices), pointer<const float>(weight),
                            pointer<float>(grad_logits), pointer<float>(grad_weight), n_in, n, k,
                            static_cast<Parametrization>(kind), straight_through,
                            static_cast<float>(factor)});
  return stack;
}

LearnedInput make_input(const InputTuple& x) {
  return {pointer<const float>(std::get<0>(x)), pointer<const uint8_t>(std::get<1>(x)),
          std::get<2>(x)};
}

LearnedKept make_kept(const KeptTuple& kept) {
  return {pointer<uint64_t>(std::get<0>(kept)), pointer<int32_t>(std::get<1>(kept)),
          pointer<float>(std::get<2>(kept))};
}

}  // namespace

void bind_learned(nb::module_& m) {
  m.attr("learned_word") = kWord;
  m.def("learned_forward",
        [](const std::string& isa, const std::vector<LayerTuple>& layers, size_t batch,
           size_t n_groups, double scale, size_t threads, const InputTuple& x,
           const KeptTuple& kept, uintptr_t out) {
          nb::gil_scoped_release release;
          return learned_forward(make_stack(isa, layers, batch, n_groups, scale, threads),
                                 make_input(x), make_kept(kept), pointer<float>(out));
        });
  m.def("learned_backward",
        [](const std::string& isa, const std::vector<LayerTuple>& layers, size_t batch,
           size_t n_groups, double scale, size_t threads, const KeptTuple& kept,
           const InputTuple& grad_out, uintptr_t grad_x) {
          nb::gil_scoped_release release;
          learned_backward(make_stack(isa, layers, batch, n_groups, scale, threads),
                           make_kept(kept), make_input(grad_out), pointer<float>(grad_x));
        });
}

}  // namespace gategrad
