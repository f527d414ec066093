#include "engine/isa.h"

namespace gategrad {

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> kernels{&kBaselineKernels};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    kernels.push_back(&kAvx512Kernels);
#endif
  return kernels;
}

}  // namespace gategrad
