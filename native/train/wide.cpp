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

// Calls body(first gate, one past the last) for the gates of `part`, a few at a time.
template <typename Body>
void each_few(Part part, const Body& body) {
  for (size_t begin = part.begin; begin < part.end; begin += kTogether)
    body(begin, std::min(begin + kTogether, part.end));
}

// Soft tables of a few gates.
template <typename S>
class Soft {
 public:
  Soft(const WideLayer<S>& layer, const WideTables<S>& tables)
      : layer_(layer), tables_(tables), made_(tables.soft ? 0 : kTogether * layer.n_entries()) {}

  // Those of gates [begin, end), until the next call.
  const S* of(size_t begin, size_t end) {
    const size_t n = layer_.n_entries();
    if (tables_.soft) return tables_.soft + begin * n;
    layer_.kernels->light(tables_.light_weight + begin * n, (end - begin) * n, made_.data(),
                          nullptr);
    return made_.data();
  }

 private:
  const WideLayer<S>& layer_;
  const WideTables<S>& tables_;
  std::vector<S> made_;
};

}  // namespace

template <typename S>
void wide_forward(const WideLayer<S>& layer, const WideTables<S>& tables, bool hard,
                  const S* forward, const S* x, S* y) {
  check_wires(layer);
  const size_t n_entries = layer.n_entries();
  parallel(layer.threads, [&](size_t thread) {
    Soft<S> soft(layer, tables);
    std::vector<S> bits(hard ? kTogether * n_entries : 0);
    each_few(part_of(layer.n, thread, layer.threads), [&](size_t begin, size_t end) {
      const size_t at = begin * n_entries;
      if (hard)
        layer.kernels->light(tables.light_weight + at, (end - begin) * n_entries, nullptr,
                             bits.data());
      const S* used = hard ? bits.data() : forward ? forward + at : soft.of(begin, end);
      shape_of(layer).forward(gates_of(layer), used, x, begin, end, y);
    });
  });
}

template <typename S>
void wide_backward(const WideLayer<S>& layer, const WideTables<S>& tables, const S* x,
                   const S* grad, S factor, S shift, S* grad_x, S* grad_weight) {
  check_wires(layer);
  const WideShape<S>& shape = shape_of(layer);
  const WideGates gates = gates_of(layer);
  const size_t n_entries = layer.n_entries();
  const auto weigh = [&](size_t begin, size_t end) {
    S* sums = grad_weight + begin * n_entries;
    shape.weigh(gates, x, grad, begin, end, sums);
    if (tables.light_weight)
      layer.kernels->light_backward(tables.light_weight + begin * n_entries, sums,
                                    (end - begin) * n_entries, sums);
  };
  const auto clear = [&](size_t first, size_t last) {
    for (size_t f = 0; f < layer.n_in; ++f)
      std::memset(grad_x + f * layer.batch + first, 0, (last - first) * sizeof(S));
  };
  if (grad_x && layer.threads == 1 && layer.batch <= kScattered) {
    // Both while the rows that the gates read are in the cache.
    Soft<S> soft(layer, tables);
    clear(0, layer.batch);
    each_few({0, layer.n}, [&](size_t begin, size_t end) {
      weigh(begin, end);
      shape.scatter(gates, soft.of(begin, end), x, grad, begin, end, 0, layer.batch, false, factor,
                    shift, grad_x);
    });
    return;
  }
  // Tables by gates, the input by samples: no two threads write to one place, so runs repeat.
  parallel(layer.threads, [&](size_t thread) {
    each_few(part_of(layer.n, thread, layer.threads), weigh);
    if (!grad_x) return;
    Soft<S> soft(layer, tables);
    Part units = part_of((layer.batch + kSampleUnit - 1) / kSampleUnit, thread, layer.threads);
    const size_t stop = std::min(units.end * kSampleUnit, layer.batch);
    for (size_t first = units.begin * kSampleUnit; first < stop; first += kScattered) {
      const size_t last = std::min(first + kScattered, stop);
      clear(first, last);
      each_few({0, layer.n}, [&](size_t begin, size_t end) {
        shape.scatter(gates, soft.of(begin, end), x, grad, begin, end, first, last, true, factor,
                      shift, grad_x);
      });
    }
  });
}

#define GG_WIDE(S)                                                                            \
  template void wide_forward(const WideLayer<S>&, const WideTables<S>&, bool, const S*,       \
                             const S*, S*);                                                   \
  template void wide_backward(const WideLayer<S>&, const WideTables<S>&, const S*, const S*,  \
                              S, S, S*, S*);
GG_WIDE(float)
GG_WIDE(double)

}  // namespace gategrad::train
