#define GG_FLOAT_KERNELS kBaselineFloat
#define GG_DOUBLE_KERNELS kBaselineDouble
#define GG_ISA "baseline"
#include "train/kernels.inc"
