// Truth tables of up to six operands in 64 bits.
//
// Bit i is the output for the operand pattern whose binary reading is i, the first operand being
// the least significant bit. All functions here take tables spread over all 64 bits ("full"), in
// which an operand that is not there simply does not matter.
#pragma once

#include <cstdint>

namespace gategrad::table {

// Patterns in which operand j is false.
inline constexpr uint64_t kLow[6] = {
    0x5555555555555555ull, 0x3333333333333333ull, 0x0F0F0F0F0F0F0F0Full,
    0x00FF00FF00FF00FFull, 0x0000FFFF0000FFFFull, 0x00000000FFFFFFFFull,
};

// A table of `arity` operands, repeated to 64 bits.
inline uint64_t spread(uint64_t t, int arity) {
  for (int j = arity; j < 6; ++j) t |= t << (1u << j);
  return t;
}

// The first 2^arity bits of a full table.
inline uint64_t shrink(uint64_t t, int arity) {
  return arity == 6 ? t : t & ((uint64_t{1} << (1u << arity)) - 1);
}

inline uint64_t cofactor0(uint64_t t, int j) {
  t &= kLow[j];
  return t | t << (1u << j);
}

inline uint64_t cofactor1(uint64_t t, int j) {
  t &= ~kLow[j];
  return t | t >> (1u << j);
}

inline bool depends(uint64_t t, int j) { return ((t >> (1u << j) ^ t) & kLow[j]) != 0; }

// The operands that a full table depends on, rising; returns how many there are.
inline int support(uint64_t t, int* operands) {
  int n = 0;
  for (int j = 0; j < 6; ++j)
    if (depends(t, j)) operands[n++] = j;
  return n;
}

// f with operand j complemented.
inline uint64_t flip(uint64_t t, int j) {
  return (t & kLow[j]) << (1u << j) | (t & ~kLow[j]) >> (1u << j);
}

// f with operands i and j exchanged.
inline uint64_t exchange(uint64_t t, int i, int j) {
  if (i == j) return t;
  uint64_t t0 = cofactor0(t, i), t1 = cofactor1(t, i);
  return (cofactor0(t0, j) & kLow[i] & kLow[j]) | (cofactor0(t1, j) & kLow[i] & ~kLow[j]) |
         (cofactor1(t0, j) & ~kLow[i] & kLow[j]) | (cofactor1(t1, j) & ~kLow[i] & ~kLow[j]);
}

// f with operand j read from operand i, on which it depends instead.
inline uint64_t merge(uint64_t t, int i, int j) {
  return (cofactor0(t, j) & kLow[i]) | (cofactor1(t, j) & ~kLow[i]);
}

}  // namespace gategrad::table
