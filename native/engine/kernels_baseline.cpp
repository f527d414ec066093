#define GG_KERNELS kBaselineKernels
#define GG_ISA "baseline"
#include "engine/kernels.inc"
