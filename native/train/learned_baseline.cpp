#define GG_LEARNED_KERNELS kBaselineLearned
#include "train/learned.inc"
