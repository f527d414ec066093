#include "engine/forest_walk.h"

namespace gategrad {
namespace {

// Steps between looks at whether all walks have ended.
constexpr uint32_t kStepsALook = 4;

template <typename T>
struct Walk {
  const char* first;
  uint32_t first_leaf;
  uint32_t at[kTreesAtOnce];

  const WalkNode<T>& node(uint32_t place) const {
    return *reinterpret_cast<const WalkNode<T>*>(first + place);
  }

  void step(const T* x) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kTreesAtOnce; ++i) {
      const WalkNode<T>& here = node(at[i]);
      at[i] = here.child[x[here.feature] >= here.least];
    }
  }

  bool ended() const {
    bool all = true;
    for (uint32_t place : at) all &= place >= first_leaf;
    return all;
  }
};

template <typename T>
void walk_group(const WalkGroup& group, const T* x, Walk<T>& walk) {
  for (size_t i = 0; i < kTreesAtOnce; ++i)
    walk.at[i] = group.root[i] * static_cast<uint32_t>(sizeof(WalkNode<T>));
  for (uint32_t left = group.n_steps; left > 0;) {
    const uint32_t n = left < kStepsALook ? left : kStepsALook;
    for (uint32_t s = 0; s < n; ++s) walk.step(x);
    left -= n;
    if (left > 0 && walk.ended()) return;
  }
}

template <typename T>
void walk_all(const ForestPlan& plan, const WalkNode<T>* nodes, const T* rows, ptrdiff_t row_stride,
              size_t n_rows, size_t n_classes, uint32_t* sums) {
  constexpr auto kSize = static_cast<uint32_t>(sizeof(WalkNode<T>));
  Walk<T> walk{
      reinterpret_cast<const char*>(nodes), static_cast<uint32_t>(plan.n_inner) * kSize, {}};
  for (const WalkGroup& group : plan.groups) {
    for (size_t r = 0; r < n_rows; ++r) {
      walk_group(group, rows + static_cast<ptrdiff_t>(r) * row_stride, walk);
      for (uint32_t place : walk.at) {
        const uint32_t* value = &plan.value[(place - walk.first_leaf) / kSize * n_classes];
        for (size_t c = 0; c < n_classes; ++c) sums[r * n_classes + c] += value[c];
      }
    }
  }
}

}  // namespace

void walk_forest(const ForestPlan& plan, const float* rows, ptrdiff_t row_stride, size_t n_rows,
                 size_t n_classes, uint32_t* sums) {
  walk_all(plan, plan.f32.data(), rows, row_stride, n_rows, n_classes, sums);
}

void walk_forest(const ForestPlan& plan, const double* rows, ptrdiff_t row_stride, size_t n_rows,
                 size_t n_classes, uint32_t* sums) {
  walk_all(plan, plan.f64.data(), rows, row_stride, n_rows, n_classes, sums);
}

}  // namespace gategrad
