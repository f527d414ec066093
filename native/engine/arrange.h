// What machine code is made of: in which order gates are evaluated, and where their values live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/cones.h"
#include "engine/program.h"
#include "engine/residence.h"

namespace gategrad {

// The same for slots of every width, so that code for few rows is made of it as well.
struct Arrangement {
  Netlist net;
  Cones cones;
  Residence residence;
  // Of the sums; entries are signals.
  std::vector<Column> columns;
  std::vector<uint32_t> entries;
};

// Orders the gates of `cones` and gives values slots: as the cache would have it (order.h), or as the
// circuit comes. Some circuits come in an order that keeps few values at a time, such as trees one by
// one, where their outputs are stored and not evaluated once more when they are summed. That order is
// taken, and `cones` become its, where it needs far fewer slots. For `n_looks` see order.h.
Residence arrange(const Netlist& net, const std::vector<uint32_t>& roots, uint8_t most_registers,
                  Cones& cones, size_t& n_looks);

}  // namespace gategrad
