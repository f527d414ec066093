// How a stack of layers goes through its gates and where it keeps their outputs, found once for a
// wiring and used by every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "train/conv/sizes.h"
#include "train/trails.h"

namespace gategrad::train {

// Rows of a layer's inputs stand in the order in which its trails first come to them; those of the
// first layer, of a layer without trails, and of the last one's outputs in that of the features. Lists
// are in the order of the trails, or of the features where there are none, but for `places`, and those
// of numbers go on for kMostAhead entries. Of tables there are `pins` and `outputs` only, of windows
// `leaves` too.
struct LayerPlan {
  std::vector<uint32_t> pins;     // (inputs, n_lists), as given
  std::vector<Trail> trails;      // `first` a row, marked where an earlier trail came to it
  std::vector<uint32_t> visits;   // the row that follows each gate, marked where it was met before
  std::vector<uint32_t> gates;    // marked where pin b comes first
  std::vector<uint32_t> outputs;  // the row of each gate's output, or its group
  std::vector<uint32_t> places;   // of each gate in the lists, marked where pin b comes first
  std::vector<uint32_t> unread;   // rows that no gate reads
  std::vector<Leaf> leaves;       // as pins
};

struct Plan {
  std::vector<LayerPlan> layers;
};

struct Wires {
  // (inputs, n_lists), each below n_wires; null: pin j of gate g reads wire j * n_lists + g
  const int64_t* indices;
  size_t inputs, n_lists, n_wires;
  size_t n_in, n_out;
  bool in_order;  // no trails: the layer is of tables, or a window
  std::optional<Window> window;
};

// The plan of layers, each of which reads the one before, whose last one's outputs are stored or,
// where n_groups is not 0, summed in groups. It is kept for later calls, which have the wires
// compared on `threads` threads, unless `trusted` says that they can't have changed.
// Raises std::out_of_range where a wire is not below its layer's n_wires.
std::shared_ptr<const Plan> plan_of(const std::vector<Wires>& layers, size_t n_groups,
                                    size_t threads, bool trusted);

// Forgets the plans that wait for later calls.
void release_plans();

}  // namespace gategrad::train
