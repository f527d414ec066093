#include "train/choice/choice.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "train/choice/tiles.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

constexpr uint64_t kTables = 16;

// The largest of n numbers, negative ones taken as unsigned.
template <typename Int>
auto most_of(const Int* numbers, size_t n) {
  std::make_unsigned_t<Int> most = 0;
  for (size_t i = 0; i < n; ++i)
    most = std::max(most, static_cast<std::make_unsigned_t<Int>>(numbers[i]));
  return most;
}

[[noreturn]] void refuse(const char* what, size_t n_in) {
  throw std::out_of_range(std::string(what) + " outside 0 to " + std::to_string(n_in - 1));
}

void check(const Candidates& all, size_t n_in) {
  if (most_of(all.wires, all.n * all.k) >= n_in) refuse("a pin has a candidate", n_in);
}

void check(const Slots& all, size_t n_in) {
  if (most_of(all.wires, 2 * all.n * all.k) >= n_in) refuse("a slot reads a wire", n_in);
  if (most_of(all.tables, all.n * all.k) >= kTables) refuse("a slot has a truth table", kTables);
}

template <typename S, typename Terms>
Tiles<S> tiles_of(const ChoiceLayer<S, Terms>& layer, const S* rows, size_t width) {
  return {rows, layer.n_in, layer.batch, width, layer.threads};
}

template <typename S, typename Terms>
size_t width_of(const ChoiceLayer<S, Terms>& layer) {
  return tile_width(layer.n_in, layer.batch, sizeof(S));
}

template <typename S, typename Terms>
void mix(const ChoiceLayer<S, Terms>& layer, const Terms& terms, const S* share, const S* rows,
         S* out) {
  Tiles<S> tiles = tiles_of(layer, rows, width_of(layer));
  parallel(layer.threads, [&](size_t thread) {
    each_part(tiles, terms.n, thread, layer.threads,
              [&](size_t t, const TileShape& shape, Part items) {
                layer.kernels->mix(terms, share, shape, tiles.tile(t), items.begin, items.end,
                                   out + t * shape.width);
              });
  });
}

// What chosen terms are, one an item.
template <typename S>
void make_chosen(const ChoiceLayer<S, Slots>& layer, const Slots& chosen, const S* rows, S* out) {
  mix<S>(layer, chosen, nullptr, rows, out);
}

// Chosen rows are as they are: no tile has to be made of them.
template <typename S>
void make_chosen(const ChoiceLayer<S, Candidates>& layer, const Candidates& chosen, const S* rows,
                 S* out) {
  parallel(layer.threads, [&](size_t thread) {
    const Part items = part_of(chosen.n, thread, layer.threads);
    for (size_t i = items.begin; i < items.end; ++i)
      std::copy_n(rows + static_cast<size_t>(chosen.wires[i]) * layer.batch, layer.batch,
                  out + i * layer.batch);
  });
}

// The products go tile by tile, and items to threads: the same sums for any number of threads.
template <typename S, typename Terms>
void logits_gradient(const ChoiceLayer<S, Terms>& layer, const S* share, Tiles<S>& tiles,
                     const S* grad, S* sums) {
  const size_t k = layer.terms.k;
  parallel(layer.threads, [&](size_t thread) {
    const auto [begin, end] = part_of(layer.terms.n, thread, layer.threads);
    std::fill(sums + begin * k, sums + end * k, S(0));
    for (size_t t = 0; t < tiles.count(); ++t) {
      const TileShape shape = tiles.shape(t);
      layer.kernels->products(layer.terms, shape, tiles.tile(t), grad + t * shape.width, begin, end,
                              sums);
    }
    layer.kernels->through_softmax(share, k, begin, end, sums);
  });
}

}  // namespace

template <typename S, typename Terms>
void choice_forward(const ChoiceLayer<S, Terms>& layer, const S* share, const S* logits,
                    const S* rows, const Terms& chosen, S* out) {
  check(layer.terms, layer.n_in);
  if (share) return mix(layer, layer.terms, share, rows, out);
  parallel(layer.threads, [&](size_t thread) {
    const Part items = part_of(layer.terms.n, thread, layer.threads);
    layer.kernels->choose(layer.terms, logits, items.begin, items.end, chosen);
  });
  make_chosen(layer, chosen, rows, out);
}

template <typename S, typename Terms>
void choice_backward(const ChoiceLayer<S, Terms>& layer, const S* share, const Terms& chosen,
                     const S* rows, const S* grad, S factor, S* grad_logits, S* grad_rows) {
  check(layer.terms, layer.n_in);
  const size_t width = width_of(layer), narrow = shared_width(width, layer.batch, layer.threads);
  // Tiles of the rows, at the width that they were last needed at.
  std::optional<Tiles<S>> tiles;
  if (grad_logits) {
    tiles.emplace(tiles_of(layer, rows, width));
    logits_gradient(layer, share, *tiles, grad, grad_logits);
  }
  if (!grad_rows) return;
  const bool is_hard = chosen.wires != nullptr, reads_values = std::is_same_v<Terms, Slots>;
  const Terms& read = is_hard ? chosen : layer.terms;
  if (reads_values && !(tiles && narrow == width)) tiles.emplace(tiles_of(layer, rows, narrow));
  sum_tiles(layer.n_in, layer.batch, narrow, layer.threads, factor, grad_rows,
            [&](size_t t, const TileShape& shape, S* sums) {
              layer.kernels->scatter(read, is_hard ? nullptr : share, shape,
                                     reads_values ? tiles->tile(t) : nullptr,
                                     grad + t * shape.width, sums);
            });
}

#define GG_CHOICE(S, Terms)                                                                     \
  template void choice_forward(const ChoiceLayer<S, Terms>&, const S*, const S*, const S*,      \
                               const Terms&, S*);                                               \
  template void choice_backward(const ChoiceLayer<S, Terms>&, const S*, const Terms&, const S*, \
                                const S*, S, S*, S*);
GG_CHOICE(float, Candidates)
GG_CHOICE(double, Candidates)
GG_CHOICE(float, Slots)
GG_CHOICE(double, Slots)

}  // namespace gategrad::train
