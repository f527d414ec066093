#define GG_WIDE_FLOAT kAvx2WideFloat
#define GG_WIDE_DOUBLE kAvx2WideDouble
#include "train/wide.inc"
