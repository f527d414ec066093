#include "train/wide.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

// Gates whose tables are made, used and left in the first-level cache.
constexpr size_t kTogether = 16;
// Samples that threads share out, a cache line or more, so that no two write to one.
constexpr size_t kSampleUnit = 16;
// Samples whose gradients one thread scatters at a time. Parts of rows a power of two apart share
// few sets of a cache, so the more of each row the better.
constexpr size_t kScattered = 256;

template <typename S>
const WideShape<S>& shape_of(const WideLayer<S>& layer) {
  return layer.kernels->of_inputs[layer.inputs - kFewestInputs];
}

template <typename S>
WideGates gates_of(const WideLayer<S>& layer) {
  return {layer.wires, layer.n, layer.batch};
}

template <typename S>
void check_wires(const WideLayer<S>& layer) {
  // The sign of an index, or of what is left up to the last wire; without branches, as vectors.
  const uint64_t last = layer.n_in - 1;
  uint64_t outside = 0;
  for (size_t i = 0; i < layer.inputs * layer.n; ++i) {
    auto wire = static_cast<uint64_t>(layer.wires[i]);
    outside |= wire | (last - wire);
  }
  if (outside >> 63)
    throw std::out_of_range("a gate reads a wire outside 0 to " + std::to_string(layer.n_in - 1));
}

// Calls body(first gate, one past the last) for this thread's gates, a few at a time.
template <typename S, typename Body>
void each_few(const WideLayer<S>& layer, size_t thread, const Body& body) {
  Part part = part_of(layer.n, thread, layer.threads);
  for (size_t begin = part.begin; begin < part.end; begin += kTogether)
    body(begin, std::min(begin + kTogether, part.end));
}

}  // namespace

template <typename S>
void wide_forward(const WideLayer<S>& layer, const LightWeights<S>& light, const S* x, S* entries,
                  S* y) {
  check_wires(layer);
  const WideShape<S>& shape = shape_of(layer);
  const size_t n_entries = layer.n_entries();
  parallel(layer.threads, [&](size_t thread) {
    std::vector<S> hard(light.hard_forward ? kTogether * n_entries : 0);
    each_few(layer, thread, [&](size_t begin, size_t end) {
      S* tables = entries + begin * n_entries;
      if (light.weight)
        layer.kernels->light(light.weight + begin * n_entries, (end - begin) * n_entries, tables,
                             light.hard_forward ? hard.data() : nullptr);
      shape.forward(gates_of(layer), light.hard_forward ? hard.data() : tables, x, begin, end, y);
    });
  });
}

template <typename S>
void wide_backward(const WideLayer<S>& layer, const S* light_weight, const S* entries, const S* x,
                   const S* grad, S factor, S shift, S* grad_x, S* grad_weight) {
  check_wires(layer);
  const WideShape<S>& shape = shape_of(layer);
  const WideGates gates = gates_of(layer);
  const size_t n_entries = layer.n_entries();
  // Tables by gates, the input by samples: no two threads write to one place, so runs repeat.
  parallel(layer.threads, [&](size_t thread) {
    each_few(layer, thread, [&](size_t begin, size_t end) {
      S* sums = grad_weight + begin * n_entries;
      shape.weigh(gates, x, grad, begin, end, sums);
      if (light_weight)
        layer.kernels->light_backward(light_weight + begin * n_entries, sums,
                                      (end - begin) * n_entries, sums);
    });
    if (!grad_x) return;
    Part units = part_of((layer.batch + kSampleUnit - 1) / kSampleUnit, thread, layer.threads);
    const size_t last = std::min(units.end * kSampleUnit, layer.batch);
    for (size_t first = units.begin * kSampleUnit; first < last; first += kScattered) {
      const size_t end = std::min(first + kScattered, last);
      for (size_t f = 0; f < layer.n_in; ++f)
        std::memset(grad_x + f * layer.batch + first, 0, (end - first) * sizeof(S));
      shape.scatter(gates, entries, x, grad, first, end, factor, shift, grad_x);
    }
  });
}

#define GG_WIDE(S)                                                                              \
  template void wide_forward(const WideLayer<S>&, const LightWeights<S>&, const S*, S*, S*);    \
  template void wide_backward(const WideLayer<S>&, const S*, const S*, const S*, const S*, S, S, \
                              S*, S*);
GG_WIDE(float)
GG_WIDE(double)

}  // namespace gategrad::train
