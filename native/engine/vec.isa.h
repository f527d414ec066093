// A block of 512 bits in the widest registers of this instruction set, and its operations.
#pragma once

#include "engine/kernel.h"
#include "isa/register.h"

namespace gategrad {
namespace {

typedef uint64_t Word __attribute__((vector_size(GG_REGISTER), may_alias));
constexpr int kRegisters = 64 / GG_REGISTER;

struct alignas(64) Block {
  Word w[kRegisters];
};

GG_INLINE Block* vecs(uint64_t* p) { return reinterpret_cast<Block*>(p); }
GG_INLINE const Block* vecs(const uint64_t* p) { return reinterpret_cast<const Block*>(p); }

#define GG_EACH(expression)                                     \
  Block out;                                                    \
  for (int i = 0; i < kRegisters; ++i) out.w[i] = (expression); \
  return out;

GG_INLINE Block operator&(const Block& a, const Block& b){
    GG_EACH(a.w[i] & b.w[i])} GG_INLINE Block operator|(const Block& a, const Block& b){
    GG_EACH(a.w[i] | b.w[i])} GG_INLINE Block operator^(const Block& a, const Block& b){
    GG_EACH(a.w[i] ^ b.w[i])} GG_INLINE Block operator~(const Block& a) {
  GG_EACH(~a.w[i])
}
template <int Shift>
GG_INLINE Block left(const Block& a) {
  GG_EACH(a.w[i] << Shift)
}
template <int Shift>
GG_INLINE Block right(const Block& a){GG_EACH(a.w[i] >> Shift)}

GG_INLINE Block zero() {
  return Block{};
}
GG_INLINE Block all_ones() { return ~zero(); }

GG_INLINE bool any(const Block& v) {
  const uint64_t* words = reinterpret_cast<const uint64_t*>(&v);
  uint64_t all = 0;
  for (size_t i = 0; i < kBlockWords; ++i) all |= words[i];
  return all != 0;
}

GG_INLINE Block splat(uint64_t x) {
  Block out;
  for (int i = 0; i < kRegisters; ++i) out.w[i] = Word{} + x;
  return out;
}

#if defined(__AVX512F__)
#define GG_TERNARY(a, b, c, table)                                                              \
  Block {                                                                                       \
    {                                                                                           \
      (Word) _mm512_ternarylogic_epi64((__m512i)(a).w[0], (__m512i)(b).w[0], (__m512i)(c).w[0], \
                                       table)                                                   \
    }                                                                                           \
  }
GG_INLINE Block parity(const Block& a, const Block& b, const Block& c) {
  return GG_TERNARY(a, b, c, 0x96);
}
GG_INLINE Block majority(const Block& a, const Block& b, const Block& c) {
  return GG_TERNARY(a, b, c, 0xE8);
}
// s ? a : b
GG_INLINE Block select(const Block& s, const Block& a, const Block& b) {
  return GG_TERNARY(s, a, b, 0xCA);
}
#elif defined(GG_NEON)
GG_INLINE Block parity(const Block& a, const Block& b, const Block& c) { return a ^ b ^ c; }
GG_INLINE Block select(const Block& s, const Block& a, const Block& b){
    GG_EACH((Word)vbslq_u64((uint64x2_t)s.w[i], (uint64x2_t)a.w[i],
                            (uint64x2_t)b.w[i]))} GG_INLINE Block
    majority(const Block& a, const Block& b, const Block& c) {
  return select(a ^ b, c, a);
}
#else
GG_INLINE Block parity(const Block& a, const Block& b, const Block& c) { return a ^ b ^ c; }
GG_INLINE Block majority(const Block& a, const Block& b, const Block& c) {
  return (a & b) | ((a ^ b) & c);
}
GG_INLINE Block select(const Block& s, const Block& a, const Block& b) { return b ^ (s & (a ^ b)); }
#endif

// sum + 2 * carry = a + b + c, bit by bit; sum replaces a.
GG_INLINE Block full_add(Block& a, const Block& b, const Block& c) {
  Block carry = majority(a, b, c);
  a = parity(a, b, c);
  return carry;
}

// Three steps of the 64x64 bit transpose of every word lane, over v[0], v[step], ... v[7 * step].
template <int J>
GG_INLINE void exchange(Block& low, Block& high, const Block& mask) {
  Block t = (right<J>(low) ^ high) & mask;
  high = high ^ t;
  low = low ^ left<J>(t);
}

template <int J, int Step>
GG_INLINE void transpose_steps(Block* v) {
  constexpr uint64_t masks[7] = {
      0, 0x5555555555555555u, 0x3333333333333333u, 0, 0x0F0F0F0F0F0F0F0Fu, 0, 0};
  const Block m4 = splat(J == 32 ? 0x00000000FFFFFFFFu : masks[4]);
  const Block m2 = splat(J == 32 ? 0x0000FFFF0000FFFFu : masks[2]);
  const Block m1 = splat(J == 32 ? 0x00FF00FF00FF00FFu : masks[1]);
  Block r[8];
  for (int i = 0; i < 8; ++i) r[i] = v[i * Step];
  for (int i = 0; i < 4; ++i) exchange<J>(r[i], r[i + 4], m4);
  for (int i = 0; i < 8; i += 4)
    for (int k = i; k < i + 2; ++k) exchange<J / 2>(r[k], r[k + 2], m2);
  for (int i = 0; i < 8; i += 2) exchange<J / 4>(r[i], r[i + 1], m1);
  for (int i = 0; i < 8; ++i) v[i * Step] = r[i];
}

// Bit j of v[i] becomes bit i of v[j], in each of the eight 64-bit lanes.
GG_INLINE void transpose64(Block* v) {
  for (int i = 0; i < 8; ++i) transpose_steps<32, 8>(v + i);
  for (int i = 0; i < 64; i += 8) transpose_steps<4, 1>(v + i);
}

}  // namespace
}  // namespace gategrad
