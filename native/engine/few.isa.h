// The kernels of few rows: see few.h.
#pragma once

#include "engine/kernels.isa.h"

namespace gategrad {
namespace {

// A slot of so many words.
template <size_t kWords>
struct SlotOf;
template <>
struct SlotOf<1> {
  typedef uint64_t type;
};
template <>
struct SlotOf<2> {
  typedef uint64_t type __attribute__((vector_size(16), may_alias));
};
template <>
struct SlotOf<4> {
  typedef uint64_t type __attribute__((vector_size(32), may_alias));
};

// One load for both operands: loads are what bounds this.
#define GG_FEW_RUN(name, expression)                                    \
  case Op::name:                                                        \
    _Pragma("GCC unroll 8") for (uint32_t i = 0; i < run->count; ++i) { \
      const Slot a = s[pair[i] & kLow];                                 \
      [[maybe_unused]] const Slot b = s[pair[i] >> kBits];              \
      out[i] = (expression);                                            \
    }                                                                   \
    break;

template <typename Slot, typename Pair>
void few_runs(const FewPlan& p, const Pair* pair, Slot* s) {
  constexpr int kBits = 4 * sizeof(Pair);
  constexpr Pair kLow = (Pair{1} << kBits) - 1;
  for (const FewRun* run = p.runs; run != p.runs + p.n_runs; pair += run->count, ++run) {
    Slot* out = s + run->first;
    switch (run->op) {
      GG_FEW_RUN(kNot, ~a)
      GG_FEW_RUN(kAnd, a & b)
      GG_FEW_RUN(kOr, a | b)
      GG_FEW_RUN(kXor, a ^ b)
      GG_FEW_RUN(kXnor, ~(a ^ b))
      GG_FEW_RUN(kNand, ~(a & b))
      GG_FEW_RUN(kNor, ~(a | b))
      GG_FEW_RUN(kAndNot, a & ~b)
      GG_FEW_RUN(kOrNot, a | ~b)
    }
  }
}

template <size_t kWords>
void few_gates(const FewPlan& p, uint64_t* slots) {
  auto* s = reinterpret_cast<typename SlotOf<kWords>::type*>(slots);
  if (p.short_pairs)
    few_runs(p, p.short_pairs, s);
  else
    few_runs(p, p.pairs, s);
}

// Words [0, kWords) of each plane become the sum over all words that are as far apart.
template <size_t kWords>
GG_INLINE void fold_words(Block* planes, uint32_t n_planes) {
  auto* words = reinterpret_cast<uint64_t*>(planes);
  for (size_t half = kBlockWords / 2; half >= kWords; half /= 2) {
    uint64_t carry[kBlockWords / 2] = {};
    for (uint32_t k = 0; k < n_planes; ++k) {
      uint64_t* low = words + k * kBlockWords;
      for (size_t w = 0; w < half; ++w) {
        const uint64_t a = low[w], b = low[half + w], c = carry[w], ab = a ^ b;
        low[w] = ab ^ c;
        carry[w] = (a & b) | (ab & c);
      }
    }
  }
}

template <size_t kWords>
void few_sums(const FewPlan& p, const uint64_t* slots, uint64_t* planes) {
  Counter counter;
  Block total[32];
  const FewColumn* column = p.columns;
  for (size_t c = 0; c < p.n_classes; ++c) {
    counter.has_pending = 0;
    for (uint32_t k = 0; k < p.n_planes + 2; ++k) counter.acc[k] = zero();
    for (uint32_t j = 0; j < p.classes[c].n_columns; ++j, ++column) {
      const Block* from = vecs(slots + size_t{column->first} * kWords);
      add_column(counter, column->plane, p.n_planes, size_t{column->n_eights} * kWords,
                 [from](size_t i) { return from[i]; });
    }
    total_of(counter, p.n_planes, total);
    fold_words<kWords>(total, p.n_planes);
    uint64_t carry[kWords] = {}, *out = planes + c * p.n_planes * kBlockWords;
    for (uint32_t k = 0; k < p.n_planes; ++k, out += kBlockWords) {
      const uint64_t bias = p.classes[c].bias >> (k < 31 ? k : 31) & 1 ? ~uint64_t{0} : 0;
      for (size_t w = 0; w < kWords; ++w) {
        const uint64_t a = reinterpret_cast<const uint64_t*>(total + k)[w];
        out[w] = a ^ bias ^ carry[w];
        carry[w] = (a & bias) | ((a ^ bias) & carry[w]);
      }
    }
  }
}

constexpr FewKernels few_kernels() {
  return {{few_gates<1>, few_gates<2>, few_gates<4>}, {few_sums<1>, few_sums<2>, few_sums<4>}};
}

}  // namespace
}  // namespace gategrad
