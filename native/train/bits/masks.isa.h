// Words of bits as masks of vectors.
#pragma once

#include "train/bits/kernel.h"
#include "train/choice/logits.isa.h"

namespace gategrad::train::bits {
namespace {

constexpr size_t kVectors = kWord / kLanes<float>;

// Vector i's part of a word of bits, and what it selects.
#if defined(__AVX512F__)
typedef __mmask16 Mask;
GG_INLINE Mask mask_of(const uint64_t* bits, size_t i) {
  // GCC would load into an integer register first, which takes as long as the addition.
  Mask mask;
  __asm__("kmovw %1, %0" : "=k"(mask) : "m"(*(reinterpret_cast<const uint16_t*>(bits) + i)));
  return mask;
}
GG_INLINE Floats add_where(Mask mask, Floats sum, Floats v) {
  // GCC would add to a copy.
  __asm__("vaddps %1, %0, %0%{%2%}" : "+v"(sum) : "v"(v), "Yk"(mask));
  return sum;
}
GG_INLINE Floats choose_where(Mask mask, Floats on, Floats off) {
  return (Floats)_mm512_mask_blend_ps(mask, (__m512)off, (__m512)on);
}
#else
typedef Int<float> Mask;
GG_INLINE Mask mask_of(const uint64_t* bits, size_t i) {
  const size_t first = i * kLanes<float>;
  const Int<float> half = Int<float>{} + static_cast<int32_t>(*bits >> (first / 32 * 32));
  Int<float> lane;
  for (size_t l = 0; l < kLanes<float>; ++l) lane[l] = static_cast<int32_t>(1u << (first % 32 + l));
  return (half & lane) == lane;
}
GG_INLINE Floats add_where(Mask mask, Floats sum, Floats v) {
  return sum + (Floats)((Int<float>)v & mask);
}
GG_INLINE Floats choose_where(Mask mask, Floats on, Floats off) { return mask ? on : off; }
#endif

}  // namespace
}  // namespace gategrad::train::bits
