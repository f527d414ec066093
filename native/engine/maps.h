// Convolutions by their kernels: the border between plans of maps (map_plan.h) and what runs them.
//
// A map is a channel of an image: a block of 512 samples a pixel, line by line. Where the kernels that
// read it reach beyond its border, blocks that are always 0 lie around it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/op.h"

namespace gategrad {

// Marks an operand that is a value of the same tree.
inline constexpr uint32_t kHeld = uint32_t{1} << 31;

// A gate of a tree, at every position. An operand is a number of blocks from the first one of a
// position's field, or kHeld and the place in scratch where a value of the tree is held. The last
// node of a tree is its output.
struct MapNode {
  Op op;
  uint32_t a, b, to;  // `to`: a place in scratch
};

// One tree an output channel, then OR over windows; windows of 1 x 1 are none. All but the counts of
// lines, columns and trees is in blocks.
struct MapStage {
  const MapNode* nodes;      // of one tree after the other
  const uint32_t* tree_end;  // number of the node behind each tree
  size_t n_trees;
  size_t in, in_down, in_right;     // the first position's field, and steps between positions
  size_t out, out_plane, out_down;  // the first value, and steps between channels and lines
  size_t lines, columns;            // of the output
  size_t columns_read;              // positions in a line that the windows need
  size_t window_lines, window_columns, window_down, window_right;
  size_t lines_at_once;  // of the output, whose positions are evaluated at a time
  size_t held;           // room for each value of a tree in scratch
};

// Makes the maps of a stage, all of them for one block of samples.
using MakeMaps = void (*)(const MapStage&, uint64_t* maps, uint64_t* scratch);

}  // namespace gategrad
