// Removing the gates that no output needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad::passes {

// The needed gates in their order, and the outputs in their signals.
struct Live {
  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  std::vector<uint32_t> outputs;
};

Live remove_dead(const GatesView& circuit, const uint32_t* outputs, size_t n_outputs);

}  // namespace gategrad::passes
