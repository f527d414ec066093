// Addresses come from torch tensors: gategrad/nn/native_tables.py vouches for their types, sizes and
// lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "train/bind.h"
#include "train/wide.h"

namespace gategrad {
namespace {

using namespace train;

// isa, wires, inputs, n_in, n, batch, threads
using LayerTuple = std::tuple<std::string, uintptr_t, size_t, size_t, size_t, size_t, size_t>;

template <typename S>
WideLayer<S> make_layer(const LayerTuple& t) {
  const auto& [isa, wires, inputs, n_in, n, batch, threads] = t;
  return {&kernels_of<S>(isa).wide, pointer<const int64_t>(wires), inputs, n_in, n, batch, threads};
}

template <typename S>
void bind_gates(nb::module_& m, const std::string& suffix) {
  m.def(("wide_forward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t light_weight, uintptr_t soft, bool hard,
           uintptr_t forward, uintptr_t x, uintptr_t y) {
          nb::gil_scoped_release release;
          WideTables<S> tables{pointer<const S>(light_weight), pointer<const S>(soft)};
          wide_forward(make_layer<S>(layer), tables, hard, pointer<const S>(forward),
                       pointer<const S>(x), pointer<S>(y));
        });
  m.def(("wide_backward_" + suffix).c_str(),
        [](const LayerTuple& layer, uintptr_t light_weight, uintptr_t soft, uintptr_t x,
           uintptr_t grad, double factor, double shift, uintptr_t grad_x, uintptr_t grad_weight) {
          nb::gil_scoped_release release;
          WideTables<S> tables{pointer<const S>(light_weight), pointer<const S>(soft)};
          wide_backward(make_layer<S>(layer), tables, pointer<const S>(x), pointer<const S>(grad),
                        static_cast<S>(factor), static_cast<S>(shift), pointer<S>(grad_x),
                        pointer<S>(grad_weight));
        });
}

}  // namespace

void bind_wide(nb::module_& m) {
  bind_gates<float>(m, "float32");
  bind_gates<double>(m, "float64");
}

}  // namespace gategrad
