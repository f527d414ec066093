#define GG_KERNELS kAvx2Kernels
#define GG_ISA "avx2"
#include "engine/kernels.inc"
