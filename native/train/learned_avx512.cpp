#define GG_LEARNED_KERNELS kAvx512Learned
#include "train/learned.inc"
