// Addresses come from torch tensors: gategrad/nn/native_pins.py vouches for their types, sizes and
// lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "train/bind.h"
#include "train/pins.h"

namespace gategrad {
namespace {

using namespace train;

// isa, candidates, k, n, n_in, batch, threads
using LayerTuple = std::tuple<std::string, uintptr_t, size_t, size_t, size_t, size_t, size_t>;

template <typename S>
PinLayer<S> make_layer(const LayerTuple& t) {
  const auto& [isa, candidates, k, n, n_in, batch, threads] = t;
  return {&kernels_of<S>(isa).pins, {pointer<const int32_t>(candidates), k}, n, n_in, batch, threads};
}

template <typename S>
void bind_layer(nb::module_& m, const std::string& suffix) {
  m.def(("pins_forward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, uintptr_t logits, uintptr_t rows,
           uintptr_t chosen, uintptr_t out) {
          nb::gil_scoped_release release;
          pins_forward(make_layer<S>(layer), pointer<const S>(share), pointer<const S>(logits),
                       pointer<const S>(rows), pointer<int32_t>(chosen), pointer<S>(out));
        });
  m.def(("pins_backward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t share, uintptr_t chosen, uintptr_t rows,
           uintptr_t grad, double factor, uintptr_t grad_logits, uintptr_t grad_rows) {
          nb::gil_scoped_release release;
          pins_backward(make_layer<S>(layer), pointer<const S>(share),
                        pointer<const int32_t>(chosen), pointer<const S>(rows),
                        pointer<const S>(grad), static_cast<S>(factor), pointer<S>(grad_logits),
                        pointer<S>(grad_rows));
        });
}

}  // namespace

void bind_pins(nb::module_& m) {
  bind_layer<float>(m, "float32");
  bind_layer<double>(m, "float64");
}

}  // namespace gategrad
