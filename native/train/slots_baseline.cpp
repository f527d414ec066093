#define GG_SLOTS_FLOAT kBaselineSlotsFloat
#define GG_SLOTS_DOUBLE kBaselineSlotsDouble
#include "train/slots.inc"
