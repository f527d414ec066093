#define GG_SINGLE kAvx512Single
#include "engine/single.inc"
