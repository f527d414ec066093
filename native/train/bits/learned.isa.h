// The kernels of learned wires on inputs that are bits.
#pragma once

#include "train/bits/pack.isa.h"

namespace gategrad::train::bits {
namespace {

// Candidates whose products are summed side by side.
constexpr size_t kSideBySide = 16;
// Readers ahead whose rows of the gradient are fetched: wires are random.
constexpr size_t kLearnedAhead = 6;
// Words of samples whose gradient a gather sums in registers.
constexpr size_t kWordsAtOnce = kVectors == 4 ? 2 : 1;

// Adds to sums[k] the products of W words of d with candidate k's bits.
template <size_t N, size_t W>
GG_INLINE void add_products(const int32_t* candidates, const uint64_t* bits, size_t n_words,
                            const float* d, Floats* sums) {
  Floats v[W * kVectors];
#pragma GCC unroll 16
  for (size_t i = 0; i < W * kVectors; ++i) v[i] = load(d + i * kLanes<float>);
  constexpr size_t kChains = N < 4 ? N : 4;  // additions that wait for each other, side by side
#pragma GCC unroll 16
  for (size_t first = 0; first < N; first += kChains) {
    const uint64_t* word[kChains];
    for (size_t c = 0; c < kChains; ++c)
      word[c] = bits + static_cast<size_t>(candidates[first + c]) * n_words;
#pragma GCC unroll 16
    for (size_t i = 0; i < W * kVectors; ++i)
#pragma GCC unroll 16
      for (size_t c = 0; c < kChains; ++c)
        sums[first + c] = add_where(mask_of(word[c], i), sums[first + c], v[i]);
  }
}

// out[k] = sum over all samples s of d[s] * candidate k's bit s, for N candidates.
template <size_t N>
GG_INLINE void products_of(const int32_t* candidates, const uint64_t* bits, size_t n_words,
                           const float* d, float* out) {
  Floats sums[kSideBySide] = {};
  size_t left = n_words;
  for (; left >= kWordsAtOnce; left -= kWordsAtOnce, bits += kWordsAtOnce) {
    // Addresses of all candidates' words would otherwise be made before the loop, and be spilled.
    __asm__("" : "+r"(candidates));
    add_products<N, kWordsAtOnce>(candidates, bits, n_words, d, sums);
    d += kWordsAtOnce * kWord;
  }
  if (left) add_products<N, 1>(candidates, bits, n_words, d, sums);
  store_sums(sums, N, out);
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// Two words of 8 candidates: 32 samples of all of them a vector. `n` words are there, one or two.
GG_INLINE void load_words(const int32_t* candidates, const uint64_t* bits, size_t n_words, size_t n,
                          __m256* words) {
  const auto load_row = [&](size_t c) __attribute__((always_inline)) {
    const uint64_t* row = bits + static_cast<size_t>(candidates[c]) * n_words;
    return _mm_castsi128_ps(n == 2 ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(row))
                                   : _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row)));
  };
#pragma GCC unroll 4
  for (size_t c = 0; c < 4; ++c)
    words[c] = _mm256_insertf128_ps(_mm256_castps128_ps256(load_row(c)), load_row(c + 4), 1);
  transpose_in_lanes(words);
}

// All sums of three numbers: sum i has those of the bits of i.
GG_INLINE __m256 sums_of_three(const float* d, bool last) {
  const __m256 bit0 = _mm256_setr_ps(0, 1, 0, 1, 0, 1, 0, 1);
  const __m256 bit1 = _mm256_setr_ps(0, 0, 1, 1, 0, 0, 1, 1);
  const __m256 bit2 = _mm256_setr_ps(0, 0, 0, 0, 1, 1, 1, 1);
  __m256 sums = _mm256_mul_ps(bit0, _mm256_broadcast_ss(d));
  sums = _mm256_fmadd_ps(bit1, _mm256_broadcast_ss(d + 1), sums);
  return last ? sums : _mm256_fmadd_ps(bit2, _mm256_broadcast_ss(d + 2), sums);
}

// As `products_of`, 8 candidates a vector: three of their bits choose among the sums of as many
// numbers, which is one instruction for 24 products.
template <size_t N>
GG_INLINE void products_by_three(const int32_t* candidates, const uint64_t* bits, size_t n_words,
                                 const float* d, float* out) {
  constexpr size_t kEights = N / 8;
  __m256 total[kEights][2];
  for (size_t e = 0; e < kEights; ++e) total[e][0] = total[e][1] = _mm256_setzero_ps();
  for (size_t w = 0; w < n_words; w += 2) {
    const size_t n = n_words - w < 2 ? 1 : 2;
    __m256 words[kEights][4];
#pragma GCC unroll 2
    for (size_t e = 0; e < kEights; ++e)
      load_words(candidates + 8 * e, bits + w, n_words, n, words[e]);
    for (size_t half = 0; half < 2 * n; ++half, d += 32) {
      __m256i word[kEights];
#pragma GCC unroll 2
      for (size_t e = 0; e < kEights; ++e) word[e] = _mm256_castps_si256(words[e][half]);
#pragma GCC unroll 11
      for (size_t i = 0; i < 11; ++i) {
        const __m256 sums = sums_of_three(d + 3 * i, i == 10);
#pragma GCC unroll 2
        for (size_t e = 0; e < kEights; ++e) {
          total[e][i % 2] = _mm256_add_ps(total[e][i % 2], _mm256_permutevar8x32_ps(sums, word[e]));
          word[e] = _mm256_srli_epi32(word[e], 3);
        }
      }
    }
  }
  for (size_t e = 0; e < kEights; ++e)
    _mm256_storeu_ps(out + 8 * e, _mm256_add_ps(total[e][0], total[e][1]));
}
#endif

GG_INLINE void products(const int32_t* candidates, size_t k, const uint64_t* bits, size_t n_words,
                        const float* d, float* out) {
  size_t at = 0;
#if defined(__AVX2__) && !defined(__AVX512F__)
  for (; at + 16 <= k; at += 16) products_by_three<16>(candidates + at, bits, n_words, d, out + at);
  for (; at + 8 <= k; at += 8) products_by_three<8>(candidates + at, bits, n_words, d, out + at);
#endif
  for (; at + 16 <= k; at += 16) products_of<16>(candidates + at, bits, n_words, d, out + at);
  for (; at + 8 <= k; at += 8) products_of<8>(candidates + at, bits, n_words, d, out + at);
  for (; at + 4 <= k; at += 4) products_of<4>(candidates + at, bits, n_words, d, out + at);
  for (; at < k; ++at) products_of<1>(candidates + at, bits, n_words, d, out + at);
}

// The first word of what a pin of gate g reads.
GG_INLINE const uint64_t* word_of(const LearnedGates& gates, size_t pin, size_t g) {
  return gates.bits + static_cast<size_t>(gates.wires[pin * gates.n + g]) * gates.n_words;
}

typedef uint32_t Sixteen __attribute__((vector_size(64)));

uint32_t choose(const float* logits, const int32_t* candidates, size_t begin, size_t end, size_t k,
                int32_t* wires) {
  Sixteen highest{};
  for (size_t pin = begin; pin < end; pin += 16) {
    // Of sixteen pins at once, shortly before one candidate each is read again.
    const size_t last = pin + 16 < end ? pin + 16 : end;
    const int32_t *at = candidates + pin * k, *stop = candidates + last * k;
    for (; at + 16 <= stop; at += 16) {
      Sixteen row;
      __builtin_memcpy(&row, at, sizeof row);
      highest = row > highest ? row : highest;
    }
    for (; at < stop; ++at)
      if (static_cast<uint32_t>(*at) > highest[0]) highest[0] = static_cast<uint32_t>(*at);
    for (size_t p = pin; p < last; ++p) wires[p] = candidates[p * k + chosen_of(logits + p * k, k)];
  }
  uint32_t most = 0;
  for (size_t i = 0; i < 16; ++i) most = highest[i] > most ? highest[i] : most;
  return most;
}

void hard_bits(const LearnedGates& gates, size_t begin, size_t end, size_t batch, uint64_t* y) {
  if (!batch) return;
  const uint64_t last = batch % kWord ? (uint64_t{1} << batch % kWord) - 1 : ~uint64_t{0};
  for (size_t g = begin; g < end; ++g) {
    // Modulo 2 the coefficients of a Boolean function are those of its sum of products.
    uint64_t use[4];
    for (size_t i = 0; i < 4; ++i)
      use[i] = -static_cast<uint64_t>(static_cast<int32_t>(gates.coefficients[4 * g + i]) & 1);
    const uint64_t *a = word_of(gates, 0, g), *b = word_of(gates, 1, g);
    uint64_t* out = y + g * gates.n_words;
    for (size_t w = 0; w < gates.n_words; ++w)
      out[w] = use[0] ^ (use[1] & a[w]) ^ ((use[2] ^ (use[3] & a[w])) & b[w]);
    out[gates.n_words - 1] &= last;
  }
}

// What a gate is for inputs 00, 10, 01 and 11.
struct Entries {
  Floats at[4];
};

GG_INLINE Entries entries_of(const float* c) {
  return {{Floats{} + c[0], Floats{} + (c[0] + c[1]), Floats{} + (c[0] + c[2]),
           Floats{} + ((c[0] + c[1]) + (c[2] + c[3]))}};
}

GG_INLINE Floats value_of(const Entries& entry, Mask a, Mask b) {
  return choose_where(b, choose_where(a, entry.at[3], entry.at[2]),
                      choose_where(a, entry.at[1], entry.at[0]));
}

void values(const LearnedGates& gates, size_t begin, size_t end, size_t batch, float* y) {
  for (size_t g = begin; g < end; ++g) {
    const Entries entry = entries_of(gates.coefficients + 4 * g);
    const uint64_t *a = word_of(gates, 0, g), *b = word_of(gates, 1, g);
    float* out = y + g * batch;
    for (size_t left = batch; left; ++a, ++b, out += kWord) {
      const size_t n = left < kWord ? left : kWord;
      if (n == kWord)
#pragma GCC unroll 16
        for (size_t i = 0; i < kVectors; ++i)
          store<float>(out + i * kLanes<float>, value_of(entry, mask_of(a, i), mask_of(b, i)));
      else
        for (size_t i = 0; i < kVectors && i * kLanes<float> < n; ++i)
          store_some<float, false>(out + i * kLanes<float>,
                                   value_of(entry, mask_of(a, i), mask_of(b, i)),
                                   n - i * kLanes<float>);
      left -= n;
    }
  }
}

void sums(const LearnedGates& gates, size_t begin, size_t end, size_t word, float* out) {
  Floats total[kVectors] = {};
  for (size_t g = begin; g < end; ++g) {
    const Entries entry = entries_of(gates.coefficients + 4 * g);
    const uint64_t *a = word_of(gates, 0, g) + word, *b = word_of(gates, 1, g) + word;
#pragma GCC unroll 16
    for (size_t i = 0; i < kVectors; ++i) total[i] += value_of(entry, mask_of(a, i), mask_of(b, i));
  }
  for (size_t i = 0; i < kVectors; ++i) store<float>(out + i * kLanes<float>, total[i]);
}

GG_INLINE void fetch(const float* row, size_t n) {
  for (size_t i = 0; i < n; i += 16) __builtin_prefetch(row + i);
}

GG_INLINE const float* row_of(const GradRows& grad, size_t g, size_t row) {
  return grad.rows + (grad.class_of ? static_cast<size_t>(grad.class_of[g]) : g) * row;
}

// W words of a row: sums over the readers of grad * dy/dpin, which is c + c3 where the other pin
// is 1, and c elsewhere.
template <size_t W>
GG_INLINE void gather_words(const LearnedGates& gates, const Readers& readers, const GradRows& grad,
                            size_t feature, size_t word, float factor, float* row) {
  const size_t width = gates.n_words * kWord, n = gates.n;
  const int32_t *pin = readers.pins + readers.first[feature],
                *end = readers.pins + readers.first[feature + 1],
                *all = readers.pins + readers.first[0] + 2 * n;
  Floats total[W * kVectors] = {};
  for (; pin < end; ++pin) {
    const size_t second = static_cast<size_t>(*pin) >= n,
                 g = static_cast<size_t>(*pin) - second * n;
    if (pin + kLearnedAhead < all) {
      const size_t ahead = static_cast<size_t>(pin[kLearnedAhead]);
      fetch(row_of(grad, ahead >= n ? ahead - n : ahead, width) + word * kWord, W * kWord);
    }
    const float* c = gates.coefficients + 4 * g;
    const Floats off = Floats{} + c[1 + second], on = off + c[3];
    const uint64_t* other = word_of(gates, 1 - second, g) + word;
    const float* from = row_of(grad, g, width) + word * kWord;
#pragma GCC unroll 16
    for (size_t i = 0; i < W * kVectors; ++i)
      total[i] += choose_where(mask_of(other, i), on, off) * load(from + i * kLanes<float>);
  }
  for (size_t i = 0; i < W * kVectors; ++i)
    store<float>(row + word * kWord + i * kLanes<float>, factor * total[i]);
}

void gather(const LearnedGates& gates, const Readers& readers, const GradRows& grad, size_t feature,
            float factor, float* row) {
  size_t w = 0;
  for (; w + kWordsAtOnce <= gates.n_words; w += kWordsAtOnce)
    gather_words<kWordsAtOnce>(gates, readers, grad, feature, w, factor, row);
  for (; w < gates.n_words; ++w) gather_words<1>(gates, readers, grad, feature, w, factor, row);
}

// Sums of row * (1, a, b, ab) of gate g to out (4), and row * dy/da and row * dy/db.
GG_INLINE void pin_gradients(const LearnedGates& gates, const float* row, size_t g, float* da,
                             float* db, float* out) {
  const float* c = gates.coefficients + 4 * g;
  const uint64_t *a = word_of(gates, 0, g), *b = word_of(gates, 1, g);
  const Floats a_off = Floats{} + c[1], a_on = a_off + c[3];
  const Floats b_off = Floats{} + c[2], b_on = b_off + c[3];
  Floats total[4] = {};
  for (size_t w = 0; w < gates.n_words; ++w, ++a, ++b, row += kWord, da += kWord, db += kWord) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kVectors; ++i) {
      const Floats v = load(row + i * kLanes<float>);
      const Mask in_a = mask_of(a, i), in_b = mask_of(b, i);
      total[0] += v;
      total[1] = add_where(in_a, total[1], v);
      total[2] = add_where(in_b, total[2], v);
      total[3] = add_where(in_a & in_b, total[3], v);
      store<float>(da + i * kLanes<float>, choose_where(in_b, a_on, a_off) * v);
      store<float>(db + i * kLanes<float>, choose_where(in_a, b_on, b_off) * v);
    }
  }
  out[0] = out[1] = out[2] = out[3] = 0;
  add_lane_sums<float>(total[0], total[1], total[2], total[3], out);
}

void backward(const LearnedGates& gates, const float* const* rows, size_t first, size_t count,
              float* scratch, float* out, float* grad_logits) {
  const size_t width = gates.n_words * kWord, k = gates.k;
  for (size_t i = 0; i < count; ++i) {
    float* da = scratch + i * 2 * width;
    pin_gradients(gates, rows[i], first + i, da, da + width, out + 4 * i);
  }
  if (!grad_logits) return;
  for (size_t pin = 0; pin < 2; ++pin)
    for (size_t i = 0; i < count; ++i) {
      const size_t at = (pin * gates.n + first + i) * k;
      // Rows of the gates that follow mostly lie behind these.
      fetch(rows[i] + count * width + pin * width / 2, width / 2);
      products(gates.candidates + at, k, gates.bits, gates.n_words, scratch + (2 * i + pin) * width,
               grad_logits + at);
    }
}

constexpr LearnedKernels kernels() {
  return {choose, pack<float>, pack<uint8_t>, pack_columns, hard_bits, values,
          sums,   to_rows,     gather,        backward,     softmax};
}

}  // namespace
}  // namespace gategrad::train::bits
