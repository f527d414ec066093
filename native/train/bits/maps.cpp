#include "train/bits/maps.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>

#include "train/buffers.h"
#include "train/conv/sizes.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

// The input of a layer: maps with their borders, one after the other.
struct Bordered {
  size_t channels, lines, columns;  // borders among them
  size_t first;                     // cell of the first pixel of a map
  size_t map() const { return lines * columns; }
  size_t cells() const { return channels * map(); }
};

Bordered input_of(const Window& w) {
  const size_t columns = w.size[1] + 2 * w.padding[1];
  return {w.channels, w.size[0] + 2 * w.padding[0], columns, w.padding[0] * columns + w.padding[1]};
}

// Words of maps under which a further thread costs more than it helps.
constexpr size_t kWordsAThread = size_t{1} << 15;

size_t n_entries(const MapLayer& layer) { return size_t{1} << layer.inputs; }

// What a layer reads at the first place: cells of each of its output maps.
class Leaves {
 public:
  Leaves(const MapLayer& layer) : each_(layer.inputs) {
    const Window& w = layer.window;
    const Bordered in = input_of(w);
    if (w.depth == 0) {
      each_ = w.kernel[0] * w.kernel[1];
      for (size_t c = 0; c < w.out_channels; ++c)
        for (size_t y = 0; y < w.kernel[0]; ++y)
          for (size_t x = 0; x < w.kernel[1]; ++x)
            cells_.push_back(c * in.map() + y * in.columns + x);
      return;
    }
    for (size_t c = 0; c < w.out_channels; ++c)
      for (size_t i = 0; i < layer.inputs; ++i) {
        const auto place = static_cast<size_t>(layer.places[i * w.out_channels + c]);
        if (place >= field(w))
          throw std::out_of_range("a leaf is outside places 0 to " + std::to_string(field(w) - 1));
        const size_t column = place % w.kernel[1], rest = place / w.kernel[1];
        cells_.push_back(rest / w.kernel[0] * in.map() + rest % w.kernel[0] * in.columns + column);
      }
  }
  MapPlaces at(const Window& w, size_t channel, size_t n_words) const {
    const Bordered in = input_of(w);
    return {w.out_size[0],
            w.out_size[1],
            w.stride[0] * in.columns,
            w.stride[1],
            cells_.data() + channel * each_,
            each_,
            n_words};
  }
  // Output channels, those that read the same input first together: its gradient stays in a cache.
  std::vector<size_t> order() const {
    std::vector<size_t> order(cells_.size() / each_);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return cells_[a * each_] < cells_[b * each_]; });
    return order;
  }

 private:
  size_t each_;
  std::vector<size_t> cells_;
};

// A map's outputs as the next layer reads them, or without borders behind the last one.
struct Output {
  size_t map, first, down;  // cells
};

Output output_of(const MapStack& stack, size_t l) {
  const Window& w = stack.layers[l].window;
  if (l + 1 == stack.layers.size()) return {w.out_size[0] * w.out_size[1], 0, w.out_size[1]};
  const Bordered next = input_of(stack.layers[l + 1].window);
  return {next.map(), next.first, next.columns};
}

uint64_t table_of(const float* entries, size_t n) {
  uint64_t table = 0;
  for (size_t e = 0; e < n; ++e) table |= uint64_t{entries[e] > 0.5f} << e;
  return table;
}

// The batch as bits, within the borders of the first layer's input.
bool pack_maps(const MapStack& stack, const LearnedInput& x, uint64_t* to) {
  const Window& w = stack.layers[0].window;
  const Bordered in = input_of(w);
  const size_t n = n_in(w), n_words = stack.n_words(), line = w.size[1] * n_words;
  const bool bordered = in.cells() != n;
  Buffer<uint64_t> flat(bordered ? n * n_words : 0);
  uint64_t* bits = bordered ? flat.data() : to;
  std::vector<char> exact(stack.threads);
  parallel(stack.threads, [&](size_t thread) {
    const Part blocks = part_of((n + kWord - 1) / kWord, thread, stack.threads);
    exact[thread] = pack(*stack.packing, x, {blocks.begin * kWord, std::min(n, blocks.end * kWord)},
                         stack.batch, bits);
  });
  if (!std::all_of(exact.begin(), exact.end(), [](char e) { return e; })) return false;
  if (!bordered) return true;
  for (size_t c = 0; c < w.channels; ++c)
    for (size_t y = 0; y < w.size[0]; ++y)
      std::memcpy(to + (c * in.map() + in.first + y * in.columns) * n_words,
                  bits + (c * w.size[0] + y) * line, line * sizeof(uint64_t));
  return true;
}

std::vector<Leaves> leaves_of(const MapStack& stack) {
  return {stack.layers.begin(), stack.layers.end()};
}

// Where each layer's input begins.
std::vector<size_t> starts_of(const MapStack& stack) {
  std::vector<size_t> starts{0};
  for (const MapLayer& layer : stack.layers)
    starts.push_back(starts.back() + input_of(layer.window).cells() * stack.n_words());
  return starts;
}

// Gradients of the last layer's outputs: row g of a tile begins at `rows + g * pitch`.
struct TopGrad {
  const float* rows;
  size_t pitch;
};

// In place where they lie in columns of whole tiles; else in `room`, 0 past the batch.
TopGrad top_gradient(const MapStack& stack, const LearnedInput& grad, Buffer<float>* room) {
  const size_t n = n_out(stack.layers.back().window), pitch = stack.n_words() * kWord;
  if (!room) return {grad.values, stack.batch};
  parallel(stack.threads, [&](size_t thread) {
    const Part own = part_of(n, thread, stack.threads);
    fill_rows(*stack.packing, grad, own, stack.batch, room->data());
  });
  return {room->data(), pitch};
}

// The gradient of the maps that a layer reads, on one tile; each set to 0 when it is first met, while
// what is added to it comes into the cache.
class MapGrad {
 public:
  // `met` has room for a mark a channel.
  MapGrad(const Bordered& in, float* cells, char* met) : in_(in), cells_(cells), met_(met) {
    std::memset(met_, 0, in_.channels);
  }
  float* cells() { return cells_; }
  void meet(const MapPlaces& at) {
    for (size_t i = 0; i < at.n_leaves; ++i) meet(at.leaves[i] / in_.map());
  }
  void meet_all() {
    for (size_t c = 0; c < in_.channels; ++c) meet(c);
  }

 private:
  void meet(size_t channel) {
    if (met_[channel]) return;
    met_[channel] = true;
    const size_t map = in_.map() * kTile;
    std::memset(cells_ + channel * map, 0, map * sizeof(float));
  }

  Bordered in_;
  float* cells_;
  char* met_;
};

// What a pass back through the layers reads, found once for all tiles.
struct Back {
  const MapStack& stack;
  const uint64_t* kept;
  TopGrad top;
  float* grad_x;
  std::vector<size_t> starts;
  std::vector<Leaves> leaves;
  std::vector<std::vector<size_t>> orders;
  std::vector<size_t> first_sum;  // of each layer, and of all
};

// One layer on one tile: sums of its entries' gradients, and where `below` is given, the gradient of
// its input.
void layer_backward(const Back& back, size_t l, size_t tile, const float* grad, MapCells cells,
                    const Output& out, MapGrad* below, float* sums) {
  const MapLayer& layer = back.stack.layers[l];
  const MapKernels& kernels = *back.stack.kernels;
  const uint64_t* x = back.kept + back.starts[l];
  for (const size_t c : back.orders[l]) {
    const MapPlaces at = back.leaves[l].at(layer.window, c, back.stack.n_words());
    const float* own = grad + (c * out.map + out.first) * cells.pitch;
    if (below) below->meet(at);
    float* to = below ? below->cells() : nullptr;
    if (layer.window.depth) {
      const size_t n = n_entries(layer);
      kernels.backward[layer.inputs - kFewestLeaves](at, layer.entries + c * n, layer.grad_factor,
                                                     x, tile, own, cells, to, sums + c * n);
    } else if (below) {
      kernels.any_backward(at, x, tile, own, cells, to);
    }
  }
  if (below) below->meet_all();
}

void put_input_gradient(const Back& back, size_t tile, const float* cells) {
  const Window& w = back.stack.layers[0].window;
  const Bordered in = input_of(w);
  const size_t batch = back.stack.batch, first = tile * kTile,
               count = std::min(kTile, batch - first);
  for (size_t c = 0; c < w.channels; ++c)
    for (size_t y = 0; y < w.size[0]; ++y)
      for (size_t x = 0; x < w.size[1]; ++x)
        std::memcpy(back.grad_x + ((c * w.size[0] + y) * w.size[1] + x) * batch + first,
                    cells + (c * in.map() + in.first + y * in.columns + x) * kTile,
                    count * sizeof(float));
}

// What a thread works in: the gradients of two layers' inputs, and marks of their channels.
struct Room {
  float* cells[2];
  char* met;
};

void tile_backward(const Back& back, size_t tile, const Room& room, float* sums) {
  const float* grad = back.top.rows + tile * kTile;
  MapCells cells{output_of(back.stack, back.stack.layers.size() - 1).down, back.top.pitch};
  for (size_t l = back.stack.layers.size(); l-- > 0;) {
    const Output out = output_of(back.stack, l);
    const bool wanted = l > 0 || back.grad_x;
    MapGrad below(input_of(back.stack.layers[l].window), room.cells[l % 2], room.met);
    layer_backward(back, l, tile, grad, cells, out, wanted ? &below : nullptr,
                   sums + back.first_sum[l]);
    if (!wanted) return;
    grad = below.cells();
    if (l) cells = {output_of(back.stack, l - 1).down, kTile};
  }
  put_input_gradient(back, tile, grad);
}

void clear_gradients(const MapStack& stack) {
  for (const MapLayer& layer : stack.layers)
    if (layer.grad_entries)
      std::fill_n(layer.grad_entries, layer.window.out_channels * n_entries(layer), 0.0f);
}

}  // namespace

size_t kept_words(const MapStack& stack) { return starts_of(stack).back(); }

bool maps_forward(const MapStack& stack, const LearnedInput& x, uint64_t* kept, float* out) {
  const std::vector<Leaves> leaves = leaves_of(stack);
  if (stack.batch == 0) return true;
  const std::vector<size_t> starts = starts_of(stack);
  const size_t n_words = stack.n_words(), n = n_out(stack.layers.back().window);
  std::fill_n(kept, starts.back(), uint64_t{0});
  if (!pack_maps(stack, x, kept)) return false;
  Buffer<uint64_t> last(n * n_words);
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const MapLayer& layer = stack.layers[l];
    const Output to = output_of(stack, l);
    const bool is_last = l + 1 == stack.layers.size();
    uint64_t* y = is_last ? last.data() : kept + starts[l + 1];
    const size_t words = layer.window.out_channels * to.map * n_words;
    const size_t threads = std::clamp<size_t>(words / kWordsAThread, 1, stack.threads);
    parallel(threads, [&](size_t thread) {
      const auto [begin, end] = part_of(layer.window.out_channels, thread, threads);
      for (size_t c = begin; c < end; ++c) {
        const MapPlaces at = leaves[l].at(layer.window, c, n_words);
        uint64_t* map = y + (c * to.map + to.first) * n_words;
        if (layer.window.depth == 0) {
          stack.kernels->any(at, kept + starts[l], to.down, map);
          continue;
        }
        const size_t n_own = n_entries(layer);
        stack.kernels->bits[layer.inputs - kFewestLeaves](
            at, table_of(layer.forward + c * n_own, n_own), kept + starts[l], to.down, map);
      }
      if (is_last)
        stack.kernels->unpack(last.data() + begin * to.map * n_words, (end - begin) * to.map,
                              n_words, stack.batch, out + begin * to.map * stack.batch);
    });
  }
  return true;
}

void maps_backward(const MapStack& stack, const uint64_t* kept, const LearnedInput& grad_out,
                   float* grad_x) {
  if (stack.batch == 0) return clear_gradients(stack);
  const size_t n_tiles = (stack.batch + kTile - 1) / kTile, n = n_out(stack.layers.back().window);
  const bool in_place = !grad_out.stride && stack.batch % kTile == 0;
  Buffer<float> rows(in_place ? 0 : n * stack.n_words() * kWord);
  Back back{stack,
            kept,
            top_gradient(stack, grad_out, in_place ? nullptr : &rows),
            grad_x,
            starts_of(stack),
            leaves_of(stack),
            {},
            {0}};
  size_t cells = 0, channels = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const MapLayer& layer = stack.layers[l];
    back.orders.push_back(back.leaves[l].order());
    const size_t own = layer.window.depth ? layer.window.out_channels * n_entries(layer) : 0;
    back.first_sum.push_back(back.first_sum.back() + own);
    cells = std::max(cells, input_of(layer.window).cells());
    channels = std::max(channels, layer.window.channels);
  }
  const size_t n_sums = back.first_sum.back(), threads = std::min(stack.threads, n_tiles);
  Buffer<float> sums(n_tiles * n_sums), room(threads * 2 * cells * kTile);
  Buffer<char> met(threads * channels);
  if (threads)
    parallel(threads, [&](size_t thread) {
      float* own = room.data() + thread * 2 * cells * kTile;
      const Room mine{{own, own + cells * kTile}, met.data() + thread * channels};
      const Part tiles = part_of(n_tiles, thread, threads);
      for (size_t tile = tiles.begin; tile < tiles.end; ++tile)
        tile_backward(back, tile, mine, sums.data() + tile * n_sums);
    });
  // Tile after tile, so that they are the same for any number of threads.
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    float* to = stack.layers[l].grad_entries;
    const size_t first = back.first_sum[l], count = back.first_sum[l + 1] - first;
    if (!to) continue;
    std::fill_n(to, count, 0.0f);
    for (size_t tile = 0; tile < n_tiles; ++tile)
      for (size_t i = 0; i < count; ++i) to[i] += sums.data()[tile * n_sums + first + i];
  }
}

}  // namespace gategrad::train
