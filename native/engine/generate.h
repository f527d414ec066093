// Machine code for one circuit and its sums.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/program.h"
#include "engine/schedule.h"

namespace gategrad {

// Writes code, input, input_slot, n_slots and n_gates of a program whose classes, columns and
// planes are there and whose entries are signals, as many as there are `roots`. Leaves it as it is
// where the system gives no executable memory, or where runs of gates are faster.
void generate(const Netlist& net, const std::vector<uint32_t>& roots, Program& program);

}  // namespace gategrad
