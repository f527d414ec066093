#define GG_PINS_FLOAT kAvx2PinsFloat
#define GG_PINS_DOUBLE kAvx2PinsDouble
#include "train/pins.inc"
