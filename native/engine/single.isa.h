// The kernels for a single row.
#pragma once

#include "engine/compare.isa.h"
#include "engine/positions.isa.h"
#include "engine/single.h"

namespace gategrad {
namespace {

template <typename T>
bool encode_row(const Tile* tiles, size_t n_tiles, const T* row, Check check, uint64_t* words) {
  uint64_t bad = 0;
  auto compare = [&](Check known) {
    for (size_t t = 0; t < n_tiles; ++t)
      words[t] = compare64(row + tiles[t].first_feature, tiles[t], known, bad);
  };
  if (check == Check::kBit)
    compare(Check::kBit);
  else if (check == Check::kNotNan)
    compare(Check::kNotNan);
  else
    compare(Check::kNothing);
  return bad == 0;
}

#if defined(__AVX512VBMI__) && defined(__AVX512VPOPCNTDQ__)

GG_INLINE uint64_t look_up(const Lookup& lookup, const uint64_t* window) {
  __m512i bytes = _mm512_permutex2var_epi8(
      _mm512_loadu_si512(window), _mm512_load_si512(lookup.byte), _mm512_loadu_si512(window + 8));
  return _mm512_test_epi8_mask(bytes, _mm512_load_si512(lookup.bit));
}

void bit_gates(const BitPlan& p, uint64_t* words) {
  const Lookup* lookup = p.lookups;
  const uint32_t* window = p.windows;
  const Polynomials* chunk = p.chunks;
  for (const ChunkRun* run = p.runs; run != p.runs + p.n_runs; ++run) {
    uint64_t* out = words + run->first_word;
    for (uint32_t i = 0; i < run->count; ++i, ++chunk) {
      uint64_t x = 0, y = 0;
      for (uint32_t j = 0; j < run->n_a; ++j) x |= look_up(*lookup++, words + *window++);
      for (uint32_t j = 0; j < run->n_b; ++j) y |= look_up(*lookup++, words + *window++);
      *out++ = chunk->one ^ (chunk->a & x) ^ (y & (chunk->b ^ (chunk->ab & x)));
    }
  }
}

void bit_sums(const BitPlan& p, const uint64_t* words, int32_t* sums) {
  const MaskedBlock* block = p.blocks;
  const uint32_t* word = p.block_word;
  const CountedColumn* column = p.columns;
  for (size_t c = 0; c < p.n_classes; ++c) {
    // Modulo 2^32: the sum fits, its parts need not.
    uint32_t sum = static_cast<uint32_t>(p.bias[c]);
    for (uint32_t j = 0; j < p.class_columns[c]; ++j, ++column) {
      __m512i ones = _mm512_setzero_si512();
      for (uint32_t i = 0; i < column->count; ++i, ++block)
        ones = _mm512_add_epi64(
            ones, _mm512_popcnt_epi64(_mm512_and_si512(_mm512_loadu_si512(words + *word++),
                                                       _mm512_load_si512(block->mask))));
      uint32_t value = static_cast<uint32_t>(_mm512_reduce_add_epi64(ones)) << column->shift;
      sum = column->negative ? sum - value : sum + value;
    }
    sums[c] = static_cast<int32_t>(sum);
  }
}

#define GG_BITS bit_gates, bit_sums

#else

#define GG_BITS nullptr, nullptr

#endif

// Eight bits become eight bytes that are 0 or 1.
GG_INLINE uint64_t spread_bits(uint64_t bits) {
  uint64_t own = (bits & 0xFF) * 0x0101010101010101u & 0x8040201008040201u;
  return ((own + 0x7F7F7F7F7F7F7F7Fu) | own) >> 7 & 0x0101010101010101u;
}

void byte_inputs(const uint64_t* words, size_t n_tiles, uint8_t* signals) {
  for (size_t t = 0; t < n_tiles; ++t) {
    for (size_t i = 0; i < 8; ++i, signals += 8) {
      uint64_t eight = spread_bits(words[t] >> (8 * i));
      __builtin_memcpy(signals, &eight, 8);
    }
  }
}

// Plain loads and stores, of which the machine does three a cycle, measured faster than operands
// read two gates at a time and than results stored eight at a time.
#define GG_BYTE_RUN(name, expression)                                 \
  case Op::name:                                                      \
    _Pragma("GCC unroll 8") for (uint32_t i = 0; i < n; ++i) {        \
      const uint8_t a = signals[operand[2 * i]];                      \
      [[maybe_unused]] const uint8_t b = signals[operand[2 * i + 1]]; \
      out[i] = static_cast<uint8_t>(expression);                      \
    }                                                                 \
    break;

template <typename Index>
void byte_runs(const BytePlan& p, const Index* __restrict operand, uint8_t* signals) {
  uint8_t* out = signals + p.first_gate;
  for (const Run* run = p.runs; run != p.runs + p.n_runs; ++run) {
    const uint32_t n = run->count;
    switch (run->op) {
      GG_BYTE_RUN(kNot, a ^ 1)
      GG_BYTE_RUN(kAnd, a & b)
      GG_BYTE_RUN(kOr, a | b)
      GG_BYTE_RUN(kXor, a ^ b)
      GG_BYTE_RUN(kXnor, a ^ b ^ 1)
      GG_BYTE_RUN(kNand, (a & b) ^ 1)
      GG_BYTE_RUN(kNor, (a | b) ^ 1)
      GG_BYTE_RUN(kAndNot, a & (b ^ 1))
      GG_BYTE_RUN(kOrNot, a | (b ^ 1))
    }
    operand += 2 * size_t{n};
    out += n;
  }
}

void byte_gates(const BytePlan& p, uint8_t* signals) {
  if (p.short_operands)
    byte_runs(p, p.short_operands, signals);
  else
    byte_runs(p, p.operands, signals);
}

// The sum of bytes that are 0 or 1.
GG_INLINE uint32_t count_bytes(const uint8_t* bytes, uint32_t count) {
  uint32_t sum = 0;
  uint64_t eights = 0;
  uint32_t i = 0;
  // Each byte of `eights` counts up to 255 ones.
  while (i + 8 <= count) {
    const uint32_t end = count - i < 8 * 255 ? count - 7 : i + 8 * 255 - 7;
    eights = 0;
    for (; i < end; i += 8) {
      uint64_t next;
      __builtin_memcpy(&next, bytes + i, 8);
      eights += next;
    }
    sum += static_cast<uint32_t>(
        ((eights & 0x00FF00FF00FF00FFu) + (eights >> 8 & 0x00FF00FF00FF00FFu)) *
            0x0001000100010001u >>
        48);
  }
  for (; i < count; ++i) sum += bytes[i];
  return sum;
}

void byte_sums(const BytePlan& p, const uint8_t* signals, int32_t* sums) {
  const SignalRange* range = p.ranges;
  const uint32_t* entry = p.entries;
  const int32_t* weight = p.weights;
  for (size_t c = 0; c < p.n_classes; ++c) {
    // Modulo 2^32: the sum fits, its parts need not.
    uint32_t sum = static_cast<uint32_t>(p.bias[c]);
    for (uint32_t j = 0; j < p.class_ranges[c]; ++j, ++range)
      sum +=
          static_cast<uint32_t>(range->weight) * count_bytes(signals + range->first, range->count);
    for (uint32_t i = 0; i < p.class_ones[c]; ++i) sum += signals[*entry++];
    for (uint32_t i = 0; i < p.class_weighted[c]; ++i)
      sum += static_cast<uint32_t>(*weight++) * signals[*entry++];
    sums[c] = static_cast<int32_t>(sum);
  }
}

constexpr SingleKernels single_kernels() {
  return {encode_row<uint8_t>, encode_row<float>, encode_row<double>, GG_BITS,
          byte_inputs,         byte_gates,        byte_sums,          make_positions};
}

}  // namespace
}  // namespace gategrad
