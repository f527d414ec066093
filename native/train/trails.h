// The gates of a layer in an order in which each reads one wire that the one before it has read.
//
// Take wires as the vertices of a graph and gates as its edges: a trail passes along gates, none
// twice. Where every wire feeds two gates, as under the default wiring, the trails are a few closed
// cycles. A kernel on a trail loads one row a gate, and sums the gradient of a wire in registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/kernel.h"

namespace gategrad::train {

struct Trails {
  std::vector<Trail> trails;
  std::vector<uint32_t> gates;  // one trail after the other; marked where pin b comes first
  std::vector<uint32_t> wires;  // the wire that follows each gate
};

// pins: (2, n_gates), below n_wires, which is below kMark, as n_gates is.
Trails find_trails(const std::vector<uint32_t>& pins, size_t n_wires);

}  // namespace gategrad::train
