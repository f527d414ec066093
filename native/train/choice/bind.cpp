// Addresses come from torch tensors: gategrad/nn/native_pins.py and native_slots.py vouch for their
// types, sizes and lifetimes, and are the only callers.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "train/bind.h"
#include "train/choice/choice.h"

namespace gategrad {
namespace {

using namespace train;

// isa, wires, tables or 0, items, terms an item, n_in, batch, threads
using LayerTuple =
    std::tuple<std::string, uintptr_t, uintptr_t, size_t, size_t, size_t, size_t, size_t>;
// wires, tables or 0
using ChosenTuple = std::tuple<uintptr_t, uintptr_t>;

Candidates terms_of(Candidates*, uintptr_t wires, uintptr_t, size_t n, size_t k) {
  return {pointer<int32_t>(wires), n, k};
}

Slots terms_of(Slots*, uintptr_t wires, uintptr_t tables, size_t n, size_t k) {
  return {pointer<int64_t>(wires), pointer<int64_t>(tables), n, k};
}

template <typename S>
const ChoiceKernels<S, Candidates>& kernels_for(Candidates*, const std::string& isa) {
  return kernels_of<S>(isa).pins;
}

template <typename S>
const ChoiceKernels<S, Slots>& kernels_for(Slots*, const std::string& isa) {
  return kernels_of<S>(isa).slots;
}

template <typename S, typename Terms>
struct Call {
  Call(const LayerTuple& t, const ChosenTuple& c) {
    Terms* kind = nullptr;
    const auto& [isa, wires, tables, n, k, n_in, batch, threads] = t;
    layer = {&kernels_for<S>(kind, isa), terms_of(kind, wires, tables, n, k), n_in, batch, threads};
    chosen = terms_of(kind, std::get<0>(c), std::get<1>(c), n, 1);
  }
  ChoiceLayer<S, Terms> layer;
  Terms chosen;
};

template <typename S, typename Terms>
void bind_layer(nb::module_& m, const std::string& kind, const std::string& suffix) {
  m.def((kind + "_forward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, uintptr_t logits, const ChosenTuple& chosen,
           uintptr_t rows, uintptr_t out) {
          nb::gil_scoped_release release;
          const Call<S, Terms> call(layer, chosen);
          choice_forward(call.layer, pointer<const S>(share), pointer<const S>(logits),
                         pointer<const S>(rows), call.chosen, pointer<S>(out));
        });
  m.def((kind + "_backward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, const ChosenTuple& chosen, uintptr_t rows,
           uintptr_t grad, double factor, uintptr_t grad_logits, uintptr_t grad_rows) {
          nb::gil_scoped_release release;
          const Call<S, Terms> call(layer, chosen);
          choice_backward(call.layer, pointer<const S>(share), call.chosen, pointer<const S>(rows),
                          pointer<const S>(grad), static_cast<S>(factor), pointer<S>(grad_logits),
                          pointer<S>(grad_rows));
        });
}

}  // namespace

void bind_choice(nb::module_& m) {
  bind_layer<float, Candidates>(m, "pins", "float32");
  bind_layer<double, Candidates>(m, "pins", "float64");
  bind_layer<float, Slots>(m, "slots", "float32");
  bind_layer<double, Slots>(m, "slots", "float64");
}

}  // namespace gategrad
