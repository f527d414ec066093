// The gates of one tree of a convolution, in an order in which few values are held at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/maps.h"

namespace gategrad {

// Of lines and of columns.
using Pair = std::pair<uint32_t, uint32_t>;

struct MapShape {
  size_t channels, height, width;
  size_t size() const { return channels * height * width; }
};

// Trees of gates, one an output channel.
struct KernelsView {
  const uint32_t* leaves;  // (n_leaves, out_channels), places in the field
  const uint64_t* table;   // (n_nodes, out_channels)
  size_t n_leaves, out_channels, n_nodes;
  Pair size, stride, padding;
  uint32_t inputs;  // of a gate of the first level
};

// Throws std::invalid_argument where a tree has other leaves than its gates read, or they read beyond
// fields of maps of this shape, or fields are larger than the padded maps.
void check_kernels(const KernelsView& kernels, const MapShape& shape);
// The same of fields, or windows, alone.
void check_field(Pair size, Pair stride, Pair padding, const MapShape& shape);

// What fields make of maps of this shape, with so many channels.
MapShape shape_behind(Pair size, Pair stride, Pair padding, const MapShape& shape, size_t channels);

// Appends the gates of the tree of `channel`, whose leaves are the operands `leaf`; returns how many
// values are held at most.
size_t append_tree(const KernelsView& kernels, size_t channel, const std::vector<uint32_t>& leaf,
                   std::vector<MapNode>& nodes);

}  // namespace gategrad
