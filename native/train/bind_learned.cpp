// Addresses come from torch tensors: gategrad/nn/native_learned.py vouches for their types, sizes
// and lifetimes, and is the only caller.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "train/learned.h"

namespace gategrad {
namespace {

using namespace train;

// isa, candidates, logits, n_in, n, k, batch, threads
using LayerTuple =
    std::tuple<std::string, uintptr_t, uintptr_t, size_t, size_t, size_t, size_t, size_t>;

template <typename T>
T* pointer(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

const LearnedKernels& learned_kernels([[maybe_unused]] const std::string& isa) {
#if defined(__x86_64__)
  if (isa == "avx512") return kAvx512Learned;
  if (isa == "avx2") return kAvx2Learned;
#endif
  return kBaselineLearned;
}

LearnedLayer make_layer(const LayerTuple& t) {
  const auto& [isa, candidates, logits, n_in, n, k, batch, threads] = t;
  return {&learned_kernels(isa), pointer<const int32_t>(candidates), pointer<const float>(logits),
          n_in, n, k, batch, threads};
}

}  // namespace

void bind_learned(nb::module_& m) {
  m.def("learned_pack", [](const LayerTuple& layer, uintptr_t rows, uintptr_t bits) {
    nb::gil_scoped_release release;
    return learned_pack(make_layer(layer), pointer<const float>(rows), pointer<uint64_t>(bits));
  });
  m.def("learned_forward", [](const LayerTuple& layer, uintptr_t bits, uintptr_t coefficients,
                              uintptr_t wires, uintptr_t y) {
    nb::gil_scoped_release release;
    learned_forward(make_layer(layer), pointer<const uint64_t>(bits),
                    pointer<const float>(coefficients), pointer<int32_t>(wires),
                    pointer<float>(y));
  });
  m.def("learned_backward",
        [](const LayerTuple& layer, uintptr_t bits, uintptr_t coefficients, uintptr_t wires,
           uintptr_t grad, double factor, uintptr_t grad_x, uintptr_t grad_coefficients,
           uintptr_t grad_logits) {
          nb::gil_scoped_release release;
          learned_backward(make_layer(layer), pointer<const uint64_t>(bits),
                           pointer<const float>(coefficients), pointer<const int32_t>(wires),
                           pointer<const float>(grad), static_cast<float>(factor),
                           pointer<float>(grad_x), pointer<float>(grad_coefficients),
                           pointer<float>(grad_logits));
        });
}

}  // namespace gategrad
