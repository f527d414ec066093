// How a stack of layers goes through its gates and where it keeps their outputs, found once for a
// wiring and used by every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "train/trails.h"

namespace gategrad::train {

// Rows of a layer's inputs stand in the order in which its trails first come to them; those of the
// first layer, of a layer of tables, which has no trails, and of the last one's outputs in that of the
// features. Lists are in the order of the trails, or of the gates of tables, but for `places`, and
// those of numbers go on for kMostAhead entries. Of tables there are `pins` and `outputs` only.
struct LayerPlan {
  std::vector<uint32_t> pins;     // (inputs, n_out), as given
  std::vector<Trail> trails;      // `first` a row, marked where an earlier trail came to it
  std::vector<uint32_t> visits;   // the row that follows each gate, marked where it was met before
  std::vector<uint32_t> gates;    // marked where pin b comes first
  std::vector<uint32_t> outputs;  // the row of each gate's output, or its group
  std::vector<uint32_t> places;   // of each gate in the lists, marked where pin b comes first
  std::vector<uint32_t> unread;   // rows that no gate reads
};

struct Plan {
  std::vector<LayerPlan> layers;
};

struct Wires {
  const int64_t* indices;  // (inputs, n_out); null: pin j of gate g reads wire j * n_out + g
  size_t inputs, n_in, n_out;
  bool tables;  // gates are no polynomials, which go along trails
};

// The plan of layers, each of which reads the one before, whose last one's outputs are stored or,
// where n_groups is not 0, summed in groups. It is kept for later calls, which have the wires
// compared on `threads` threads, unless `trusted` says that they can't have changed.
// Raises std::out_of_range where a wire is not below its layer's n_in.
std::shared_ptr<const Plan> plan_of(const std::vector<Wires>& layers, size_t n_groups,
                                    size_t threads, bool trusted);

// Forgets the plans that wait for later calls.
void release_plans();

}  // namespace gategrad::train
