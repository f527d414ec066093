// What the bindings of the training core share: addresses of torch tensors, and kernels by the name
// of an instruction set.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace gategrad::train {

template <typename T>
T* pointer(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

template <typename K>
const K& kernels_of(const std::string& isa, const K& baseline, const K& avx2, const K& avx512) {
  if (isa == "avx512") return avx512;
  return isa == "avx2" ? avx2 : baseline;
}

}  // namespace gategrad::train

// The kernels kBaseline##name, kAvx2##name or kAvx512##name.
#if defined(__x86_64__)
#define GG_KERNELS(isa, name) \
  gategrad::train::kernels_of(isa, kBaseline##name, kAvx2##name, kAvx512##name)
#else
#define GG_KERNELS(isa, name) ((void)(isa), kBaseline##name)
#endif

// Those of Scalar, float or double.
#define GG_KERNELS_FOR(Scalar, isa, name)                                             \
  [](const std::string& asked) -> const auto& {                                       \
    if constexpr (std::is_same_v<Scalar, float>) return GG_KERNELS(asked, name##Float); \
    else return GG_KERNELS(asked, name##Double);                                      \
  }(isa)
