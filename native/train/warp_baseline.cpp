#define GG_WARP_KERNELS kBaselineWarp
#include "train/warp.inc"
