// What Python says about a pass, by name; arrays apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "train/conv/sizes.h"

namespace gategrad::train {

// What the weights of n gates are. The first three are of gates with two inputs, polynomials; the last
// two of gates with k inputs, interpolated truth tables.
enum class WeightKind {
  kLogits,        // (n, 16) of a softmax over the functions
  kLight,         // (n, 4), entries of whose truth tables are (1 + sin w) / 2
  kCoefficients,  // (n, 1, 4) as they are, or (n, 2, 4), those of a straight-through forward pass last
  kEntries,       // (n, 2^k) as they are
  kLightEntries,  // (n, 2^k), as kLight
};

inline bool are_tables(WeightKind kind) {
  return kind == WeightKind::kLightEntries || kind == WeightKind::kEntries;
}

struct LayerDescription {
  WeightKind weights;
  size_t inputs;  // of a gate
  size_t n_in, n_out;
  bool straight_through;  // hard gates forward, soft ones backward
  double grad_factor;     // on the gradient of the layer's input
  double smoothing;       // s: the input's gradient is that at s + (1 - 2 s) x; of tables only
  std::optional<Window> window;  // that goes over the input, for a convolution or a pool

  // Gates with weights of their own.
  size_t n_gates() const { return window ? train::n_gates(*window) : n_out; }
  // What wires are: `pins` for each of n_lists, numbers below n_wires.
  size_t pins() const { return window ? leaves(*window, inputs) : inputs; }
  size_t n_lists() const { return window ? window->out_channels : n_out; }
  size_t n_wires() const { return window ? field(*window) : n_in; }
};

struct StackDescription {
  std::string isa;
  std::vector<LayerDescription> layers;
  size_t batch;
  size_t n_groups;  // 0: the output is the last layer's, else the sums of n_groups groups
  double scale;     // of the sums
  size_t threads;
};

}  // namespace gategrad::train
