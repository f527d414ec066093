// Addresses come from torch tensors: the Python side (gategrad/nn/native_op.py) vouches for their
// types, sizes and lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "arrays.h"
#include "train/bind.h"
#include "train/buffers.h"
#include "train/parallel.h"
#include "train/stack.h"

namespace gategrad {
namespace {

using namespace train;

// n_in, n_out, Parametrization, straight-through?, grad_factor
using Sizes = std::tuple<size_t, size_t, int, bool, double>;
// instruction set, sizes of each layer, batch, n_groups, scale, threads
using Settings = std::tuple<std::string, std::vector<Sizes>, size_t, size_t, double, size_t>;
// of each layer
using Arrays = std::vector<uintptr_t>;
// values or 0, bytes or 0, elements from row to row
using InputTuple = std::tuple<uintptr_t, uintptr_t, size_t>;

// `grads` is empty in the forward pass.
template <typename S>
Stack<S> make_stack(const Settings& settings, const Arrays& indices, const Arrays& weights,
                    const Arrays& grads) {
  const auto& [isa, sizes, batch, n_groups, scale, threads] = settings;
  Stack<S> stack{&kernels_of<S>(isa).stack, {}, batch, n_groups, static_cast<S>(scale), threads};
  for (size_t l = 0; l < sizes.size(); ++l) {
    const auto& [n_in, n_out, kind, straight_through, factor] = sizes[l];
    stack.layers.push_back({pointer<const int64_t>(indices.at(l)), pointer<const S>(weights.at(l)),
                            pointer<S>(grads.empty() ? 0 : grads.at(l)), n_in, n_out,
                            static_cast<Parametrization>(kind), straight_through,
                            static_cast<S>(factor)});
  }
  return stack;
}

template <typename S>
Input<S> make_input(const InputTuple& x) {
  return {pointer<const S>(std::get<0>(x)), pointer<const uint8_t>(std::get<1>(x)), std::get<2>(x)};
}

template <typename S>
void bind_stack(nb::module_& m, const std::string& suffix) {
  m.def(("train_forward_" + suffix).c_str(),
        [](const Settings& settings, const Arrays& indices, const Arrays& weights,
           const InputTuple& x, uintptr_t out, uintptr_t coefficients, uintptr_t kept) {
          nb::gil_scoped_release release;
          forward(make_stack<S>(settings, indices, weights, {}), make_input<S>(x),
                  pointer<S>(out), pointer<S>(coefficients), pointer<S>(kept));
        });
  m.def(("train_backward_" + suffix).c_str(),
        [](const Settings& settings, const Arrays& indices, const Arrays& weights,
           const Arrays& grads, const InputTuple& x, uintptr_t grad_out, uintptr_t coefficients,
           uintptr_t kept, uintptr_t grad_x) {
          nb::gil_scoped_release release;
          backward(make_stack<S>(settings, indices, weights, grads), make_input<S>(x),
                   pointer<const S>(grad_out), pointer<const S>(coefficients),
                   pointer<const S>(kept), pointer<S>(grad_x));
        });
}

}  // namespace

void bind_train(nb::module_& m) {
  bind_stack<float>(m, "float32");
  bind_stack<double>(m, "float64");
  m.attr("train_block") = kBlock;
  m.def("shares_openmp", shares_openmp);
  m.def("stocked_bytes", stocked_bytes);
  m.def("release_stock", [] {
    release_stock();
    release_plans();
  });
  // Memory that returns to the stock when the last array or tensor on it is gone.
  m.def("borrow", [](const std::vector<size_t>& shape, bool floating, size_t item_bytes) {
    size_t n_bytes = item_bytes;
    for (size_t n : shape) n_bytes *= n;
    auto* block = new std::shared_ptr<void>(borrow(n_bytes));
    nb::capsule owner(block, [](void* p) noexcept { delete static_cast<std::shared_ptr<void>*>(p); });
    const auto code = floating ? nb::dlpack::dtype_code::Float : nb::dlpack::dtype_code::Int;
    const nb::dlpack::dtype dtype{static_cast<uint8_t>(code), static_cast<uint8_t>(8 * item_bytes), 1};
    return nb::ndarray<nb::numpy>(block->get(), shape.size(), shape.data(), owner, nullptr, dtype);
  });
}

}  // namespace gategrad
