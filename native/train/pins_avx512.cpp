#define GG_PINS_FLOAT kAvx512PinsFloat
#define GG_PINS_DOUBLE kAvx512PinsDouble
#include "train/pins.inc"
