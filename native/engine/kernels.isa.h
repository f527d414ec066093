// The kernels of blocks of rows.
#pragma once

#include "engine/encode.isa.h"
#include "engine/maps.isa.h"
#include "engine/ranks.isa.h"

namespace gategrad {
namespace {

#define GG_RUN(name, expression)                    \
  case Op::name:                                    \
    for (; gate != end; ++gate) {                   \
      const Block& a = s[gate->a];                  \
      [[maybe_unused]] const Block& b = s[gate->b]; \
      s[gate->dst] = (expression);                  \
      __builtin_prefetch(next, 0, 2);               \
      next += step;                                 \
    }                                               \
    break;

void gates(const KernelProgram& p, uint64_t* slots, const uint8_t* next, size_t step) {
  Block* s = vecs(slots);
  const Gate* gate = p.gates;
  for (size_t r = 0; r < p.n_runs; ++r) {
    const Gate* end = gate + p.runs[r].count;
    switch (p.runs[r].op) {
      GG_RUN(kNot, ~a)
      GG_RUN(kAnd, a & b)
      GG_RUN(kOr, a | b)
      GG_RUN(kXor, a ^ b)
      GG_RUN(kXnor, ~(a ^ b))
      GG_RUN(kNand, ~(a & b))
      GG_RUN(kNor, ~(a | b))
      GG_RUN(kAndNot, a & ~b)
      GG_RUN(kOrNot, a | ~b)
    }
  }
}

// A carry-save counter: the total is sum over k of 2^k (acc[k] + pending[k]).
struct Counter {
  Block acc[34], pending[34];
  uint64_t has_pending;
};

GG_INLINE void insert(Counter& c, uint32_t k, uint32_t n_planes, const Block& added) {
  Block v = added;
  for (; k < n_planes; ++k) {
    if (!(c.has_pending >> k & 1)) {
      c.pending[k] = v;
      c.has_pending |= uint64_t{1} << k;
      return;
    }
    c.has_pending &= ~(uint64_t{1} << k);
    v = full_add(c.acc[k], c.pending[k], v);
  }
}

// Adds the blocks load(0) to load(count - 1) at column k: eight at a time through seven full adders.
template <typename Load>
GG_INLINE void add_column(Counter& c, uint32_t k, uint32_t n_planes, size_t count,
                          const Load& load) {
  size_t i = 0;
  Block ones = c.acc[k], twos = c.acc[k + 1], fours = c.acc[k + 2];
  for (; i + 8 <= count; i += 8) {
    Block twos_a = full_add(ones, load(i), load(i + 1));
    Block twos_b = full_add(ones, load(i + 2), load(i + 3));
    Block fours_a = full_add(twos, twos_a, twos_b);
    twos_a = full_add(ones, load(i + 4), load(i + 5));
    twos_b = full_add(ones, load(i + 6), load(i + 7));
    Block fours_b = full_add(twos, twos_a, twos_b);
    insert(c, k + 3, n_planes, full_add(fours, fours_a, fours_b));
  }
  c.acc[k] = ones;
  c.acc[k + 1] = twos;
  c.acc[k + 2] = fours;
  for (; i < count; ++i) insert(c, k, n_planes, load(i));
}

template <bool kInverted>
void add_entries(Counter& c, uint32_t k, uint32_t n_planes, const Block* s, const uint32_t* entry,
                 size_t count) {
  add_column(c, k, n_planes, count,
             [&](size_t i) { return kInverted ? ~s[entry[i]] : s[entry[i]]; });
}

// What was counted, in binary.
GG_INLINE void total_of(const Counter& c, uint32_t n_planes, Block* total) {
  Block carry = zero();
  for (uint32_t k = 0; k < n_planes; ++k) {
    const Block pending = (c.has_pending >> k & 1) ? c.pending[k] : zero();
    total[k] = c.acc[k];
    carry = full_add(total[k], pending, carry);
  }
}

void sums(const KernelProgram& p, const uint64_t* slots, uint64_t* planes) {
  const Block* s = vecs(slots);
  Counter counter;
  for (size_t c = 0; c < p.n_classes; ++c) {
    const ClassSum& sum = p.classes[c];
    counter.has_pending = 0;
    for (uint32_t k = 0; k < p.n_planes + 2; ++k) counter.acc[k] = zero();
    const uint32_t* entry = p.entries + sum.first_entry;
    for (uint32_t j = 0; j < sum.n_columns; ++j) {
      const Column& column = p.columns[sum.first_column + j];
      auto add = column.inverted ? add_entries<true> : add_entries<false>;
      add(counter, column.column, p.n_planes, s, entry, column.count);
      entry += column.count;
    }
    Block bias_carry = zero();
    Block* out = vecs(planes) + c * p.n_planes;
    total_of(counter, p.n_planes, out);
    for (uint32_t k = 0; k < p.n_planes; ++k)
      bias_carry =
          full_add(out[k], (sum.bias >> (k < 31 ? k : 31) & 1) ? all_ones() : zero(), bias_carry);
  }
}

void argmax(const KernelProgram& p, const uint64_t* planes, size_t n_rows, int64_t* labels) {
  const Block* sum = vecs(planes);
  const uint32_t top = p.n_planes - 1;
  Block best[32], index[64];
  for (uint32_t k = 0; k <= top; ++k) best[k] = sum[k];
  for (Block& bits : index) bits = zero();
  for (size_t c = 1; c < p.n_classes; ++c) {
    sum += p.n_planes;
    Block greater = zero();  // of the planes so far; the sign plane counts the other way round
    for (uint32_t k = 0; k < top; ++k) greater = select(sum[k] ^ best[k], sum[k], greater);
    greater = select(sum[top] ^ best[top], best[top], greater);
    for (uint32_t k = 0; k <= top; ++k) best[k] = select(greater, sum[k], best[k]);
    for (uint32_t k = 0; (p.n_classes - 1) >> k; ++k)
      index[k] = (c >> k & 1) ? (index[k] | greater) : (index[k] & ~greater);
  }
  transpose64(index);
  const uint64_t* words = reinterpret_cast<const uint64_t*>(index);
  for (size_t r = 0; r < n_rows; ++r)
    labels[r] = static_cast<int64_t>(words[(r % 64) * kBlockWords + r / 64]);
}

// Two classes a transpose: 32 sign-extended bits each.
void store_sums(const KernelProgram& p, const uint64_t* planes, size_t n_rows, int32_t* out) {
  Block bits[64];
  const uint64_t* words = reinterpret_cast<const uint64_t*>(bits);
  for (size_t c = 0; c < p.n_classes; c += 2) {
    size_t n = p.n_classes - c < 2 ? 1 : 2;
    for (size_t half = 0; half < 2; ++half) {
      const Block* sum = vecs(planes) + (c + (half < n ? half : 0)) * p.n_planes;
      for (uint32_t k = 0; k < 32; ++k)
        bits[32 * half + k] = sum[k < p.n_planes ? k : p.n_planes - 1];
    }
    transpose64(bits);
    for (size_t r = 0; r < n_rows; ++r) {
      uint64_t word = words[(r % 64) * kBlockWords + r / 64];
      out[r * p.n_classes + c] = static_cast<int32_t>(static_cast<uint32_t>(word));
      if (n == 2) out[r * p.n_classes + c + 1] = static_cast<int32_t>(word >> 32);
    }
  }
}

GG_INLINE uint64_t fold(const Block& v) {
  const uint64_t* w = reinterpret_cast<const uint64_t*>(&v);
  uint64_t x = 0;
  for (size_t i = 0; i < kBlockWords; ++i) x ^= w[i];
  return x;
}

template <bool kPrefetch>
uint64_t read_all(const uint8_t* data, size_t n_bytes) {
  typedef Word Unaligned __attribute__((aligned(1)));
  constexpr size_t kStep = 256, kAhead = 4096;
  Block acc[4] = {};
  for (size_t i = 0; i + kStep <= n_bytes; i += kStep) {
    for (size_t j = 0; j < 4; ++j) {
      if (kPrefetch) __builtin_prefetch(data + i + kAhead + 64 * j);
      for (int k = 0; k < kRegisters; ++k)
        acc[j].w[k] ^= *reinterpret_cast<const Unaligned*>(data + i + 64 * j + GG_REGISTER * k);
    }
  }
  return fold((acc[0] ^ acc[1]) ^ (acc[2] ^ acc[3]));
}

constexpr BlockKernels block_kernels(const char* isa, FewKernels few) {
  return {isa,
          !kInOrder,
          encode<uint8_t>,
          encode<float>,
          encode<double>,
          gates,
          sums,
          argmax,
          store_sums,
          few,
          read_all<false>,
          read_all<true>,
          encode_ranked<uint8_t>,
          encode_ranked<float>,
          encode_ranked<double>,
          make_maps};
}

}  // namespace
}  // namespace gategrad
