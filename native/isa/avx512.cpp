#include "isa/kernels.isa.h"

namespace gategrad {
constinit const KernelSet kAvx512 = kernel_set("avx512");
}
