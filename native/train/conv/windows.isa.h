// The kernels of windows, of all widths of tiles.
#pragma once

#include "train/conv/maxima.isa.h"
#include "train/conv/tables.isa.h"
#include "train/conv/trees.isa.h"

namespace gategrad::train::windows {
namespace {

template <typename S, size_t kBlocks>
constexpr WindowKernels<S> of_width() {
  constexpr size_t kWidth = kBlocks * kBlock;
  return {trees_forward<S, kWidth>, trees_backward<S, kWidth>, maxima<S, kWidth>,
          maxima_backward<S, kWidth>};
}

template <typename S>
constexpr AllWindowKernels<S> kernels() {
  return {{of_width<S, 1>(), of_width<S, 2>(), of_width<S, 3>(), of_width<S, 4>()},
          {table_kernels<S, 2>(), table_kernels<S, 3>(), table_kernels<S, 4>(),
           table_kernels<S, 5>(), table_kernels<S, 6>()}};
}

}  // namespace
}  // namespace gategrad::train::windows
