// How rows come from memory, which decides how long it takes to encode them.
//
// The columns of a tile would have them come line by line out of order. With AVX-512 they are fetched
// beforehand. A core drops fetches that find no buffer free: Zen 4 takes one in 2.7 ns, all else
// taking turns with them. So they are spread as evenly as possible over all that a block takes: while
// its rows are compared, while their marks become slots, and while code runs (generate.cpp). As some
// are dropped nevertheless, a row is fetched again shortly before it is compared.
//
// Without AVX-512, 64 rows are read in order, as two streams, before they are compared, but for a few
// that were fetched meanwhile: more requests than that do not go on in the background on Zen 3.
#pragma once

#include "engine/kernel.h"
#include "isa/register.h"

namespace gategrad {
namespace {

#if defined(__AVX512F__)
constexpr bool kInOrder = false;
#else
constexpr bool kInOrder = true;
#endif

// Rows that are compared at a time.
constexpr size_t kMarkRows = 32;
// Rows between one that is compared and the next one that is to be fetched, at least; without
// AVX-512, rows that are read in order.
constexpr size_t kLead = 2 * kMarkRows;
static_assert(rows_ahead(sizeof(double)) >= kLead, "comparing alone fetches so many");
// Of 32 rows, those that are fetched beforehand where the others are read in order.
constexpr size_t kFewRows = 8;

// The lines of a tile's 64 features in one row; `kEnd`: with the one that the last features may reach
// into, which otherwise the next tile's fetches bring.
template <bool kEnd, typename T>
GG_INLINE void fetch_lines(const T* x) {
  const char* line = reinterpret_cast<const char*>(x);
  for (size_t i = 0; i < sizeof(T); ++i) __builtin_prefetch(line + 64 * i, 0, 2);
  if (kEnd) __builtin_prefetch(line + 64 * sizeof(T) - 1, 0, 2);
}

// With row `r` of the 32 that are compared, which is x: fetches its share of the `kRows` rows from
// `ahead` on, and, unless those are few, the row that is 32 further than x again.
template <size_t kRows, bool kEnd, typename T>
GG_INLINE void fetch(const T* x, const T* ahead, size_t stride, size_t r) {
  if (kRows == 0) return;
  if (kRows == kFewRows) {
    if (r < kFewRows) fetch_lines<kEnd>(ahead + r * stride);
    return;
  }
  constexpr size_t kEvery = kRows == 0 ? 1 : kMarkRows / kRows;
  if (r % kEvery == 0) fetch_lines<kEnd>(ahead + r / kEvery * stride);
  fetch_lines<kEnd>(x + kMarkRows * stride);
}

// Features from `base` that tiles [first, last) are made of.
struct Span {
  size_t begin, end;
};

GG_INLINE Span span_of(const KernelProgram& p, size_t first, size_t last, size_t base) {
  return {p.tiles[first].first_feature - base, p.tiles[last - 1].first_feature - base + 64};
}

// Whether tiles use at least half of their span.
GG_INLINE bool is_dense(const KernelProgram& p, size_t first, size_t last, const Span& span) {
  size_t n = 1;
  for (size_t t = first + 1; t < last; ++t)
    n += p.tiles[t].first_feature != p.tiles[t - 1].first_feature;
  return 2 * 64 * n >= span.end - span.begin;
}

template <typename T>
GG_INLINE void read_line(const T* x) {
  static_cast<void>(*reinterpret_cast<const volatile uint8_t*>(x));
}

// Reads of each 32 rows those from `skipped` on, as far as there are that many.
template <typename T>
void read_in_order(const T* rows, size_t row_stride, size_t n_rows, size_t skipped,
                   const Span& span) {
  constexpr size_t kLine = 64 / sizeof(T);
  for (size_t i = skipped; i < kMarkRows; ++i)
    for (size_t r = i; r < n_rows; r += kMarkRows) {
      const T *x = rows + r * row_stride + span.begin, *end = x + (span.end - span.begin);
      for (; x < end; x += kLine) read_line(x);
      read_line(end - 1);
    }
}

template <Check kCheck>
GG_INLINE bool is_compared(const Tile& tile) {
  return kCheck != Check::kNothing || tile.n_lanes > 0;
}

// Which lines of a row are fetched when a tile is compared: those of its features; with the one that
// they end in where no tile goes on from there; or none, since another tile has the same.
enum class Lines : uint8_t { kNone, kOwn, kToEnd };

// Of tiles [first, last).
template <Check kCheck>
void plan_lines(const KernelProgram& p, size_t first, size_t last, Lines* lines) {
  size_t next = SIZE_MAX;  // features that are compared after those of the tile begin there
  for (size_t t = last; t-- > first;) {
    const size_t feature = p.tiles[t].first_feature;
    lines[t - first] = Lines::kNone;
    if (!is_compared<kCheck>(p.tiles[t])) continue;
    if (t > first && p.tiles[t - 1].first_feature == feature) continue;
    lines[t - first] = next > feature + 64 ? Lines::kToEnd : Lines::kOwn;
    next = feature;
  }
}

// How many rows of a block of `n_rows`, with the first `ahead` of the next one, are fetched while
// rows r to r + 31 are compared; those before `next` are fetched already.
GG_INLINE size_t rows_to_fetch(size_t next, size_t r, size_t n_rows, size_t ahead) {
  if (next >= n_rows + ahead) return 0;
  const size_t groups = (n_rows - r + kMarkRows - 1) / kMarkRows;
  return n_rows + ahead - next > groups * (kMarkRows / 2) ? kMarkRows : kMarkRows / 2;
}

// Fetches a span of features row by row, a few lines at a time.
template <typename T>
class Walk {
 public:
  Walk(const T* rows, size_t row_stride, const Span& span)
      : row_(reinterpret_cast<const char*>(rows + span.begin)), stride_(row_stride * sizeof(T)),
        bytes_((span.end - span.begin) * sizeof(T)) {}

  // Lines of a row, wherever in its first one it begins.
  size_t lines() const { return bytes_ / 64 + 1; }

  void fetch_up_to(size_t line) {
    for (; done_ < line; ++done_) {
      __builtin_prefetch(row_ + at_, 0, 2);
      at_ += 64;
      if (at_ > bytes_) {
        at_ = 0;
        row_ += stride_;
      }
    }
  }

 private:
  const char* row_;
  size_t stride_, bytes_, at_ = 0, done_ = 0;
};

}  // namespace
}  // namespace gategrad
