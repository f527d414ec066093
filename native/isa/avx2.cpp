#include "isa/kernels.isa.h"

namespace gategrad {
constinit const KernelSet kAvx2 = kernel_set("avx2");
}
