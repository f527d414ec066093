// The instruction sets of isa/table.def that this machine has.
#pragma once

#include <string>
#include <vector>

#include "isa/kernel_set.h"

namespace gategrad {

struct InstructionSet {
  const char* name;
  const KernelSet* kernels;
  const SingleKernels* single;  // those of `kernels`, or better ones
};

// Slowest first; the first one runs on every machine.
const std::vector<InstructionSet>& instruction_sets();

// The one of that name. Throws std::invalid_argument where this machine has none.
const InstructionSet& instruction_set(const std::string& name);

}  // namespace gategrad
