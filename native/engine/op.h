// Gates of at most two operands, as all kernels have them.
#pragma once

#include <stdint.h>

namespace gategrad {

// kAndNot is a & ~b, kOrNot is a | ~b, kNot is ~a.
enum class Op : uint32_t { kNot, kAnd, kOr, kXor, kXnor, kNand, kNor, kAndNot, kOrNot };

}  // namespace gategrad
