#include "train/stack.h"

#include <algorithm>
#include <cstring>

#include "train/buffers.h"
#include "train/coefficients.h"
#include "train/conv/layer.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

template <typename S>
std::shared_ptr<const Plan> find_plan(const Stack<S>& stack, bool trusted) {
  std::vector<Wires> wires;
  for (const Layer<S>& layer : stack.layers)
    wires.push_back({layer.indices, layer.pins(), layer.n_lists(), layer.n_wires(), layer.n_in,
                     layer.n_out, are_tables(layer.weights) || layer.window, layer.window});
  return plan_of(wires, stack.n_groups, stack.threads, trusted);
}

template <typename S>
Gates<S> gates_of(const LayerPlan& plan, const S* coefficients) {
  return {plan.trails.data(), plan.trails.size(), plan.visits.data(), plan.outputs.data(),
          coefficients};
}

WideGates tables_of(const LayerPlan& plan, size_t n) {
  return {plan.pins.data(), plan.outputs.data(), n};
}

// Consecutive samples, all layers of which are computed before the next ones.
struct Tile {
  size_t row, rows, width;  // samples: first one, those of the batch, and those of the tile
};

template <typename S>
const TileKernels<S>& kernels_of(const Stack<S>& stack, const Tile& tile) {
  return stack.kernels->tiles[tile.width / kBlock - 1];
}

size_t blocks_of(size_t batch) { return (batch + kBlock - 1) / kBlock; }

// Bytes of one layer's values in a tile: up to the first, they and their gradients stay in a core's
// own cache; past the second they leave all caches, and long rows, written past these, are best.
constexpr size_t kCached = size_t{1} << 19, kUncached = size_t{1} << 24;

template <typename S>
size_t widest(const Stack<S>& stack) {
  size_t n = 0;
  for (const Layer<S>& layer : stack.layers) n = std::max({n, layer.n_in, layer.n_out});
  return n;
}

// Of rows that are not copied in tiles, more samples at a time cost nothing but cache.
constexpr size_t kWidestRows = 16;

// How the batch is shared out. The backward pass has to find its way in what forward kept, so it
// takes the same way even if the number of threads has changed.
struct Way {
  size_t blocks;  // of a tile, at most
  size_t threads;
};

// How much more of the caches the widest tables are worth: the lanes of the sums of 2^k entries are
// added up once a gate and tile, which pays for rows that come from further away. Of windows only once
// a map.
template <typename S>
size_t more(const Stack<S>& stack) {
  size_t inputs = 2;
  for (const Layer<S>& layer : stack.layers)
    if (!layer.window) inputs = std::max(inputs, layer.inputs);
  return size_t{1} << (inputs / 2 - 1);
}

template <typename S>
Way choose_way(const Stack<S>& stack) {
  const size_t block = widest(stack) * kBlock * sizeof(S);
  const size_t share = (blocks_of(stack.batch) + stack.threads - 1) / stack.threads;
  if (stack.features_major) return {std::clamp<size_t>(share, 1, kWidestRows), stack.threads};
  const size_t wanted = kWidest * block > kUncached ? kWidest : kCached * more(stack) / block;
  return {std::clamp<size_t>(std::min(share, wanted), 1, kWidest), stack.threads};
}

template <typename S>
void write_way(const Stack<S>& stack, const Way& way, S* coefficients) {
  S* at = coefficients + stack.coefficients_size() - 2;
  at[0] = static_cast<S>(way.blocks);
  at[1] = static_cast<S>(way.threads);
}

template <typename S>
Way read_way(const Stack<S>& stack, const S* coefficients) {
  const S* way = coefficients + stack.coefficients_size() - 2;
  return {static_cast<size_t>(way[0]), static_cast<size_t>(way[1])};
}

// Calls body(tile, first block) for this thread's tiles.
template <typename Body>
void each_tile(size_t batch, const Way& way, size_t thread, const Body& body) {
  const Part part = part_of(blocks_of(batch), thread, way.threads);
  for (size_t first = part.begin; first < part.end; first += way.blocks) {
    const size_t row = first * kBlock, width = std::min(way.blocks, part.end - first) * kBlock;
    body(Tile{row, std::min(width, batch - row), width}, first);
  }
}

template <typename S>
bool leaves_caches(size_t rows, const Tile& tile) {
  return rows * tile.width * sizeof(S) > kUncached;
}

template <typename S>
void load_tile(const Stack<S>& stack, const Input<S>& x, const Tile& tile, S* to) {
  const TileKernels<S>& kernels = kernels_of(stack, tile);
  const size_t n = stack.layers[0].n_in, start = tile.row * x.stride;
  if (x.bytes)
    kernels.bytes_to_tile(x.bytes + start, x.stride, tile.rows, n, to);
  else
    kernels.to_tile(x.values + start, x.stride, tile.rows, n, to);
}

// One layer's outputs of a tile to y, or summed there in groups.
template <typename S>
void forward_layer(const Stack<S>& stack, const Layer<S>& layer, const LayerPlan& plan,
                   const Coefficients<const S>& c, const Tile& tile, const S* x, S* y,
                   bool in_groups) {
  if (layer.window) return forward_window(*stack.windows, layer, plan, c, tile.width, x, y);
  if (in_groups) std::memset(y, 0, stack.n_groups * tile.width * sizeof(S));
  if (are_tables(layer.weights)) {
    shape_of(stack, layer)
        .forward(tables_of(plan, layer.n_out), c.forward, {x, tile.width}, tile.width,
                 {y, tile.width}, in_groups);
    return;
  }
  const TileKernels<S>& kernels = kernels_of(stack, tile);
  if (in_groups)
    kernels.forward_sums(gates_of(plan, c.forward), x, y);
  else
    kernels.forward(gates_of(plan, c.forward), x, y, leaves_caches<S>(layer.n_out, tile));
}

// Inputs of all layers of one tile, one after the other, from the first one, which is there; the
// output goes to `last`, (n_groups or n_out) rows, unless that is null.
template <typename S>
void forward_layers(const Stack<S>& stack, const Plan& plan, const S* coefficients,
                    const Tile& tile, S* inputs, S* last) {
  size_t first = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const Layer<S>& layer = stack.layers[l];
    const bool is_last = l + 1 == stack.layers.size();
    S* y = is_last ? last : inputs + layer.n_in * tile.width;
    if (y == nullptr) return;
    forward_layer<S>(stack, layer, plan.layers[l], coefficients_of(layer, coefficients, first),
                     tile, inputs, y, is_last && stack.n_groups);
    inputs = y;
    first += numbers(layer) * layer.n_gates();
  }
}

template <typename S>
void scale_groups(const Stack<S>& stack, const Tile& tile, S* sums) {
  if (stack.n_groups)
    for (size_t i = 0; i < stack.width() * tile.width; ++i) sums[i] *= stack.scale;
}

template <typename S>
size_t inputs_size(const Stack<S>& stack) {
  size_t n = 0;
  for (const Layer<S>& layer : stack.layers) n += layer.n_in;
  return n;
}

template <typename S>
void zero_rows(const std::vector<uint32_t>& rows, const Tile& tile, S* x) {
  for (uint32_t row : rows) std::memset(x + row * tile.width, 0, tile.width * sizeof(S));
}

// The statistics that a thread sums up, of all layers one after the other. Those of tables are
// gradients of entries in the order of the gates, so the first thread's go where these are wanted.
template <typename S>
S* statistics_of(const Layer<S>& layer, S* own, size_t first, size_t thread) {
  return thread == 0 && are_tables(layer.weights) ? layer.grad_weight : own + first;
}

// One layer of a tile: the gradient of its inputs, unless null, of that of its outputs.
template <typename S>
void backward_layer(const Stack<S>& stack, const Layer<S>& layer, const LayerPlan& plan,
                    const Coefficients<const S>& c, const Tile& tile, const S* x, const S* grad,
                    S* grad_x, S* statistics, bool is_first) {
  if (layer.window)
    return backward_window(*stack.windows, layer, plan, c, tile.width, x, grad, grad_x, statistics,
                           is_first);
  if (are_tables(layer.weights)) {
    if (grad_x) std::memset(grad_x, 0, layer.n_in * tile.width * sizeof(S));
    shape_of(stack, layer)
        .backward(tables_of(plan, layer.n_out), c.backward, {x, tile.width}, {grad, tile.width},
                  tile.width, static_cast<S>(layer.smoothing), grad_x, statistics, is_first);
    return;
  }
  if (grad_x) zero_rows(plan.unread, tile, grad_x);
  kernels_of(stack, tile)
      .backward(gates_of(plan, c.backward), x, grad, grad_x, statistics, is_first,
                leaves_caches<S>(layer.n_in, tile));
}

// One tile, from the last layer to the first, the gradient of whose inputs is returned. `grads` has
// room for two tiles of the widest layer, the first of which is the gradient of the output.
template <typename S>
S* backward_layers(const Stack<S>& stack, const Plan& plan, const S* coefficients, const Tile& tile,
                   const S* inputs, S* grads, size_t room, bool wants_x, S* statistics,
                   size_t thread, bool is_first) {
  S *grad = grads, *grad_x = grads + room * tile.width;
  size_t first = (stack.coefficients_size() - 2) / 2;
  const S* x = inputs + inputs_size(stack) * tile.width;
  for (size_t l = stack.layers.size(); l-- > 0;) {
    const Layer<S>& layer = stack.layers[l];
    first -= numbers(layer) * layer.n_gates();
    x -= layer.n_in * tile.width;
    backward_layer<S>(stack, layer, plan.layers[l], coefficients_of(layer, coefficients, first),
                      tile, x, grad, l > 0 || wants_x ? grad_x : nullptr,
                      statistics_of(layer, statistics, first, thread), is_first);
    std::swap(grad, grad_x);
  }
  return grad;
}

// The statistics of a thread that had no tile.
template <typename S>
void clear_statistics(const Stack<S>& stack, S* own, size_t thread) {
  size_t first = 0;
  for (const Layer<S>& layer : stack.layers) {
    const size_t size = numbers(layer) * layer.n_gates();
    std::memset(statistics_of(layer, own, first, thread), 0, size * sizeof(S));
    first += size;
  }
}

// The same as the two passes below, of one layer of tables whose rows are used where they are.
template <typename S>
void forward_rows(const Stack<S>& stack, const Plan& plan, const Way& way, const S* x,
                  const S* coefficients, S* y) {
  const Layer<S>& layer = stack.layers[0];
  const size_t batch = stack.batch;
  parallel(way.threads, [&](size_t thread) {
    each_tile(batch, way, thread, [&](const Tile& tile, size_t) {
      shape_of(stack, layer)
          .forward(tables_of(plan.layers[0], layer.n_out), coefficients, {x + tile.row, batch},
                   tile.rows, {y + tile.row, batch}, false);
    });
  });
}

template <typename S>
void backward_rows(const Stack<S>& stack, const Plan& plan, const Way& way, const S* x,
                   const S* grad, const S* coefficients, S* grad_x, S* statistics) {
  const Layer<S>& layer = stack.layers[0];
  const size_t batch = stack.batch, size = numbers(layer) * layer.n_out;
  parallel(way.threads, [&](size_t thread) {
    S* own = statistics + thread * size;
    bool is_first = true;
    each_tile(batch, way, thread, [&](const Tile& tile, size_t) {
      const size_t row = tile.row;
      if (grad_x)
        for (size_t f = 0; f < layer.n_in; ++f)
          std::memset(grad_x + f * batch + row, 0, tile.rows * sizeof(S));
      shape_of(stack, layer)
          .backward(tables_of(plan.layers[0], layer.n_out), coefficients, {x + row, batch},
                    {grad + row, batch}, tile.rows, static_cast<S>(layer.smoothing),
                    grad_x ? grad_x + row : nullptr, statistics_of(layer, own, 0, thread),
                    is_first);
      is_first = false;
    });
    if (is_first) clear_statistics(stack, own, thread);
  });
}

}  // namespace

template <typename S>
size_t Stack<S>::n_gates() const {
  size_t n = 0;
  for (const Layer<S>& layer : layers) n += layer.n_gates();
  return n;
}

template <typename S>
size_t Stack<S>::coefficients_size() const {
  return 2 * first_numbers(*this).back() + 2;
}

template <typename S>
size_t Stack<S>::kept_size() const {
  return blocks_of(batch) * kBlock * inputs_size(*this);
}

// Buffers are there before the threads start: where memory runs out, a worker could only abort.
template <typename S>
void forward(const Stack<S>& stack, const Input<S>& x, S* out, S* coefficients, S* kept) {
  const std::shared_ptr<const Plan> plan = find_plan(stack, false);
  compute_coefficients(stack, *plan, coefficients);
  const Way way = choose_way(stack);
  write_way(stack, way, coefficients);
  if (stack.features_major) return forward_rows<S>(stack, *plan, way, x.values, coefficients, out);
  const size_t size = inputs_size(stack) * kBlock, width = stack.width();
  const size_t own_inputs = kept ? 0 : size * way.blocks, own = width * way.blocks * kBlock;
  Buffer<S> inputs(own_inputs * way.threads), outputs(own * way.threads);
  parallel(way.threads, [&](size_t thread) {
    S* last = outputs.data() + thread * own;
    each_tile(stack.batch, way, thread, [&](const Tile& tile, size_t first) {
      S* in = kept ? kept + first * size : inputs.data() + thread * own_inputs;
      load_tile(stack, x, tile, in);
      forward_layers<S>(stack, *plan, coefficients, tile, in, last);
      scale_groups(stack, tile, last);
      kernels_of(stack, tile).from_tile(last, width, tile.rows, width, out + tile.row * width);
    });
  });
}

template <typename S>
void backward(const Stack<S>& stack, const Input<S>& x, const S* grad_out, const S* coefficients,
              const S* kept, S* grad_x) {
  const std::shared_ptr<const Plan> plan = find_plan(stack, true);
  const Way way = read_way(stack, coefficients);
  const size_t size = inputs_size(stack) * kBlock, n_in = stack.layers[0].n_in;
  const size_t width = stack.width(), room = std::max(widest(stack), width);
  const size_t n_statistics = first_numbers(stack).back();
  Buffer<S> statistics(n_statistics * way.threads);
  if (stack.features_major) {
    const S* c = coefficients_of(stack.layers[0], coefficients, 0).backward;
    backward_rows<S>(stack, *plan, way, x.values, grad_out, c, grad_x, statistics.data());
    return finish_gradients(stack, *plan, statistics.data(), way.threads);
  }
  const size_t own_inputs = kept ? 0 : size * way.blocks,
               own_grads = 2 * room * way.blocks * kBlock;
  Buffer<S> inputs(own_inputs * way.threads), gradients(own_grads * way.threads);
  parallel(way.threads, [&](size_t thread) {
    S *grads = gradients.data() + thread * own_grads,
      *own = statistics.data() + thread * n_statistics;
    bool is_first = true;
    each_tile(stack.batch, way, thread, [&](const Tile& tile, size_t first) {
      S* recomputed = inputs.data() + thread * own_inputs;
      if (!kept) {
        load_tile(stack, x, tile, recomputed);
        forward_layers<S>(stack, *plan, coefficients, tile, recomputed, nullptr);
      }
      const TileKernels<S>& kernels = kernels_of(stack, tile);
      kernels.to_tile(grad_out + tile.row * width, width, tile.rows, width, grads);
      scale_groups(stack, tile, grads);
      S* grad =
          backward_layers(stack, *plan, coefficients, tile, kept ? kept + first * size : recomputed,
                          grads, room, grad_x != nullptr, own, thread, is_first);
      is_first = false;
      if (grad_x) kernels.from_tile(grad, n_in, tile.rows, n_in, grad_x + tile.row * n_in);
    });
    if (is_first) clear_statistics(stack, own, thread);
  });
  finish_gradients(stack, *plan, statistics.data(), way.threads);
}

template struct Stack<float>;
template struct Stack<double>;
template void forward(const Stack<float>&, const Input<float>&, float*, float*, float*);
template void forward(const Stack<double>&, const Input<double>&, double*, double*, double*);
template void backward(const Stack<float>&, const Input<float>&, const float*, const float*,
                       const float*, float*);
template void backward(const Stack<double>&, const Input<double>&, const double*, const double*,
                       const double*, double*);

}  // namespace gategrad::train
