// A single row with permutes of bytes, which not every machine with AVX-512 has.
#include "engine/single.isa.h"
#include "isa/kernel_set.h"

namespace gategrad {
constinit const SingleKernels kAvx512Vbmi = single_kernels();
}
