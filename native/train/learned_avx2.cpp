#define GG_LEARNED_KERNELS kAvx2Learned
#include "train/learned.inc"
