#define GG_WARP_KERNELS kAvx2Warp
#include "train/warp.inc"
