#define GG_SINGLE kBaselineSingle
#include "engine/single.inc"
