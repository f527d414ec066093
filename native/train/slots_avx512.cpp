#define GG_SLOTS_FLOAT kAvx512SlotsFloat
#define GG_SLOTS_DOUBLE kAvx512SlotsDouble
#include "train/slots.inc"
