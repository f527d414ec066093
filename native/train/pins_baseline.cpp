#define GG_PINS_FLOAT kBaselinePinsFloat
#define GG_PINS_DOUBLE kBaselinePinsDouble
#include "train/pins.inc"
