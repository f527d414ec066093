// Kernels for every machine of a processor.
#include "isa/kernels.isa.h"

namespace gategrad {
constinit const KernelSet kBaseline = kernel_set("baseline");
}
