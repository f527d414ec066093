// The kernels of convolutions and pools on maps of bits.
#pragma once

#include "train/bits/map_kernel.h"
#include "train/bits/masks.isa.h"
#include "train/lanes.isa.h"

namespace gategrad::train::maps {
namespace {

using bits::Mask;
using bits::mask_of;

// Vectors of a tile, and tiles of a word.
constexpr size_t kTileVectors = kTile / kLanes<float>, kTilesOfWord = kWord / kTile;

// Cells of the gradient that are fetched ahead: a tile of them may lie far apart.
constexpr size_t kCellsAhead = 12;

// A Boolean function of K inputs as an exclusive or of products: terms[s] are ones where the product
// of the inputs in s is in it.
template <size_t K>
GG_INLINE void terms_of(uint64_t table, uint64_t* terms) {
  for (size_t i = 0; i < K; ++i) {
    uint64_t without = 0;
    for (size_t e = 0; e < size_t{1} << K; ++e)
      if (!(e >> i & 1)) without |= uint64_t{1} << e;
    table ^= (table & without) << (size_t{1} << i);
  }
  for (size_t s = 0; s < size_t{1} << K; ++s) terms[s] = -(table >> s & 1);
}

// The function of inputs 0 to K - 1 at word i of each.
template <size_t K>
GG_INLINE uint64_t value_of(const uint64_t* terms, const uint64_t* const* x, size_t i) {
  if constexpr (K == 0)
    return terms[0];
  else
    return value_of<K - 1>(terms, x, i) ^
           (x[K - 1][i] & value_of<K - 1>(terms + (size_t{1} << (K - 1)), x, i));
}

template <size_t K>
void gate_bits(const MapPlaces& at, uint64_t table, const uint64_t* x, size_t down, uint64_t* y) {
  uint64_t terms[size_t{1} << K];
  terms_of<K>(table, terms);
  const size_t n_words = at.n_words;
  const bool in_a_row = at.right == 1;
  const size_t count = in_a_row ? at.columns * n_words : n_words;
  for (size_t line = 0; line < at.lines; ++line) {
    const uint64_t* leaf[K];
    for (size_t j = 0; j < K; ++j) leaf[j] = x + (at.leaves[j] + line * at.down) * n_words;
    uint64_t* out = y + line * down * n_words;
    for (size_t column = 0; column < (in_a_row ? 1 : at.columns); ++column) {
      for (size_t i = 0; i < count; ++i) out[i] = value_of<K>(terms, leaf, i);
      for (size_t j = 0; j < K; ++j) leaf[j] += at.right * n_words;
      out += n_words;
    }
  }
}

// Slopes in leaf P for each pattern of the others, in their order.
template <size_t K>
struct Slopes {
  static constexpr size_t kHalf = size_t{1} << (K - 1);
  Floats of[K][kHalf];

  GG_INLINE Slopes(const float* entries, float factor) {
    for (size_t p = 0; p < K; ++p)
      for (size_t j = 0; j < kHalf; ++j) {
        const size_t low = j & ((size_t{1} << p) - 1), off = (j - low) * 2 + low;
        of[p][j] = Floats{} + factor * (entries[off | size_t{1} << p] - entries[off]);
      }
  }
};

// Of 2^N vectors, the one whose number the masks are, from the first one on.
template <size_t N>
GG_INLINE Floats pick(const Mask* masks, const Floats* from) {
  if constexpr (N == 0)
    return from[0];
  else
    return bits::choose_where(masks[N - 1], pick<N - 1>(masks, from + (size_t{1} << (N - 1))),
                              pick<N - 1>(masks, from));
}

// Adds to sums[s] the numbers whose samples have a 1 at all inputs in s.
template <size_t K>
GG_INLINE void add_products(const Mask* masks, Floats v, Floats* sums) {
  sums[0] += v;
  Mask of[size_t{1} << K];
#pragma GCC unroll 4
  for (size_t i = 0; i < K; ++i) {
    const size_t bit = size_t{1} << i;
    of[bit] = masks[i];
#pragma GCC unroll 16
    for (size_t s = 1; s < bit; ++s) of[bit | s] = of[s] & masks[i];
  }
#pragma GCC unroll 16
  for (size_t s = 1; s < size_t{1} << K; ++s) sums[s] = bits::add_where(of[s], sums[s], v);
}

template <size_t K, bool kGradX>
void gate_backward_of(const MapPlaces& at, const float* entries, float factor, const uint64_t* x,
                      size_t tile, const float* grad, MapCells cells, float* grad_x, float* sums) {
  constexpr size_t kEntries = size_t{1} << K;
  const Slopes<K> slopes(entries, factor);
  // By value: what is stored could else be one of these.
  const size_t n_words = at.n_words, word = tile / kTilesOfWord, columns = at.columns,
               right = at.right * n_words, right_x = at.right * kTile, pitch = cells.pitch;
  for (size_t v = 0; v < kTileVectors; ++v) {
    const size_t in_word = tile % kTilesOfWord * kTileVectors + v;
    Floats total[kEntries] = {};
    for (size_t line = 0; line < at.lines; ++line) {
      const uint64_t* leaf[K];
      float* to[K] = {};
      for (size_t j = 0; j < K; ++j) {
        const size_t cell = at.leaves[j] + line * at.down;
        leaf[j] = x + cell * n_words + word;
        if (kGradX) to[j] = grad_x + cell * kTile + v * kLanes<float>;
      }
      const float* from = grad + line * cells.down * cells.pitch + v * kLanes<float>;
      for (size_t column = 0; column < columns; ++column, from += pitch) {
        const Floats g = load(from);
        __builtin_prefetch(from + kCellsAhead * pitch);
        Mask masks[K];
#pragma GCC unroll 4
        for (size_t j = 0; j < K; ++j) {
          masks[j] = mask_of(leaf[j], in_word);
          leaf[j] += right;
        }
        add_products<K>(masks, g, total);
        if (!kGradX) continue;
#pragma GCC unroll 4
        for (size_t p = 0; p < K; ++p) {
          Mask others[K];
          for (size_t j = 0; j + 1 < K; ++j) others[j] = masks[j < p ? j : j + 1];
          const Floats slope = pick<K - 1>(others, slopes.of[p]);
          store<float>(to[p], load(to[p]) + slope * g);
          to[p] += right_x;
        }
      }
    }
    add_sums<float, kEntries>(total, sums, v == 0);
  }
  // Of products of inputs to that of each pattern of them.
  for (size_t i = 0; i < K; ++i)
    for (size_t e = 0; e < kEntries; ++e)
      if (!(e >> i & 1)) sums[e] -= sums[e | size_t{1} << i];
}

template <size_t K>
void gate_backward(const MapPlaces& at, const float* entries, float factor, const uint64_t* x,
                   size_t tile, const float* grad, MapCells cells, float* grad_x, float* sums) {
  if (grad_x)
    gate_backward_of<K, true>(at, entries, factor, x, tile, grad, cells, grad_x, sums);
  else
    gate_backward_of<K, false>(at, entries, factor, x, tile, grad, cells, nullptr, sums);
}

void any(const MapPlaces& at, const uint64_t* x, size_t down, uint64_t* y) {
  const size_t n_words = at.n_words;
  for (size_t line = 0; line < at.lines; ++line)
    for (size_t column = 0; column < at.columns; ++column) {
      const uint64_t* first = x + (line * at.down + column * at.right) * n_words;
      uint64_t* out = y + (line * down + column) * n_words;
      for (size_t w = 0; w < n_words; ++w) {
        uint64_t all = 0;
        for (size_t j = 0; j < at.n_leaves; ++j) all |= first[at.leaves[j] * n_words + w];
        out[w] = all;
      }
    }
}

void any_backward(const MapPlaces& at, const uint64_t* x, size_t tile, const float* grad,
                  MapCells cells, float* grad_x) {
  const size_t n_words = at.n_words, word = tile / kTilesOfWord;
  for (size_t line = 0; line < at.lines; ++line)
    for (size_t column = 0; column < at.columns; ++column) {
      const size_t first = line * at.down + column * at.right;
      const float* from = grad + (line * cells.down + column) * cells.pitch;
      for (size_t v = 0; v < kTileVectors; ++v, from += kLanes<float>) {
        const size_t in_word = tile % kTilesOfWord * kTileVectors + v;
        Floats left = load(from);
        const auto row = [&](size_t j) __attribute__((always_inline)) {
          return grad_x + (first + at.leaves[j]) * kTile + v * kLanes<float>;
        };
        for (size_t j = 0; j < at.n_leaves; ++j) {
          const Mask mask = mask_of(x + (first + at.leaves[j]) * n_words + word, in_word);
          store<float>(row(j), load(row(j)) + bits::choose_where(mask, left, Floats{}));
          left = bits::choose_where(mask, Floats{}, left);
        }
        store<float>(row(0), load(row(0)) + left);
      }
    }
}

void unpack(const uint64_t* bits, size_t n, size_t n_words, size_t batch, float* y) {
  const Floats one = Floats{} + 1.0f;
  for (size_t f = 0; f < n; ++f, bits += n_words, y += batch)
    for (size_t first = 0, w = 0; first < batch; first += kWord, ++w)
      for (size_t i = 0; i < bits::kVectors && first + i * kLanes<float> < batch; ++i) {
        const size_t at = first + i * kLanes<float>;
        store_some<float, false>(y + at, bits::choose_where(mask_of(bits + w, i), one, Floats{}),
                                 batch - at);
      }
}

constexpr MapKernels kernels() {
  return {{gate_bits<2>, gate_bits<3>, gate_bits<4>},
          {gate_backward<2>, gate_backward<3>, gate_backward<4>},
          any,
          any_backward,
          unpack};
}

}  // namespace
}  // namespace gategrad::train::maps
