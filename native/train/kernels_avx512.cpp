#define GG_FLOAT_KERNELS kAvx512Float
#define GG_DOUBLE_KERNELS kAvx512Double
#define GG_ISA "avx512"
#include "train/kernels.inc"
