// Whether a circuit's own order of gates keeps fewer values than the engine's.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cones.h"
#include "engine/residence.h"

namespace gategrad {

// Some circuits come in an order that keeps few values at a time, such as trees one by one, where
// their outputs are stored and not evaluated once more when they are summed. Takes that order where
// it needs far fewer slots.
void take_as_given(const Netlist& net, const std::vector<uint32_t>& roots, uint8_t most_registers,
                   Cones& cones, Residence& residence);

}  // namespace gategrad
