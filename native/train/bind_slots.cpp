// Addresses come from torch tensors: gategrad/nn/native_slots.py vouches for their types, sizes and
// lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "train/bind.h"
#include "train/slots.h"

namespace gategrad {
namespace {

using namespace train;

// isa, wires, tables, gates, slots a gate, n_in, batch, threads
using LayerTuple =
    std::tuple<std::string, uintptr_t, uintptr_t, size_t, size_t, size_t, size_t, size_t>;
// wires, tables, or 0 and 0
using ChosenTuple = std::tuple<uintptr_t, uintptr_t>;

template <typename S>
SlotLayer<S> make_layer(const LayerTuple& t) {
  const auto& [isa, wires, tables, n, k, n_in, batch, threads] = t;
  const Slots slots{pointer<const int64_t>(wires), pointer<const int64_t>(tables), n, k};
  return {&kernels_of<S>(isa).slots, slots, n_in, batch, threads};
}

ChosenSlots make_chosen(const ChosenTuple& chosen) {
  return {pointer<int64_t>(std::get<0>(chosen)), pointer<int64_t>(std::get<1>(chosen))};
}

template <typename S>
void bind_layer(nb::module_& m, const std::string& suffix) {
  m.def(("slots_forward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, uintptr_t logits, const ChosenTuple& chosen,
           uintptr_t rows, uintptr_t out) {
          nb::gil_scoped_release release;
          slots_forward(make_layer<S>(layer), pointer<const S>(share), pointer<const S>(logits),
                        pointer<const S>(rows), make_chosen(chosen), pointer<S>(out));
        });
  m.def(("slots_backward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, const ChosenTuple& chosen, uintptr_t rows,
           uintptr_t grad, uintptr_t grad_logits, uintptr_t grad_rows) {
          nb::gil_scoped_release release;
          slots_backward(make_layer<S>(layer), pointer<const S>(share), make_chosen(chosen),
                         pointer<const S>(rows), pointer<const S>(grad), pointer<S>(grad_logits),
                         pointer<S>(grad_rows));
        });
}

}  // namespace

void bind_slots(nb::module_& m) {
  bind_layer<float>(m, "float32");
  bind_layer<double>(m, "float64");
}

}  // namespace gategrad
