#define GG_WIDE_FLOAT kBaselineWideFloat
#define GG_WIDE_DOUBLE kBaselineWideDouble
#include "train/wide.inc"
