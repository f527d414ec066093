#include "train/stack.h"

#include <algorithm>
#include <cstring>

#include "train/buffers.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

// Gates whose coefficients one thread computes at a time.
constexpr size_t kGatesAtOnce = 256;

template <typename S>
std::shared_ptr<const Plan> find_plan(const Stack<S>& stack, bool trusted) {
  std::vector<Wires> wires;
  for (const Layer<S>& layer : stack.layers)
    wires.push_back({layer.indices, layer.n_in, layer.n_out});
  return plan_of(wires, stack.n_groups, stack.threads, trusted);
}

// Of one layer, 4 numbers a gate in the order of its plan: to compute outputs with, and to compute
// the gradient of the inputs with. They are the same numbers where they can be.
template <typename P>
struct Coefficients {
  P *forward, *backward;
};

template <typename S>
bool has_two_sets(const Layer<S>& layer) {
  return layer.straight_through || layer.grad_factor != S(1);
}

template <typename S, typename P>
Coefficients<P> coefficients_of(const Layer<S>& layer, P* all, size_t first_gate) {
  P* forward = all + 8 * first_gate;
  return {forward, has_two_sets(layer) ? forward + 4 * layer.n_out : forward};
}

template <typename S>
Gates<S> gates_of(const LayerPlan& plan, const S* coefficients) {
  return {plan.trails.data(), plan.trails.size(), plan.visits.data(), plan.outputs.data(),
          coefficients};
}

// Calls body(layer index, first gate of the layer, first and last gate within it) for this
// thread's share of the gates of all layers, some gates at a time.
template <typename S, typename Body>
void each_share(const Stack<S>& stack, size_t thread, const Body& body) {
  Part part = part_of(stack.n_gates(), thread, stack.threads);
  size_t first = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    size_t n = stack.layers[l].n_out;
    size_t begin = std::max(part.begin, first), end = std::min(part.end, first + n);
    for (; begin < end; begin += kGatesAtOnce)
      body(l, first, begin - first, std::min(end, begin + kGatesAtOnce) - first);
    first += n;
  }
}

// Of all layers, 8 numbers a gate to `all`, by way of the order of the gates.
template <typename S>
void compute_coefficients(const Stack<S>& stack, const Plan& plan, S* all) {
  Buffer<S> by_gate(8 * stack.n_gates());
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t first, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      S* soft = by_gate.data() + 8 * first;
      convert<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), end - begin,
                 soft + 4 * begin,
                 layer.straight_through ? soft + 4 * (layer.n_out + begin) : nullptr);
    });
  });
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t first, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      const Coefficients<S> c = coefficients_of(layer, all, first);
      const S* soft = by_gate.data() + 8 * first;
      const uint32_t* gates = plan.layers[l].gates.data() + begin;
      const auto move = [&](const S* from, S factor, S* to) {
        stack.kernels->to_trails(from, gates, end - begin, factor, to + 4 * begin);
      };
      move(layer.straight_through ? soft + 4 * layer.n_out : soft, S(1), c.forward);
      if (has_two_sets(layer)) move(soft, layer.grad_factor, c.backward);
    });
  });
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

// How the batch is shared out. The backward pass has to find its way in what forward kept, so it
// takes the same way even if the number of threads has changed.
struct Way {
  size_t blocks;   // of a tile, at most
  size_t threads;
};

template <typename S>
Way choose_way(const Stack<S>& stack) {
  const size_t block = widest(stack) * kBlock * sizeof(S);
  const size_t share = (blocks_of(stack.batch) + stack.threads - 1) / stack.threads;
  const size_t wanted = kWidest * block > kUncached ? kWidest : kCached / block;
  return {std::clamp<size_t>(std::min(share, wanted), 1, kWidest), stack.threads};
}

template <typename S>
void write_way(const Stack<S>& stack, const Way& way, S* coefficients) {
  coefficients[8 * stack.n_gates()] = static_cast<S>(way.blocks);
  coefficients[8 * stack.n_gates() + 1] = static_cast<S>(way.threads);
}

template <typename S>
Way read_way(const Stack<S>& stack, const S* coefficients) {
  const S* way = coefficients + 8 * stack.n_gates();
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

// Inputs of all layers of one tile, one after the other, from the first one, which is there; the
// output goes to `last`, (n_groups or n_out) rows, unless that is null.
template <typename S>
void forward_layers(const Stack<S>& stack, const Plan& plan, const S* coefficients,
                    const Tile& tile, S* inputs, S* last) {
  const TileKernels<S>& kernels = kernels_of(stack, tile);
  size_t first = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    const Layer<S>& layer = stack.layers[l];
    const bool is_last = l + 1 == stack.layers.size();
    S* y = is_last ? last : inputs + layer.n_in * tile.width;
    if (y == nullptr) return;
    Gates<S> gates =
        gates_of(plan.layers[l], coefficients_of(layer, coefficients, first).forward);
    if (is_last && stack.n_groups) {
      std::memset(y, 0, stack.n_groups * tile.width * sizeof(S));
      kernels.forward_sums(gates, inputs, y);
    } else {
      kernels.forward(gates, inputs, y, leaves_caches<S>(layer.n_out, tile));
    }
    inputs = y;
    first += layer.n_out;
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

// One tile, from the last layer to the first, the gradient of whose inputs is returned. `grads` has
// room for two tiles of the widest layer, the first of which is the gradient of the output.
template <typename S>
S* backward_layers(const Stack<S>& stack, const Plan& plan, const S* coefficients, const Tile& tile,
                   const S* inputs, S* grads, size_t room, bool wants_x, S* statistics, bool is_first) {
  S *grad = grads, *grad_x = grads + room * tile.width;
  size_t first = stack.n_gates();
  const S* x = inputs + inputs_size(stack) * tile.width;
  for (size_t l = stack.layers.size(); l-- > 0;) {
    const Layer<S>& layer = stack.layers[l];
    first -= layer.n_out;
    x -= layer.n_in * tile.width;
    const bool wanted = l > 0 || wants_x;
    if (wanted) zero_rows(plan.layers[l].unread, tile, grad_x);
    kernels_of(stack, tile).backward(
        gates_of(plan.layers[l], coefficients_of(layer, coefficients, first).backward), x, grad,
        wanted ? grad_x : nullptr, statistics + 4 * first, is_first,
        leaves_caches<S>(layer.n_in, tile));
    std::swap(grad, grad_x);
  }
  return grad;
}

// Sums the threads' statistics in their order and turns them into gradients of the weights.
template <typename S>
void finish_gradients(const Stack<S>& stack, const Plan& plan, const S* statistics,
                      size_t n_terms) {
  parallel(stack.threads, [&](size_t thread) {
    S sums[4 * kGatesAtOnce];
    each_share(stack, thread, [&](size_t l, size_t first, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      stack.kernels->from_trails(statistics + 4 * first, 4 * stack.n_gates(), n_terms,
                                 plan.layers[l].places.data() + begin, end - begin, sums);
      convert_back<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), sums,
                      end - begin, layer.grad_weight + begin * parameters(layer));
    });
  });
}

}  // namespace

template <typename S>
size_t Stack<S>::n_gates() const {
  size_t n = 0;
  for (const Layer<S>& layer : layers) n += layer.n_out;
  return n;
}

template <typename S>
size_t Stack<S>::kept_size() const {
  return blocks_of(batch) * kBlock * inputs_size(*this);
}

template <typename S>
void forward(const Stack<S>& stack, const Input<S>& x, S* out, S* coefficients, S* kept) {
  const std::shared_ptr<const Plan> plan = find_plan(stack, false);
  compute_coefficients(stack, *plan, coefficients);
  const Way way = choose_way(stack);
  write_way(stack, way, coefficients);
  const size_t size = inputs_size(stack) * kBlock, width = stack.width();
  parallel(way.threads, [&](size_t thread) {
    Buffer<S> inputs(kept ? 0 : size * way.blocks), last(width * way.blocks * kBlock);
    each_tile(stack.batch, way, thread, [&](const Tile& tile, size_t first) {
      S* in = kept ? kept + first * size : inputs.data();
      load_tile(stack, x, tile, in);
      forward_layers<S>(stack, *plan, coefficients, tile, in, last.data());
      scale_groups(stack, tile, last.data());
      kernels_of(stack, tile).from_tile(last.data(), width, tile.rows, width,
                                        out + tile.row * width);
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
  const size_t n_statistics = 4 * stack.n_gates();
  Buffer<S> statistics(n_statistics * way.threads);
  parallel(way.threads, [&](size_t thread) {
    Buffer<S> inputs(kept ? 0 : size * way.blocks), grads(2 * room * way.blocks * kBlock);
    S* own = statistics.data() + thread * n_statistics;
    bool is_first = true;
    each_tile(stack.batch, way, thread, [&](const Tile& tile, size_t first) {
      if (!kept) {
        load_tile(stack, x, tile, inputs.data());
        forward_layers<S>(stack, *plan, coefficients, tile, inputs.data(), nullptr);
      }
      const TileKernels<S>& kernels = kernels_of(stack, tile);
      kernels.to_tile(grad_out + tile.row * width, width, tile.rows, width, grads.data());
      scale_groups(stack, tile, grads.data());
      S* grad = backward_layers(stack, *plan, coefficients, tile,
                                kept ? kept + first * size : inputs.data(), grads.data(), room,
                                grad_x != nullptr, own, is_first);
      is_first = false;
      if (grad_x) kernels.from_tile(grad, n_in, tile.rows, n_in, grad_x + tile.row * n_in);
    });
    if (is_first) std::memset(own, 0, n_statistics * sizeof(S));
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
