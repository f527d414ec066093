// All that is compiled once an instruction set: plain data and function pointers. libgategrad, for
// which GATEGRAD_ENGINE_ONLY is defined, has what predicts and leaves out what trains.
#pragma once

#include "engine/filter_kernel.h"
#include "engine/kernel.h"
#include "engine/single.h"
#if !defined(GATEGRAD_ENGINE_ONLY)
#include "train/choice/kernel.h"
#include "train/conv/kernel.h"
#include "train/kernel.h"
#include "train/bits/kernel.h"
#include "train/bits/map_kernel.h"
#include "train/warp_kernel.h"
#include "train/wide_kernel.h"
#endif

namespace gategrad {

#if !defined(GATEGRAD_ENGINE_ONLY)
// Training on values of one type.
template <typename S>
struct ValueKernels {
  train::StackKernels<S> stack;
  train::WideKernels<S> wide;
  train::AllWindowKernels<S> windows;
  train::ChoiceKernels<S, train::Candidates> pins;
  train::ChoiceKernels<S, train::Slots> slots;
};
#endif

struct KernelSet {
  BlockKernels blocks;
  SingleKernels single;
  FilterKernels filters;
#if !defined(GATEGRAD_ENGINE_ONLY)
  ValueKernels<float> floats;
  ValueKernels<double> doubles;
  train::LearnedKernels bits;
  train::MapKernels maps;
  train::WarpKernels images;
#endif
};

#define GG_ISA(processor, name, kernels, flags, features) extern const KernelSet kernels;
#define GG_SINGLE(processor, name, kernels, flags, features) extern const SingleKernels kernels;
#include "isa/table.def"
#undef GG_ISA
#undef GG_SINGLE

}  // namespace gategrad
