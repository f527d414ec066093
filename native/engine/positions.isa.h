// The kernels of one image whose positions lie side by side.
#pragma once

#include "engine/position_lanes.h"
#include "isa/register.h"

namespace gategrad {
namespace {

typedef uint32_t Lanes __attribute__((vector_size(GG_REGISTER), may_alias));
typedef Lanes UnalignedLanes __attribute__((aligned(1)));

GG_INLINE Lanes lanes_at(const uint8_t* place) {
  return *reinterpret_cast<const UnalignedLanes*>(place);
}

void copy_positions(const PositionCopy* copy, const PositionCopy* end, uint8_t* memory) {
  for (; copy != end; ++copy) {
    const uint8_t* from = memory + copy->from;
    uint8_t* to = memory + copy->to;
    for (uint32_t i = 0; i < copy->count; ++i) to[i] = from[size_t{i} * copy->step];
  }
}

// `n_blocks` is a constant where it is known.
GG_INLINE void run_positions(const PositionNode* node, const PositionNode* end, size_t n_blocks,
                             uint8_t* memory) {
  for (; node != end; ++node) {
    const Lanes one = Lanes{} + node->one, on_a = Lanes{} + node->on_a;
    const Lanes on_b = Lanes{} + node->on_b, on_ab = Lanes{} + node->on_ab;
    const uint8_t *a = memory + node->a, *b = memory + node->b, *mask = memory + node->mask;
    uint8_t* to = memory + node->to;
    for (size_t i = 0; i < n_blocks * kPositionBlock; i += GG_REGISTER) {
      const Lanes x = lanes_at(a + i), y = lanes_at(b + i);
      const Lanes value = one ^ (on_a & x) ^ (y & (on_b ^ (on_ab & x)));
      *reinterpret_cast<Lanes*>(to + i) = value & lanes_at(mask + i);
    }
  }
}

void make_positions(const PositionView& p, uint8_t* memory) {
  const PositionCopy* copy = p.copies;
  const PositionRun* run = p.runs;
  const PositionNode* node = p.nodes;
  for (const PositionGroup* group = p.groups; group != p.groups + p.n_groups; ++group) {
    copy_positions(copy, copy + group->n_copies, memory);
    copy += group->n_copies;
    for (const PositionRun* end = run + group->n_runs; run != end; ++run) {
      const PositionNode* last = node + run->n_nodes;
      if (run->n_blocks == 1)
        run_positions(node, last, 1, memory);
      else if (run->n_blocks == 2)
        run_positions(node, last, 2, memory);
      else
        run_positions(node, last, run->n_blocks, memory);
      node = last;
    }
  }
}

}  // namespace
}  // namespace gategrad
