// Machine code for one circuit and its sums.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/program.h"
#include "engine/schedule.h"

namespace gategrad {

// Writes code, input, input_slot, n_slots and n_gates of a program whose classes, columns and
// planes are there and whose entries are signals, as many as there are `roots`. Leaves it as it is
// where the system gives no executable memory, where runs of gates are faster, or where there is no
// machine code for `isa`.
void generate(const Netlist& net, const std::vector<uint32_t>& roots, const std::string& isa,
              Program& program);

}  // namespace gategrad
