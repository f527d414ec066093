// Every 64-bit Arm has NEON. What the compiler makes of plain vectors it has already in the baseline;
// here are the instructions that it does not find.
#define GG_NEON
#include "isa/kernels.isa.h"

namespace gategrad {
constinit const KernelSet kNeon = kernel_set("neon");
}
