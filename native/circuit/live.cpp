#include "circuit/live.h"

#include <algorithm>

namespace gategrad {

std::vector<uint8_t> needed_gates(const GatesView& gates, const uint32_t* roots, size_t n_roots) {
  size_t first_gate = gates.first_gate();
  std::vector<uint8_t> needed(gates.n_gates, 0);
  auto mark = [&](uint32_t s) {
    if (s >= first_gate) needed[s - first_gate] = 1;
  };
  std::for_each_n(roots, n_roots, mark);
  for (size_t g = gates.n_gates; g-- > 0;)
    if (needed[g]) std::for_each_n(gates.fanin + g * gates.width, gates.width, mark);
  return needed;
}

}  // namespace gategrad
