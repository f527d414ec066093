// The arrays of a circuit as nanobind hands them over from Python.
#pragma once

#include "arrays.h"
#include "circuit/gates.h"

namespace gategrad {

// Throws where the arrays don't fit together or break the rules of `check_gates`.
inline GatesView checked_view(uint32_t n_inputs, const In<uint32_t, 2>& fanin,
                              const In<uint64_t, 1>& table, const In<uint32_t, 1>& outputs) {
  GatesView view{n_inputs, fanin.data(), table.data(), table.size(), fanin.shape(1)};
  if (fanin.shape(0) != table.size())
    throw std::invalid_argument("a row of operands and a table for each gate, please");
  check_gates(view, outputs.data(), outputs.size());
  return view;
}

}  // namespace gategrad
