// What the bindings of the training core share: addresses of torch tensors, and kernels by the name
// of an instruction set.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "isa/isa.h"

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

}  // namespace gategrad::train
