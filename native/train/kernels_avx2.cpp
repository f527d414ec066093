#define GG_FLOAT_KERNELS kAvx2Float
#define GG_DOUBLE_KERNELS kAvx2Double
#define GG_ISA "avx2"
#include "train/kernels.inc"
