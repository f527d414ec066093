// Compares as bits: what NEON has no instruction for.
#pragma once

#include "isa/register.h"

namespace gategrad {
namespace {

#if defined(GG_NEON)
// Bit i is that of byte i, of four registers of bytes that are all ones or zero.
GG_INLINE uint64_t lane_bits(const uint8x16_t* m) {
  const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t low = vpaddq_u8(m[0] & bit, m[1] & bit),
                   high = vpaddq_u8(m[2] & bit, m[3] & bit);
  const uint8x16_t both = vpaddq_u8(low, high);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(both, both)), 0);
}

// Four compares of four numbers as one of sixteen bytes.
GG_INLINE uint8x16_t narrowed(const uint32x4_t* m) {
  const uint16x8_t low = vuzp1q_u16(vreinterpretq_u16_u32(m[0]), vreinterpretq_u16_u32(m[1]));
  const uint16x8_t high = vuzp1q_u16(vreinterpretq_u16_u32(m[2]), vreinterpretq_u16_u32(m[3]));
  return vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}
#endif

}  // namespace
}  // namespace gategrad
