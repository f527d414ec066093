// One image, positions side by side: the border between plans (position_plan.h) and their kernels.
//
// A value of a map is a byte that is 0 or 1, and a plane is a map, or every few lines and columns of
// one, line by line, as many bytes as fill whole blocks of 64. All planes that one gate reads and
// writes have lines of one length, so a leaf one line down or one column on is a load some bytes on,
// and a stride is a choice of planes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad {

inline constexpr size_t kPositionBlock = 64;

// One gate at all positions of a plane, all places in bytes from the start of the memory:
// to = (one ^ on_a & a ^ on_b & b ^ on_ab & a & b) & mask. Coefficients are 0 or 1 in each byte.
struct PositionNode {
  uint32_t one, on_a, on_b, on_ab;
  uint32_t a, b, mask, to;
};

// Consecutive gates over planes of so many blocks.
struct PositionRun {
  uint32_t n_nodes, n_blocks;
};

// `count` bytes, every `step`-th one, that will lie one after the other.
struct PositionCopy {
  uint32_t from, to, count, step;
};

// Copies, then runs.
struct PositionGroup {
  uint32_t n_copies, n_runs;
};

struct PositionView {
  const PositionGroup* groups;
  size_t n_groups;
  const PositionCopy* copies;
  const PositionRun* runs;
  const PositionNode* nodes;
};

}  // namespace gategrad
