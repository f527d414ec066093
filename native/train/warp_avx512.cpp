#define GG_WARP_KERNELS kAvx512Warp
#include "train/warp.inc"
