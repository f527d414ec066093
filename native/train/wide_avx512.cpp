#define GG_WIDE_FLOAT kAvx512WideFloat
#define GG_WIDE_DOUBLE kAvx512WideDouble
#include "train/wide.inc"
