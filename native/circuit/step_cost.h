// What one step of a Shannon expansion costs.
#pragma once

#include <cstdint>

namespace gategrad {

inline bool constant(uint64_t t) { return t == 0 || t == ~uint64_t{0}; }

// Gates of at most `width` operands that join the cofactors f0 and f1.
inline int step_cost(uint64_t f0, uint64_t f1, int width) {
  return (constant(f0) || constant(f1) || f0 == ~f1 || width > 2) ? 1 : 3;
}

}  // namespace gategrad
