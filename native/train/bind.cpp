// The border of the training stack. gategrad/nn/executors/cpu/native_op.py is the only caller; it
// vouches for the arrays' lifetimes, and what it says of their types and shapes is compared with
// the description.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "train/bind.h"
#include "train/buffers.h"
#include "train/common/arrays.h"
#include "train/common/description.h"
#include "train/parallel.h"
#include "train/stack.h"

namespace gategrad {
namespace {

using namespace train;
using Arrays = std::vector<Array>;

// The arrays of both passes.
struct StackArrays {
  Arrays wires;    // of each layer, (pins, n_lists); none where gates read their own pins' rows
  Arrays weights;  // of each layer, see WeightKind
  Arrays tables;   // those of the forward pass, of each straight-through layer of kEntries in turn
  Array x;         // (batch, n_in), of scalars or bytes, or (n_in, batch) where features-major
  size_t stride;   // of x, from one row to the next
  Array coefficients;
  Given kept;
  bool features_major;
};

template <typename S>
S* weights_of(const LayerDescription& layer, const Array& array) {
  const size_t n = layer.n_gates(), sets = layer.straight_through ? 2 : 1;
  if (are_tables(layer.weights))
    return elements<S>(array, {n, size_t{1} << layer.inputs}, "a weight");
  if (layer.weights == WeightKind::kCoefficients)
    return elements<S>(array, {n, sets, 4}, "a weight");
  return elements<S>(array, {n, layer.weights == WeightKind::kLogits ? 16u : 4u}, "a weight");
}

// A window as a layer, whose kernels read and write what these numbers say.
void check_window(const LayerDescription& layer) {
  const Window& w = *layer.window;
  const bool tables = are_tables(layer.weights);
  if (w.depth > kDeepest || (tables ? w.depth != 1 : layer.inputs != 2))
    throw std::invalid_argument("windows have trees of up to " + std::to_string(kDeepest) +
                                " levels of gates with two inputs, or one level of tables");
  check_places(w);
  if (layer.n_in != n_in(w) || layer.n_out != n_out(w))
    throw std::invalid_argument("a window's maps do not fit its layer's inputs and outputs");
}

void check_layer(const LayerDescription& layer) {
  if (layer.window) check_window(layer);
  const bool tables = are_tables(layer.weights);
  if (layer.inputs < kFewestInputs || layer.inputs > (tables ? kMostInputs : 2))
    throw std::invalid_argument("gates have 2 inputs, or as tables up to 6; got " +
                                std::to_string(layer.inputs));
  if (layer.smoothing != 0 && !tables) throw std::invalid_argument("only tables have a smoothing");
}

void check_chain(const StackDescription& stack, const StackArrays& arrays) {
  const auto& layers = stack.layers;
  if (layers.empty() || stack.threads == 0 || arrays.weights.size() != layers.size() ||
      !(arrays.wires.size() == layers.size() || (arrays.features_major && arrays.wires.empty())))
    throw std::invalid_argument("a stack has layers, threads, and arrays of each layer");
  for (size_t l = 1; l < layers.size(); ++l)
    if (layers[l].n_in != layers[l - 1].n_out)
      throw std::invalid_argument("a layer of " + std::to_string(layers[l - 1].n_out) +
                                  " gates is followed by one of " + std::to_string(layers[l].n_in) +
                                  " inputs");
  if (stack.n_groups && layers.back().n_out % stack.n_groups)
    throw std::invalid_argument("groups do not divide the outputs");
  if (stack.n_groups && layers.back().window)
    throw std::invalid_argument("groups are sums of a layer without a window");
  if (arrays.features_major &&
      (layers.size() > 1 || !are_tables(layers[0].weights) || stack.n_groups))
    throw std::invalid_argument("features-major is one layer of tables without groups");
}

// `grads` is empty in the forward pass.
template <typename S>
Stack<S> make_stack(const StackDescription& description, const StackArrays& arrays,
                    const Arrays& grads) {
  check_chain(description, arrays);
  const ValueKernels<S>& kernels = kernels_of<S>(description.isa);
  Stack<S> stack{&kernels.stack,
                 &kernels.wide,
                 &kernels.windows,
                 {},
                 description.batch,
                 description.n_groups,
                 static_cast<S>(description.scale),
                 description.threads,
                 arrays.features_major};
  size_t n_tables = 0;
  for (size_t l = 0; l < description.layers.size(); ++l) {
    const LayerDescription& layer = description.layers[l];
    check_layer(layer);
    const int64_t* wires = nullptr;
    if (!arrays.wires.empty())
      wires = elements<const int64_t>(arrays.wires[l], {layer.pins(), layer.n_lists()}, "wires");
    const S* tables = nullptr;
    if (layer.weights == WeightKind::kEntries && layer.straight_through)
      tables = weights_of<const S>(layer, arrays.tables.at(n_tables++));
    stack.layers.push_back({layer, wires, weights_of<const S>(layer, arrays.weights[l]), tables,
                            grads.empty() ? nullptr : weights_of<S>(layer, grads.at(l))});
  }
  return stack;
}

template <typename S>
Input<S> make_input(const Stack<S>& stack, const StackArrays& arrays) {
  const size_t n_in = stack.layers[0].n_in;
  if (stack.features_major)
    return {elements<const S>(arrays.x, {n_in, stack.batch}, "x"), nullptr, 0};
  if (arrays.stride < n_in && stack.batch > 1) throw std::invalid_argument("rows of x overlap");
  if (arrays.x.type == ScalarType::kUint8)
    return {nullptr, elements<const uint8_t>(arrays.x, {stack.batch, n_in}, "x"), arrays.stride};
  return {elements<const S>(arrays.x, {stack.batch, n_in}, "x"), nullptr, arrays.stride};
}

// An array (rows, batch) of a features-major stack, else (batch, rows).
template <typename S, typename A>
auto* rows_of(const Stack<std::remove_const_t<S>>& stack, const A& array, size_t rows,
              const char* name) {
  return stack.features_major ? elements<S>(array, {rows, stack.batch}, name)
                              : elements<S>(array, {stack.batch, rows}, name);
}

template <typename S>
void run_forward(const StackDescription& description, const StackArrays& arrays, const Array& out) {
  nb::gil_scoped_release release;
  const Stack<S> stack = make_stack<S>(description, arrays, {});
  forward<S>(stack, make_input(stack, arrays), rows_of<S>(stack, out, stack.width(), "out"),
             elements<S>(arrays.coefficients, {stack.coefficients_size()}, "coefficients"),
             elements<S>(arrays.kept, {stack.kept_size()}, "kept"));
}

template <typename S>
void run_backward(const StackDescription& description, const StackArrays& arrays, const Array& grad,
                  const Arrays& grad_weights, const Given& grad_x) {
  nb::gil_scoped_release release;
  const Stack<S> stack = make_stack<S>(description, arrays, grad_weights);
  backward<S>(stack, make_input(stack, arrays),
              rows_of<const S>(stack, grad, stack.width(), "grad"),
              elements<const S>(arrays.coefficients, {stack.coefficients_size()}, "coefficients"),
              elements<const S>(arrays.kept, {stack.kept_size()}, "kept"),
              rows_of<S>(stack, grad_x, stack.layers[0].n_in, "grad_x"));
}

template <typename S>
void bind_stack(nb::module_& m, const std::string& suffix) {
  m.def(("train_forward_" + suffix).c_str(), run_forward<S>, nb::arg("stack"), nb::arg("arrays"),
        nb::kw_only(), nb::arg("out"));
  m.def(("train_backward_" + suffix).c_str(), run_backward<S>, nb::arg("stack"), nb::arg("arrays"),
        nb::kw_only(), nb::arg("grad"), nb::arg("grad_weights"), nb::arg("grad_x").none());
}

using Pair = std::pair<size_t, size_t>;

void make_window(Window* window, size_t depth, size_t channels, Pair size, size_t out_channels,
                 Pair out_size, Pair kernel, Pair stride, Pair padding) {
  const auto put = [](Pair pair, size_t* to) {
    to[0] = pair.first;
    to[1] = pair.second;
  };
  new (window) Window{depth, channels, {}, out_channels, {}, {}, {}, {}};
  put(size, window->size);
  put(out_size, window->out_size);
  put(kernel, window->kernel);
  put(stride, window->stride);
  put(padding, window->padding);
}

void bind_description(nb::module_& m) {
  nb::enum_<WeightKind>(m, "WeightKind")
      .value("logits", WeightKind::kLogits)
      .value("light", WeightKind::kLight)
      .value("coefficients", WeightKind::kCoefficients)
      .value("light_entries", WeightKind::kLightEntries)
      .value("entries", WeightKind::kEntries);
  nb::class_<Window>(m, "Window")
      .def("__init__", make_window, nb::kw_only(), nb::arg("depth"), nb::arg("channels"),
           nb::arg("size"), nb::arg("out_channels"), nb::arg("out_size"), nb::arg("kernel"),
           nb::arg("stride"), nb::arg("padding"))
      .def_ro("out_channels", &Window::out_channels)
      .def_prop_ro("n_gates", [](const Window& window) { return n_gates(window); })
      .def_prop_ro("n_in", n_in)
      .def_prop_ro("n_out", n_out);
  nb::class_<LayerDescription>(m, "LayerDescription")
      .def(nb::init<WeightKind, size_t, size_t, size_t, bool, double, double,
                    std::optional<Window>>(),
           nb::kw_only(), nb::arg("weights"), nb::arg("inputs"), nb::arg("n_in"), nb::arg("n_out"),
           nb::arg("straight_through"), nb::arg("grad_factor"), nb::arg("smoothing"),
           nb::arg("window").none())
      .def_prop_ro("n_gates", &LayerDescription::n_gates)
      .def_prop_ro("pins", &LayerDescription::pins)
      .def_prop_ro("n_lists", &LayerDescription::n_lists)
      .def_ro("weights", &LayerDescription::weights)
      .def_ro("inputs", &LayerDescription::inputs)
      .def_ro("n_in", &LayerDescription::n_in)
      .def_ro("n_out", &LayerDescription::n_out)
      .def_ro("straight_through", &LayerDescription::straight_through);
  nb::class_<StackDescription>(m, "StackDescription")
      .def(nb::init<std::string, std::vector<LayerDescription>, size_t, size_t, double, size_t>(),
           nb::kw_only(), nb::arg("isa"), nb::arg("layers"), nb::arg("batch"), nb::arg("n_groups"),
           nb::arg("scale"), nb::arg("threads"));
  nb::class_<StackArrays>(m, "StackArrays")
      .def(nb::init<Arrays, Arrays, Arrays, Array, size_t, Array, Given, bool>(), nb::kw_only(),
           nb::arg("wires"), nb::arg("weights"), nb::arg("tables"), nb::arg("x"), nb::arg("stride"),
           nb::arg("coefficients"), nb::arg("kept").none(), nb::arg("features_major"));
}

}  // namespace

void bind_train(nb::module_& m) {
  bind_description(m);
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
    nb::capsule owner(block,
                      [](void* p) noexcept { delete static_cast<std::shared_ptr<void>*>(p); });
    const auto code = floating ? nb::dlpack::dtype_code::Float : nb::dlpack::dtype_code::Int;
    const nb::dlpack::dtype dtype{static_cast<uint8_t>(code), static_cast<uint8_t>(8 * item_bytes),
                                  1};
    return nb::ndarray<nb::numpy>(block->get(), shape.size(), shape.data(), owner, nullptr, dtype);
  });
}

}  // namespace gategrad
