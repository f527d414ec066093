// From rows to slots: marks of 32 rows a tile, then a transpose of their 32-bit elements.
#pragma once

#include "engine/marks.isa.h"

namespace gategrad {
namespace {

// Marks of all rows: block (t - first) * kTilePitch + 4 * (r / 32) + c holds block c of tile t for
// rows r to r + 31.
// `ahead`: of the rows that follow, those that are fetched.
template <typename T, Check kCheck>
bool mark_block(const KernelProgram& p, size_t first, size_t last, const T* rows, size_t row_stride,
                size_t base, size_t n_rows, size_t fetched, size_t ahead, Block* marks) {
  const Span span = span_of(p, first, last, base);
  const bool in_order = kInOrder && is_dense(p, first, last, span);
  Lines lines[kTilesAtOnce];
  plan_lines<kCheck>(p, first, last, lines);
  Block bad = zero();
  size_t next = fetched > kLead ? fetched : kLead;  // row that is to be fetched
  for (size_t r = 0; r < n_rows; r += kMarkRows, marks += 4, rows += kMarkRows * row_stride) {
    size_t n = n_rows - r < kMarkRows ? n_rows - r : kMarkRows, to_fetch = 0;
    if (!kInOrder) {
      to_fetch = rows_to_fetch(next, r, n_rows, ahead);
    } else {
      next = r + kLead;
      if (fetched < n_rows && next >= fetched && next < n_rows + ahead)
        to_fetch = in_order ? kFewRows : kMarkRows;
    }
    if (in_order && r % kLead == 0)
      read_in_order(rows, row_stride, n_rows - r < kLead ? n_rows - r : kLead, r > 0 ? to_fetch : 0,
                    span);
    for (size_t t = first; t < last; ++t) {
      const Tile& tile = p.tiles[t];
      if (!is_compared<kCheck>(tile)) continue;
      const T* x = rows + (tile.first_feature - base);
      mark_rows<kCheck>(to_fetch, lines[t - first], tile, x, x + (next - r) * row_stride,
                        row_stride, n, bad, marks + (t - first) * kTilePitch);
    }
    next += to_fetch;
  }
  return !any(bad);
}

// Elements of marks[4 * g], g = 0 to 15, to slots: element i becomes 32-bit word g of slot[i].
template <typename T>
GG_INLINE void store_slots(const Block* marks, size_t c, const uint32_t* slot, Block* slots) {
  Block by_row[4][4];  // [j][q]: elements j, 4 + j, 8 + j, 12 + j of rows 128 * q to 128 * q + 127
  for (size_t q = 0; q < 4; ++q, marks += 16) {
    Block low01 = zip32<false>(marks[0], marks[4]), high01 = zip32<true>(marks[0], marks[4]);
    Block low23 = zip32<false>(marks[8], marks[12]), high23 = zip32<true>(marks[8], marks[12]);
    by_row[0][q] = zip64<false>(low01, low23);
    by_row[1][q] = zip64<true>(low01, low23);
    by_row[2][q] = zip64<false>(high01, high23);
    by_row[3][q] = zip64<true>(high01, high23);
  }
  for (size_t j = 0; j < 4; ++j) {
    transpose_pieces(by_row[j]);
    for (size_t i = 0; i < 4; ++i) slots[slot[feature_of<T>(c, 4 * i + j)]] = by_row[j][i];
  }
}

// The same for up to 256 rows, to slots of 1, 2 or 4 words.
template <typename T>
GG_INLINE void store_few(const Block* marks, size_t c, const uint32_t* slot, uint64_t* slots,
                         size_t words) {
  for (size_t q = 0; 2 * q < words; ++q, marks += 16) {
    const Block low01 = zip32<false>(marks[0], marks[4]), high01 = zip32<true>(marks[0], marks[4]);
    const Block low23 = zip32<false>(marks[8], marks[12]),
                high23 = zip32<true>(marks[8], marks[12]);
    const Block by_row[4] = {zip64<false>(low01, low23), zip64<true>(low01, low23),
                             zip64<false>(high01, high23), zip64<true>(high01, high23)};
    for (size_t j = 0; j < 4; ++j) {
      const auto* pieces = reinterpret_cast<const uint64_t*>(&by_row[j]);
      for (size_t i = 0; i < 4; ++i) {
        uint64_t* to = slots + slot[feature_of<T>(c, 4 * i + j)] * words + 2 * q;
        if (words == 1)
          *to = pieces[2 * i];
        else
          __builtin_memcpy(to, pieces + 2 * i, 16);
      }
    }
  }
}

template <typename T>
bool encode(const KernelProgram& p, size_t first, size_t last, const T* rows, size_t row_stride,
            size_t base, size_t n_rows, Check check, size_t fetched, uint64_t* marks,
            uint64_t* slots, size_t words) {
  auto mark = check == Check::kBit      ? mark_block<T, Check::kBit>
              : check == Check::kNotNan ? mark_block<T, Check::kNotNan>
                                        : mark_block<T, Check::kNothing>;
  Block* v = vecs(marks);
  // Nothing follows a call of few rows.
  const size_t ahead = words < kBlockWords ? 0 : kLead;
  bool good = mark(p, first, last, rows, row_stride, base, n_rows, fetched, ahead, v);
  Walk<T> walk(rows + (n_rows + kLead) * row_stride, row_stride, span_of(p, first, last, base));
  const size_t to_fetch =
      kInOrder || ahead == 0 ? 0 : (rows_ahead(sizeof(T)) - kLead) * walk.lines();
  for (size_t t = first; t < last; ++t, v += kTilePitch) {
    const Tile& tile = p.tiles[t];
    if (tile.n_lanes == 0) continue;
    for (size_t r = (n_rows + kMarkRows - 1) / kMarkRows * 4; r < 8 * words; ++r) v[r] = zero();
    const uint8_t used = tile.used_blocks[sizeof(T) == 1];
    for (size_t c = 0; c < 4; ++c) {
      if (used >> c & 1 && words == kBlockWords) store_slots<T>(v + c, c, tile.slot, vecs(slots));
      if (used >> c & 1 && words < kBlockWords) store_few<T>(v + c, c, tile.slot, slots, words);
      walk.fetch_up_to(to_fetch * (4 * (t - first) + c + 1) / (4 * (last - first)));
    }
  }
  return good;
}

}  // namespace
}  // namespace gategrad
