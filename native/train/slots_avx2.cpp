#define GG_SLOTS_FLOAT kAvx2SlotsFloat
#define GG_SLOTS_DOUBLE kAvx2SlotsDouble
#include "train/slots.inc"
