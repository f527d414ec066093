// The border of convolutions and pools on bits. gategrad/nn/executors/cpu/native_maps.py is the only
// caller; it vouches for the arrays' lifetimes, and what it says of types and shapes is compared with
// the description.
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
#include "train/bits/maps.h"
#include "train/common/arrays.h"
#include "train/conv/sizes.h"

namespace gategrad {
namespace {

using namespace train;

struct MapLayerDescription {
  Window window;
  size_t inputs;  // of a gate; of a pool any
  double grad_factor;
};

struct MapStackDescription {
  std::string isa;
  std::vector<MapLayerDescription> layers;
  size_t batch, threads;
};

// Of each layer, none for pools: int64 places (inputs, out_channels), and entries (out_channels,
// 2^inputs) to compute with and to differentiate, or their gradient.
struct MapArrays {
  std::vector<Given> places, forward, entries;
};

void check_layer(const MapLayerDescription& layer) {
  const Window& w = layer.window;
  if (w.depth > 1 || (w.depth && (layer.inputs < kFewestLeaves || layer.inputs > kMostLeaves)))
    throw std::invalid_argument("maps of bits have gates of " + std::to_string(kFewestLeaves) +
                                " to " + std::to_string(kMostLeaves) + " inputs on one level");
  check_places(w);
}

// Whether a layer reads maps as that before it makes them.
bool follows(const Window& w, const Window& before) {
  return w.channels == before.out_channels && w.size[0] == before.out_size[0] &&
         w.size[1] == before.out_size[1];
}

MapStack make_stack(const MapStackDescription& stack, const MapArrays& arrays,
                    const std::vector<Given>* grads) {
  const size_t n = stack.layers.size();
  if (n == 0 || stack.threads == 0 || arrays.places.size() != n || arrays.forward.size() != n ||
      arrays.entries.size() != n || (grads && grads->size() != n))
    throw std::invalid_argument("a stack has layers, threads, and arrays of each layer");
  const KernelSet& kernels = *instruction_set(stack.isa).kernels;
  MapStack made{&kernels.bits, &kernels.maps, {}, stack.batch, stack.threads};
  for (size_t l = 0; l < n; ++l) {
    const MapLayerDescription& layer = stack.layers[l];
    const Window& w = layer.window;
    check_layer(layer);
    if (l && !follows(w, stack.layers[l - 1].window))
      throw std::invalid_argument("maps of a layer do not fit those before it");
    MapLayer to{w, layer.inputs, static_cast<float>(layer.grad_factor), {}, {}, {}, {}};
    if (w.depth) {
      const size_t m = w.out_channels, e = size_t{1} << layer.inputs;
      to.places = elements<const int64_t>(arrays.places[l], {layer.inputs, m}, "places");
      to.forward = elements<const float>(arrays.forward[l], {m, e}, "forward entries");
      to.entries = elements<const float>(arrays.entries[l], {m, e}, "entries");
      if (!to.places || !to.forward || !to.entries)
        throw std::invalid_argument("a convolution has places and entries");
      if (grads) to.grad_entries = elements<float>((*grads)[l], {m, e}, "a gradient");
    }
    made.layers.push_back(to);
  }
  return made;
}

bool run_forward(const MapStackDescription& description, const MapArrays& arrays, const Array& kept,
                 const BitBatch& x, const Array& out) {
  nb::gil_scoped_release release;
  const MapStack stack = make_stack(description, arrays, nullptr);
  const size_t batch = stack.batch;
  auto* words = reinterpret_cast<uint64_t*>(elements<int64_t>(kept, {kept_words(stack)}, "kept"));
  return maps_forward(stack, make_batch(x, n_in(stack.layers[0].window), batch, "x"), words,
                      elements<float>(out, {n_out(stack.layers.back().window), batch}, "out"));
}

void run_backward(const MapStackDescription& description, const MapArrays& arrays,
                  const Array& kept, const BitBatch& grad, const std::vector<Given>& grads,
                  const Given& grad_x) {
  nb::gil_scoped_release release;
  const MapStack stack = make_stack(description, arrays, &grads);
  const size_t batch = stack.batch;
  if (grad.array.type == ScalarType::kUint8) throw std::invalid_argument("a gradient is no bytes");
  const auto* words =
      reinterpret_cast<const uint64_t*>(elements<int64_t>(kept, {kept_words(stack)}, "kept"));
  maps_backward(stack, words, make_batch(grad, n_out(stack.layers.back().window), batch, "grad"),
                elements<float>(grad_x, {n_in(stack.layers[0].window), batch}, "grad_x"));
}

}  // namespace

void bind_bit_maps(nb::module_& m) {
  m.attr("map_inputs") = kMostLeaves;
  nb::class_<MapLayerDescription>(m, "MapLayer")
      .def(nb::init<Window, size_t, double>(), nb::kw_only(), nb::arg("window"), nb::arg("inputs"),
           nb::arg("grad_factor"));
  nb::class_<MapStackDescription>(m, "MapStack")
      .def(nb::init<std::string, std::vector<MapLayerDescription>, size_t, size_t>(), nb::kw_only(),
           nb::arg("isa"), nb::arg("layers"), nb::arg("batch"), nb::arg("threads"))
      .def_ro("batch", &MapStackDescription::batch)
      .def_prop_ro("n_in", [](const MapStackDescription& s) { return n_in(s.layers.at(0).window); })
      .def_prop_ro("n_out",
                   [](const MapStackDescription& s) {
                     return n_out(s.layers.at(s.layers.size() - 1).window);
                   })
      .def_prop_ro("n_kept", [](const MapStackDescription& s) {
        MapStack stack{nullptr, nullptr, {}, s.batch, s.threads};
        for (const MapLayerDescription& layer : s.layers)
          stack.layers.push_back({layer.window, layer.inputs, 1.0f, {}, {}, {}, {}});
        return kept_words(stack);
      });
  nb::class_<MapArrays>(m, "MapArrays")
      .def(nb::init<std::vector<Given>, std::vector<Given>, std::vector<Given>>(), nb::kw_only(),
           nb::arg("places"), nb::arg("forward"), nb::arg("entries"));
  m.def("maps_forward", run_forward, nb::arg("stack"), nb::arg("arrays"), nb::kw_only(),
        nb::arg("kept"), nb::arg("x"), nb::arg("out"));
  m.def("maps_backward", run_backward, nb::arg("stack"), nb::arg("arrays"), nb::kw_only(),
        nb::arg("kept"), nb::arg("grad"), nb::arg("grads"), nb::arg("grad_x").none());
}

}  // namespace gategrad
