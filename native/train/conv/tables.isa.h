// Gates with 2 to 6 inputs at all places of a window, channel by channel: the arithmetic of dense ones
// (train/wide_vector.isa.h) on rows of maps. The sums of a gate stay in the first-level cache, lane by
// lane, while it goes over a map.
#pragma once

#include "train/conv/kernel.h"
#include "train/conv/places.isa.h"
#include "train/wide_vector.isa.h"

namespace gategrad::train::windows {
namespace {

// One gate: its coefficients, and the rows of its output, or of its gradient, place by place.
template <typename S>
struct TableAt {
  const S* c;
  const uint32_t* places;
  size_t down;  // places from one line to the next
  size_t width;
};

template <typename S>
TableAt<S> table_at(const WindowTables<S>& tables, const S* c, size_t n_entries, size_t channel,
                    size_t width) {
  const Window& w = *tables.window;
  const size_t first = channel * w.out_size[0] * w.out_size[1];
  return {c + channel * n_entries, tables.outputs + first, w.out_size[1], width};
}

// Calls body(rows of the operands, those of their gradients, where the row of the output begins) for
// the places of a rectangle that begins at `line` and `column`.
template <typename S, size_t K, bool kGradX, typename Body>
GG_INLINE void each_row(const TableAt<S>& table, const Operand<S>* operands, size_t line,
                        size_t column, const Rectangle& size, const Body& body) {
  const uint32_t* places = table.places + line * table.down + column;
  for (size_t l = 0; l < size.lines; ++l, places += table.down) {
    const S* rows[K];
    S* to[K] = {};
    for (size_t j = 0; j < K; ++j) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(l) * operands[j].down;
      rows[j] = operands[j].value + at;
      if (kGradX) to[j] = operands[j].grad + at;
    }
    for (size_t i = 0; i < size.columns; ++i) {
      body(rows, to, places[i] * table.width);
      for (size_t j = 0; j < K; ++j) {
        rows[j] += operands[j].right;
        if (kGradX) to[j] += operands[j].right;
      }
    }
  }
}

template <typename S, size_t K>
void tables_forward(const WindowTables<S>& tables, size_t width, const S* x, S* y) {
  const Window& w = *tables.window;
  Border<S> border;
  border.clear(width);
  const Maps<S> maps{w, width, x, nullptr, border};
  const Patch all{0, 0, w.out_size[0], w.out_size[1]};
  for (size_t channel = 0; channel < w.out_channels; ++channel) {
    const auto table = table_at(tables, tables.forward, wide::Split<K>::kEntries, channel, width);
    const auto at_places = [&](const Operand<S>* operands, size_t line, size_t column, auto size) {
      each_row<S, K, false>(
          table, operands, line, column, size, [&](const S* const* rows, S* const*, size_t row) {
            for (size_t s = 0; s < width; s += kLanes<S>)
              wide::forward_vector<S, K, true, false>(rows, table.c, s, kLanes<S>, y + row);
          });
    };
    each_rectangle<K>(maps, tables.leaves + channel, w.out_channels, all, at_places);
  }
}

// Sums of a gate's entries, lane by lane, and the vectors that are yet to be added.
template <typename S, size_t K>
struct EntrySums {
  using T = wide::Split<K>;
  Vec<S> products[wide::kWeighed][T::P + T::Q];
  Vec<S> sums[T::kEntries] = {};
  size_t n = 0;

  GG_INLINE Vec<S>* next() { return products[n]; }

  // After `next` was filled in.
  GG_INLINE void count() {
    if (++n == wide::kWeighed) add();
  }

  void add() {
    wide::weigh<S, K>(products, n, [&](const Vec<S>* own, size_t first) {
#pragma GCC unroll 16
      for (size_t i = 0; i < wide::kAtOnce<K>; ++i) sums[first + i] += own[i];
    });
    n = 0;
  }
};

template <typename S, size_t K, bool kGradX>
void tables_backward_of(const WindowTables<S>& tables, size_t width, const S* x, const S* grad,
                        S* grad_x, S* sums, bool first) {
  const Window& w = *tables.window;
  constexpr size_t kEntries = wide::Split<K>::kEntries;
  Border<S> border;
  border.clear(width);
  const Maps<S> maps{w, width, x, grad_x, border};
  const Patch all{0, 0, w.out_size[0], w.out_size[1]};
  for (size_t channel = 0; channel < w.out_channels; ++channel) {
    const auto table = table_at(tables, tables.backward, kEntries, channel, width);
    EntrySums<S, K> own;
    const auto at_places = [&](const Operand<S>* operands, size_t line, size_t column, auto size) {
      each_row<S, K, kGradX>(table, operands, line, column, size,
                             [&](const S* const* rows, S* const* to, size_t row) {
                               for (size_t s = 0; s < width; s += kLanes<S>) {
                                 wide::backward_vector<S, K, true, kGradX>(
                                     rows, grad + row, table.c, tables.smoothing, s, kLanes<S>,
                                     [&](size_t j) { return to[j] + s; }, own.next());
                                 own.count();
                               }
                             });
    };
    each_rectangle<K>(maps, tables.leaves + channel, w.out_channels, all, at_places);
    own.add();
    add_sums<S, kEntries>(own.sums, sums + channel * kEntries, first);
  }
}

template <typename S, size_t K>
void tables_backward(const WindowTables<S>& tables, size_t width, const S* x, const S* grad,
                     S* grad_x, S* sums, bool first) {
  if (grad_x)
    tables_backward_of<S, K, true>(tables, width, x, grad, grad_x, sums, first);
  else
    tables_backward_of<S, K, false>(tables, width, x, grad, nullptr, sums, first);
}

template <typename S, size_t K>
constexpr WindowTableKernels<S> table_kernels() {
  return {tables_forward<S, K>, tables_backward<S, K>};
}

}  // namespace
}  // namespace gategrad::train::windows
