// The kernels of all folders, as one set.
#pragma once

#include "engine/few.isa.h"
#include "engine/filter.isa.h"
#include "engine/kernels.isa.h"
#include "engine/single.isa.h"
#include "isa/kernel_set.h"
#if !defined(GATEGRAD_ENGINE_ONLY)
#include "train/choice/choice.isa.h"
#include "train/conv/windows.isa.h"
#include "train/kernels.isa.h"
#include "train/bits/learned.isa.h"
#include "train/bits/maps.isa.h"
#include "train/warp.isa.h"
#include "train/wide.isa.h"
#endif

namespace gategrad {
namespace {

#if defined(GATEGRAD_ENGINE_ONLY)

constexpr KernelSet kernel_set(const char* isa) {
  return {block_kernels(isa, few_kernels()), single_kernels(), filters::kernels()};
}

#else

template <typename S>
constexpr ValueKernels<S> value_kernels() {
  return {train::values::kernels<S>(), train::wide::kernels<S>(), train::windows::kernels<S>(),
          train::choice::kernels<S, train::Candidates>(),
          train::choice::kernels<S, train::Slots>()};
}

constexpr KernelSet kernel_set(const char* isa) {
  return {block_kernels(isa, few_kernels()),
          single_kernels(),
          filters::kernels(),
          value_kernels<float>(),
          value_kernels<double>(),
          train::bits::kernels(),
          train::maps::kernels(),
          train::images::kernels()};
}

#endif

}  // namespace
}  // namespace gategrad
