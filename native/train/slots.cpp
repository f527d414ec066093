#include "train/slots.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

constexpr uint64_t kTables = 16;

uint64_t most_of(const int64_t* numbers, size_t n) {
  uint64_t most = 0;
  for (size_t i = 0; i < n; ++i) most = std::max(most, static_cast<uint64_t>(numbers[i]));
  return most;
}

template <typename S>
void check(const SlotLayer<S>& layer) {
  const size_t count = layer.slots.n * layer.slots.k;
  if (most_of(layer.slots.wires, 2 * count) >= layer.n_in)
    throw std::out_of_range("a slot reads a wire outside 0 to " + std::to_string(layer.n_in - 1));
  if (most_of(layer.slots.tables, count) >= kTables)
    throw std::out_of_range("a slot has a truth table outside 0 to 15");
}

template <typename S>
void mix(const SlotLayer<S>& layer, const Slots& slots, const S* share, const S* rows, S* out) {
  Tiles<S> tiles(rows, layer.n_in, layer.batch, layer.width(), layer.threads);
  parallel(layer.threads, [&](size_t thread) {
    each_part(tiles, slots.n, thread, layer.threads, [&](size_t t, const TileShape& shape, Part gates) {
      layer.kernels->mix(slots, share, shape, tiles.tile(t), gates.begin, gates.end,
                         out + t * shape.width);
    });
  });
}

// The products go tile by tile, and gates to threads: the same sums for any number of threads.
template <typename S>
void logits_gradient(const SlotLayer<S>& layer, const S* share, Tiles<S>& tiles, const S* grad,
                     S* sums) {
  const size_t k = layer.slots.k;
  parallel(layer.threads, [&](size_t thread) {
    const auto [begin, end] = part_of(layer.slots.n, thread, layer.threads);
    std::fill(sums + begin * k, sums + end * k, S(0));
    for (size_t t = 0; t < tiles.count(); ++t) {
      const TileShape shape = tiles.shape(t);
      layer.kernels->products(layer.slots, shape, tiles.tile(t), grad + t * shape.width, begin, end,
                              sums);
    }
    layer.kernels->through_softmax(share, k, begin, end, sums);
  });
}

template <typename S>
void rows_gradient(const SlotLayer<S>& layer, const Slots& slots, const S* share, Tiles<S>& tiles,
                   const S* grad, S* grad_rows) {
  const auto add = [&](size_t t, const TileShape& shape, S* tile) {
    layer.kernels->scatter(slots, share, shape, tiles.tile(t), grad + t * shape.width, tile);
  };
  sum_tiles(layer.n_in, layer.batch, tiles.width(), layer.threads, S(1), grad_rows, add);
}

Slots read_by(const Slots& all, const ChosenSlots& chosen) {
  return chosen.tables ? Slots{chosen.wires, chosen.tables, all.n, 1} : all;
}

}  // namespace

template <typename S>
void slots_forward(const SlotLayer<S>& layer, const S* share, const S* logits, const S* rows,
                   const ChosenSlots& chosen, S* out) {
  check(layer);
  if (!share)
    layer.kernels->choose(layer.slots, logits, 0, layer.slots.n, chosen.wires, chosen.tables);
  mix(layer, read_by(layer.slots, chosen), share, rows, out);
}

template <typename S>
void slots_backward(const SlotLayer<S>& layer, const S* share, const ChosenSlots& chosen,
                    const S* rows, const S* grad, S* grad_logits, S* grad_rows) {
  check(layer);
  const size_t width = layer.width(), narrow = shared_width(width, layer.batch, layer.threads);
  const Slots slots = read_by(layer.slots, chosen);
  const S* weights = chosen.tables ? nullptr : share;
  const auto tiles_of = [&](size_t w) {
    return Tiles<S>(rows, layer.n_in, layer.batch, w, layer.threads);
  };
  if (grad_logits) {
    Tiles<S> tiles = tiles_of(width);
    logits_gradient(layer, share, tiles, grad, grad_logits);
    if (grad_rows && narrow == width)
      return rows_gradient(layer, slots, weights, tiles, grad, grad_rows);
  }
  if (!grad_rows) return;
  Tiles<S> tiles = tiles_of(narrow);
  rows_gradient(layer, slots, weights, tiles, grad, grad_rows);
}

#define GG_SLOTS(S)                                                                                \
  template void slots_forward(const SlotLayer<S>&, const S*, const S*, const S*, const ChosenSlots&, \
                              S*);                                                                 \
  template void slots_backward(const SlotLayer<S>&, const S*, const ChosenSlots&, const S*, const S*, \
                               S*, S*);
GG_SLOTS(float)
GG_SLOTS(double)

}  // namespace gategrad::train
