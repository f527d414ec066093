#define GG_SINGLE kAvx2Single
#include "engine/single.inc"
