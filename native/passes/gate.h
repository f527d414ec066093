// One gate taken out of its circuit: a full truth table over plain signals.
#pragma once

#include <cstdint>
#include <utility>

#include "circuit/table.h"

namespace gategrad::passes {

// `table` does not depend on operands at or past `arity`.
struct Gate {
  uint64_t table;
  int arity;
  uint32_t operand[6];
};

inline void merge_equal_operands(Gate& g) {
  for (int j = 1; j < g.arity; ++j)
    for (int i = 0; i < j; ++i)
      if (g.operand[i] == g.operand[j]) {
        g.table = table::merge(g.table, i, j);
        break;
      }
}

// Keeps the operands that the table depends on.
inline void drop_unread_operands(Gate& g) {
  int kept = 0;
  for (int j = 0; j < g.arity; ++j) {
    if (!table::depends(g.table, j)) continue;
    g.table = table::exchange(g.table, kept, j);
    g.operand[kept++] = g.operand[j];
  }
  g.arity = kept;
}

inline void sort_operands(Gate& g) {
  for (int end = 1; end < g.arity; ++end)
    for (int j = end; j > 0 && g.operand[j - 1] > g.operand[j]; --j) {
      g.table = table::exchange(g.table, j - 1, j);
      std::swap(g.operand[j - 1], g.operand[j]);
    }
}

}  // namespace gategrad::passes
