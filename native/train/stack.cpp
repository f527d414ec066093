#include "train/stack.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "train/buffers.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

// Gates whose coefficients one thread computes at a time.
constexpr size_t kGatesAtOnce = 512;

template <typename S>
class Buffer {
 public:
  explicit Buffer(size_t n) : block_(borrow(std::max<size_t>(1, n) * sizeof(S))) {}
  S* data() { return static_cast<S*>(block_.get()); }

 private:
  std::shared_ptr<void> block_;
};

template <typename S>
size_t parameters(const Layer<S>& layer) {
  switch (layer.parametrization) {
    case Parametrization::kRaw: return 16;
    case Parametrization::kLight: return 4;
    default: return layer.straight_through ? 8 : 4;
  }
}

// Soft and forward coefficients of layer `first_gate`: 8 numbers a gate, the soft ones first.
template <typename S>
struct Coefficients {
  S *soft, *forward;
};

template <typename S, typename P>
Coefficients<P> coefficients_of(const Layer<S>& layer, P* all, size_t first_gate) {
  P* soft = all + 8 * first_gate;
  return {soft, layer.straight_through ? soft + 4 * layer.n_out : soft};
}

template <typename S>
Gates<S> gates_of(const Layer<S>& layer, const S* coefficients) {
  return {layer.indices, layer.indices + layer.n_out, coefficients, layer.n_out};
}

// Calls body(layer index, first gate of the layer, first and last gate within it) for this
// thread's share of the gates of all layers.
template <typename S, typename Body>
void each_share(const Stack<S>& stack, size_t thread, const Body& body) {
  Part part = part_of(stack.n_gates(), thread, stack.threads);
  size_t first = 0;
  for (size_t l = 0; l < stack.layers.size(); ++l) {
    size_t n = stack.layers[l].n_out;
    size_t begin = std::max(part.begin, first), end = std::min(part.end, first + n);
    if (begin < end) body(l, first, begin - first, end - first);
    first += n;
  }
}

// Coefficients of n gates of a layer, from its weights of the first of them on.
template <typename S>
void convert(const Kernels<S>& kernels, const Layer<S>& layer, const S* weight, size_t n, S* soft,
             S* hard) {
  if (layer.parametrization == Parametrization::kRaw) return kernels.raw(weight, n, soft, hard);
  if (layer.parametrization == Parametrization::kLight) return kernels.light(weight, n, soft, hard);
  for (size_t g = 0; g < n; ++g, weight += parameters(layer)) {
    std::memcpy(soft + 4 * g, weight, 4 * sizeof(S));
    if (hard) std::memcpy(hard + 4 * g, weight + 4, 4 * sizeof(S));
  }
}

// Gradient of the weights of n gates from that of their soft coefficients.
template <typename S>
void convert_back(const Kernels<S>& kernels, const Layer<S>& layer, const S* weight, const S* grad,
                  size_t n, S* grad_weight) {
  if (layer.parametrization == Parametrization::kRaw)
    return kernels.raw_backward(weight, grad, n, grad_weight);
  if (layer.parametrization == Parametrization::kLight)
    return kernels.light_backward(weight, grad, n, grad_weight);
  for (size_t g = 0; g < n; ++g, grad_weight += parameters(layer)) {
    std::memcpy(grad_weight, grad + 4 * g, 4 * sizeof(S));
    if (layer.straight_through) std::memset(grad_weight + 4, 0, 4 * sizeof(S));
  }
}

template <typename S>
void compute_coefficients(const Stack<S>& stack, S* all) {
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t first, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      Coefficients<S> c = coefficients_of(layer, all, first);
      convert<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), end - begin,
                 c.soft + 4 * begin, layer.straight_through ? c.forward + 4 * begin : nullptr);
    });
  });
}

template <typename S>
void load_tile(const Stack<S>& stack, const Input<S>& x, size_t tile, S* to) {
  size_t row = tile * kTile, rows = std::min(kTile, stack.batch - row), n = stack.layers[0].n_in;
  if (x.bytes)
    stack.kernels->bytes_to_tile(x.bytes + row * x.stride, x.stride, rows, n, to);
  else
    stack.kernels->to_tile(x.values + row * x.stride, x.stride, rows, n, to);
}

// Inputs of all layers of one tile, one after the other, from the first one, which is there; the
// output goes to `last` unless that is null.
template <typename S>
void forward_layers(const Stack<S>& stack, const S* coefficients, S* inputs, S* last) {
  size_t first = 0;
  for (const Layer<S>& layer : stack.layers) {
    S* y = &layer == &stack.layers.back() ? last : inputs + layer.n_in * kTile;
    if (y == nullptr) return;
    stack.kernels->forward(
        gates_of(layer, coefficients_of(layer, coefficients, first).forward), inputs, y);
    inputs = y;
    first += layer.n_out;
  }
}

template <typename S>
void store_output(const Stack<S>& stack, size_t tile, const S* last, S* sums, S* out) {
  size_t row = tile * kTile, rows = std::min(kTile, stack.batch - row), width = stack.width();
  if (stack.n_groups) {
    stack.kernels->group_sums(last, width, stack.layers.back().n_out / width, sums);
    for (size_t i = 0; i < width * kTile; ++i) sums[i] *= stack.scale;
    last = sums;
  }
  stack.kernels->from_tile(last, width, rows, width, out + row * width);
}

template <typename S>
size_t inputs_size(const Stack<S>& stack) {
  size_t n = 0;
  for (const Layer<S>& layer : stack.layers) n += layer.n_in;
  return n * kTile;
}

template <typename S>
size_t widest(const Stack<S>& stack) {
  size_t n = 0;
  for (const Layer<S>& layer : stack.layers) n = std::max({n, layer.n_in, layer.n_out});
  return n;
}

// The gradient of the last layer's outputs, (n_groups or n_out) rows.
template <typename S>
void load_grad(const Stack<S>& stack, const S* grad_out, size_t tile, S* to) {
  size_t row = tile * kTile, rows = std::min(kTile, stack.batch - row), width = stack.width();
  stack.kernels->to_tile(grad_out + row * width, width, rows, width, to);
  if (stack.n_groups)
    for (size_t i = 0; i < width * kTile; ++i) to[i] *= stack.scale;
}

// One tile, from the last layer to the first. `grads` has room for two tiles of the widest layer.
template <typename S>
void backward_layers(const Stack<S>& stack, const S* coefficients, const S* inputs, S* grads,
                     size_t widest, bool wants_x, S* statistics, S** grad_first) {
  S *grad = grads, *grad_x = grads + widest * kTile;
  size_t first = stack.n_gates();
  const S* x = inputs + inputs_size(stack);
  for (size_t l = stack.layers.size(); l-- > 0;) {
    const Layer<S>& layer = stack.layers[l];
    first -= layer.n_out;
    x -= layer.n_in * kTile;
    bool last = l + 1 == stack.layers.size(), wanted = l > 0 || wants_x;
    if (wanted) std::memset(grad_x, 0, layer.n_in * kTile * sizeof(S));
    size_t group = last && stack.n_groups ? layer.n_out / stack.n_groups : 1;
    stack.kernels->backward(
        gates_of(layer, coefficients_of(layer, coefficients, first).soft), x, grad, group,
        layer.grad_factor, wanted ? grad_x : nullptr, statistics + 4 * first);
    std::swap(grad, grad_x);
  }
  *grad_first = grad;
}

// Sums the threads' statistics in their order and turns them into gradients of the weights.
template <typename S>
void finish_gradients(const Stack<S>& stack, S* statistics) {
  parallel(stack.threads, [&](size_t thread) {
    each_share(stack, thread, [&](size_t l, size_t first, size_t begin, size_t end) {
      const Layer<S>& layer = stack.layers[l];
      for (; begin < end; begin += kGatesAtOnce) {
        size_t n = std::min(kGatesAtOnce, end - begin);
        S* sum = statistics + 4 * (first + begin);
        for (size_t t = 1; t < stack.threads; ++t) {
          const S* other = sum + t * 4 * stack.n_gates();
          for (size_t i = 0; i < 4 * n; ++i) sum[i] += other[i];
        }
        convert_back<S>(*stack.kernels, layer, layer.weight + begin * parameters(layer), sum, n,
                        layer.grad_weight + begin * parameters(layer));
      }
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
  return n_tiles() * inputs_size(*this);
}

template <typename S>
void check_wires(const Stack<S>& stack) {
  for (const Layer<S>& layer : stack.layers) {
    // The sign of an index, or of what is left up to the last wire; without branches, as vectors.
    const uint64_t last = layer.n_in - 1;
    uint64_t outside = 0;
    for (size_t i = 0; i < 2 * layer.n_out; ++i) {
      auto wire = static_cast<uint64_t>(layer.indices[i]);
      outside |= wire | (last - wire);
    }
    if (outside >> 63)
      throw std::out_of_range("a gate reads a wire outside 0 to " +
                              std::to_string(layer.n_in - 1));
  }
}

template <typename S>
void forward(const Stack<S>& stack, const Input<S>& x, S* out, S* coefficients, S* kept) {
  compute_coefficients(stack, coefficients);
  const size_t size = inputs_size(stack);
  parallel(stack.threads, [&](size_t thread) {
    Buffer<S> inputs(kept ? 0 : size), last(stack.layers.back().n_out * kTile);
    Buffer<S> sums(stack.width() * kTile);
    Part tiles = part_of(stack.n_tiles(), thread, stack.threads);
    for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
      S* in = kept ? kept + tile * size : inputs.data();
      load_tile(stack, x, tile, in);
      forward_layers<S>(stack, coefficients, in, last.data());
      store_output(stack, tile, last.data(), sums.data(), out);
    }
  });
}

template <typename S>
void backward(const Stack<S>& stack, const Input<S>& x, const S* grad_out, const S* coefficients,
              const S* kept, S* grad_x) {
  const size_t size = inputs_size(stack), most = widest(stack), n_gates = stack.n_gates();
  Buffer<S> statistics(4 * n_gates * stack.threads);
  parallel(stack.threads, [&](size_t thread) {
    Buffer<S> inputs(kept ? 0 : size), grads(2 * std::max(most, stack.width()) * kTile);
    S* own = statistics.data() + thread * 4 * n_gates;
    std::memset(own, 0, 4 * n_gates * sizeof(S));
    Part tiles = part_of(stack.n_tiles(), thread, stack.threads);
    for (size_t tile = tiles.begin; tile < tiles.end; ++tile) {
      if (!kept) {
        load_tile(stack, x, tile, inputs.data());
        forward_layers<S>(stack, coefficients, inputs.data(), nullptr);
      }
      load_grad(stack, grad_out, tile, grads.data());
      S* grad_first;
      backward_layers<S>(stack, coefficients, kept ? kept + tile * size : inputs.data(),
                         grads.data(), std::max(most, stack.width()), grad_x != nullptr, own,
                         &grad_first);
      size_t row = tile * kTile, n_in = stack.layers[0].n_in;
      if (grad_x)
        stack.kernels->from_tile(grad_first, n_in, std::min(kTile, stack.batch - row), n_in,
                                 grad_x + row * n_in);
    }
  });
  finish_gradients(stack, statistics.data());
}

template struct Stack<float>;
template struct Stack<double>;
template void check_wires(const Stack<float>&);
template void check_wires(const Stack<double>&);
template void forward(const Stack<float>&, const Input<float>&, float*, float*, float*);
template void forward(const Stack<double>&, const Input<double>&, double*, double*, double*);
template void backward(const Stack<float>&, const Input<float>&, const float*, const float*,
                       const float*, float*);
template void backward(const Stack<double>&, const Input<double>&, const double*, const double*,
                       const double*, double*);

}  // namespace gategrad::train
