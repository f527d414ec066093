#define GG_KERNELS kAvx512Kernels
#define GG_ISA "avx512"
#include "engine/kernels.inc"
