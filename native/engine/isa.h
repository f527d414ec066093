// Which kernels this machine can run.
#pragma once

#include <vector>

#include "engine/kernel.h"

namespace gategrad {

// Kernels that run here, slowest first; the first entry runs everywhere.
std::vector<const Kernels*> available_kernels();

}  // namespace gategrad
