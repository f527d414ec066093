// What the bindings of the training core share: addresses of torch tensors, and kernels by the name
// of an instruction set.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "isa/isa.h"
#include "train/common/arrays.h"
#include "train/conv/window.h"

namespace gategrad::train {

template <typename T>
T* pointer(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

// Those for values of type S, float or double.
template <typename S>
const ValueKernels<S>& kernels_of(const std::string& isa) {
  const KernelSet& set = *instruction_set(isa).kernels;
  if constexpr (std::is_same_v<S, float>)
    return set.floats;
  else
    return set.doubles;
}

// That a window goes over its maps in as many places as it says.
inline void check_places(const Window& w) {
  if (w.depth == 0 && (w.channels != w.out_channels || w.padding[0] || w.padding[1]))
    throw std::invalid_argument("a pool has as many channels as its input, and no padding");
  for (size_t axis = 0; axis < 2; ++axis) {
    const size_t padded = w.size[axis] + 2 * w.padding[axis];
    if (w.kernel[axis] == 0 || w.stride[axis] == 0 || w.kernel[axis] > padded ||
        w.out_size[axis] != (padded - w.kernel[axis]) / w.stride[axis] + 1)
      throw std::invalid_argument("a window does not go over " +
                                  shape_text({w.size[0], w.size[1]}) + " in " +
                                  shape_text({w.out_size[0], w.out_size[1]}) + " places");
  }
}

}  // namespace gategrad::train
