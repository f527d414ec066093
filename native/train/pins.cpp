#include "train/pins.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

template <typename S>
void check_candidates(const PinLayer<S>& layer) {
  uint32_t most = 0;
  for (size_t i = 0; i < layer.n * layer.wires.k; ++i)
    most = std::max(most, static_cast<uint32_t>(layer.wires.candidates[i]));
  if (most >= layer.n_in)
    throw std::out_of_range("a pin has a candidate outside 0 to " + std::to_string(layer.n_in - 1));
}

template <typename S>
void mix(const PinLayer<S>& layer, const S* share, const S* rows, S* out) {
  Tiles<S> tiles(rows, layer.n_in, layer.batch, layer.width(), layer.threads);
  parallel(layer.threads, [&](size_t thread) {
    each_part(tiles, layer.n, thread, layer.threads, [&](size_t t, const TileShape& shape, Part pins) {
      layer.kernels->mix(layer.wires, share, shape, tiles.tile(t), pins.begin, pins.end,
                         out + t * shape.width);
    });
  });
}

// The products go tile by tile, and pins to threads: the same sums for any number of threads.
template <typename S>
void logits_gradient(const PinLayer<S>& layer, const S* share, const S* rows, const S* grad,
                     S* sums) {
  const PinKernels<S>& kernels = *layer.kernels;
  Tiles<S> tiles(rows, layer.n_in, layer.batch, layer.width(), layer.threads);
  parallel(layer.threads, [&](size_t thread) {
    const auto [begin, end] = part_of(layer.n, thread, layer.threads);
    std::fill(sums + begin * layer.wires.k, sums + end * layer.wires.k, S(0));
    for (size_t t = 0; t < tiles.count(); ++t) {
      const TileShape shape = tiles.shape(t);
      kernels.products(layer.wires, shape, tiles.tile(t), grad + t * shape.width, begin, end, sums);
    }
    kernels.through_softmax(share, layer.wires.k, begin, end, sums);
  });
}

}  // namespace

template <typename S>
void pins_forward(const PinLayer<S>& layer, const S* share, const S* logits, const S* rows,
                  int32_t* chosen, S* out) {
  check_candidates(layer);
  if (share) return mix(layer, share, rows, out);
  parallel(layer.threads, [&](size_t thread) {
    const Part pins = part_of(layer.n, thread, layer.threads);
    layer.kernels->choose(layer.wires, logits, pins.begin, pins.end, chosen);
    for (size_t p = pins.begin; p < pins.end; ++p)
      std::copy_n(rows + static_cast<size_t>(chosen[p]) * layer.batch, layer.batch,
                  out + p * layer.batch);
  });
}

template <typename S>
void pins_backward(const PinLayer<S>& layer, const S* share, const int32_t* chosen, const S* rows,
                   const S* grad, S factor, S* grad_logits, S* grad_rows) {
  check_candidates(layer);
  if (grad_logits) logits_gradient(layer, share, rows, grad, grad_logits);
  if (!grad_rows) return;
  const PinWires read = chosen ? PinWires{chosen, 1} : layer.wires;
  const size_t width = shared_width(layer.width(), layer.batch, layer.threads);
  const auto add = [&](size_t t, const TileShape& shape, S* tile) {
    layer.kernels->scatter(read, chosen ? nullptr : share, shape, grad + t * width, layer.n, tile);
  };
  sum_tiles(layer.n_in, layer.batch, width, layer.threads, factor, grad_rows, add);
}

#define GG_PINS(S)                                                                                \
  template void pins_forward(const PinLayer<S>&, const S*, const S*, const S*, int32_t*, S*);     \
  template void pins_backward(const PinLayer<S>&, const S*, const int32_t*, const S*, const S*, S, \
                              S*, S*);
GG_PINS(float)
GG_PINS(double)

}  // namespace gategrad::train
