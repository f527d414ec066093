#include "train/bits/learned.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "train/buffers.h"
#include "train/parallel.h"
#include "train/parametrize.h"

namespace gategrad::train {
namespace {

// Gates whose weights' gradients are made together, and of these those whose pins' gradients are
// made, in the first-level cache, before the products with candidates, which then overlap.
constexpr size_t kGatesAtOnce = 64, kGatesInCache = 8;

// Where each layer's part of what is kept begins.
struct Parts {
  uint64_t* bits;
  int32_t* wires;
  float *soft, *forward;
};

std::vector<Parts> parts_of(const LearnedStack& stack, const LearnedKept& kept) {
  std::vector<Parts> parts;
  Parts at{kept.bits, kept.wires, kept.coefficients, nullptr};
  for (const LearnedLayer& layer : stack.layers) {
    at.forward = layer.straight_through ? at.soft + 4 * layer.n : at.soft;
    parts.push_back(at);
    at.bits += layer.n_in * stack.n_words();
    at.wires += 2 * layer.n;
    at.soft += 8 * layer.n;
  }
  return parts;
}

LearnedGates gates_of(const LearnedStack& stack, const LearnedLayer& layer, const Parts& part,
                      const float* coefficients) {
  return {layer.candidates, part.wires, coefficients, part.bits, layer.n, layer.k, stack.n_words()};
}

[[noreturn]] void refuse(const char* what, size_t n_in) {
  throw std::out_of_range(std::string(what) + " outside 0 to " + std::to_string(n_in - 1));
}

// Whether all that the pins may read is below n_in.
bool choose_wires(const LearnedStack& stack, const LearnedLayer& layer, Part pins, int32_t* wires) {
  if (layer.candidates)
    return stack.kernels->choose(layer.logits, layer.candidates, pins.begin, pins.end, layer.k,
                                 wires) < layer.n_in;
  bool good = true;
  for (size_t i = pins.begin; i < pins.end; ++i) {
    good &= static_cast<uint64_t>(layer.indices[i]) < layer.n_in;
    wires[i] = static_cast<int32_t>(layer.indices[i]);
  }
  return good;
}

// A thread's features or gates, whole blocks of 64, so that what is computed together is the same
// for any number of threads.
Part blocks_of(size_t n, size_t thread, size_t threads) {
  constexpr size_t kBlock = 64;
  Part blocks = part_of((n + kBlock - 1) / kBlock, thread, threads);
  return {blocks.begin * kBlock, std::min(n, blocks.end * kBlock)};
}

void sum_groups(const LearnedStack& stack, const LearnedGates& gates, float* out) {
  const size_t n_words = stack.n_words(), groups = stack.n_groups, size = gates.n / groups;
  parallel(stack.threads, [&](size_t thread) {
    Part units = part_of(groups * n_words, thread, stack.threads);
    for (size_t unit = units.begin; unit < units.end; ++unit) {
      const size_t group = unit / n_words, word = unit % n_words;
      float sums[kWord];
      stack.kernels->sums(gates, group * size, (group + 1) * size, word, sums);
      for (size_t s = word * kWord; s < std::min(stack.batch, (word + 1) * kWord); ++s)
        out[s * groups + group] = stack.scale * sums[s % kWord];
    }
  });
}

// The readers of all features of a layer, pins in their order, once they are filled.
class ReaderLists {
 public:
  explicit ReaderLists(const LearnedLayer& layer) : first_(layer.n_in + 1), pins_(2 * layer.n) {}
  void fill(const LearnedLayer& layer, const int32_t* wires) {
    int32_t* first = first_.data();
    std::memset(first, 0, (layer.n_in + 1) * sizeof(int32_t));
    const size_t n_pins = 2 * layer.n;
    for (size_t i = 0; i < n_pins; ++i) ++first[wires[i]];
    int32_t total = 0;
    for (size_t f = 0; f <= layer.n_in; ++f) first[f] = total += first[f];
    // From the last pin on, each moves its list's border to where it stands.
    for (size_t i = n_pins; i-- > 0;) pins_.data()[--first[wires[i]]] = static_cast<int32_t>(i);
  }
  Readers get() { return {first_.data(), pins_.data()}; }

 private:
  Buffer<int32_t> first_, pins_;
};

// Gradients of the last layer's outputs as rows; what is borrowed for them lives as long as this.
class OutputGrad {
 public:
  OutputGrad(const LearnedStack& stack, const LearnedInput& grad)
      : n_(stack.layers.back().n), row_(stack.n_words() * kWord),
        in_place_(!stack.n_groups && !grad.stride && stack.batch == row_),
        rows_(in_place_ ? 0 : (stack.n_groups ? stack.n_groups : n_) * row_),
        class_of_(stack.n_groups ? n_ : 0) {
    if (in_place_) {
      result_ = {grad.values, nullptr};
    } else {
      result_ = {rows_.data(), stack.n_groups ? class_of_.data() : nullptr};
      stack.n_groups ? fill_groups(stack, grad.values) : fill(stack, grad);
    }
  }
  GradRows get() const { return result_; }

 private:
  void fill_groups(const LearnedStack& stack, const float* grad) {
    const size_t groups = stack.n_groups, size = n_ / groups;
    std::memset(rows_.data(), 0, groups * row_ * sizeof(float));
    for (size_t s = 0; s < stack.batch; ++s)
      for (size_t c = 0; c < groups; ++c)
        rows_.data()[c * row_ + s] = stack.scale * grad[s * groups + c];
    for (size_t c = 0; c < groups; ++c)
      std::fill_n(class_of_.data() + c * size, size, static_cast<int32_t>(c));
  }
  void fill(const LearnedStack& stack, const LearnedInput& grad) {
    parallel(stack.threads, [&](size_t thread) {
      const Part own = blocks_of(n_, thread, stack.threads);
      fill_rows(*stack.kernels, grad, own, stack.batch, rows_.data());
    });
  }

  size_t n_, row_;
  bool in_place_;
  Buffer<float> rows_;
  Buffer<int32_t> class_of_;
  GradRows result_;
};

// Where a gate's output gradient comes from: rows that are there, or the readers in the next layer.
struct Upstream {
  GradRows grad;           // of this layer's outputs, or of the next layer's
  const Readers* readers;  // null: grad is this layer's
  LearnedGates next;
  float factor;
};

const float* row_of(const LearnedStack& stack, const Upstream& from, size_t g, float* to) {
  if (from.readers) {
    stack.kernels->gather(from.next, *from.readers, from.grad, g, from.factor, to);
    return to;
  }
  const size_t row = from.grad.class_of ? static_cast<size_t>(from.grad.class_of[g]) : g;
  return from.grad.rows + row * stack.n_words() * kWord;
}

// Hands out a layer's gates in chunks, of whole blocks of 64, to whichever thread is free.
class Chunks {
 public:
  explicit Chunks(size_t n) : n_(n) {}
  // Empty when all are out.
  Part take() {
    const size_t begin = std::min(n_, next_.fetch_add(kChunk, std::memory_order_relaxed));
    return {begin, std::min(n_, begin + kChunk)};
  }

 private:
  static constexpr size_t kChunk = 2 * kGatesAtOnce;
  const size_t n_;
  std::atomic<size_t> next_{0};
};

// What `layer_backward` works in, numbers a thread: two pins' gradients and an output's of each gate
// in the cache.
size_t scratch_size(const LearnedStack& stack) {
  return 3 * kGatesInCache * stack.n_words() * kWord;
}

// Gradients of the weights and logits of the gates that `chunks` gives, whose output gradients go to
// `rows` where the layer below needs them and they are not there yet.
void layer_backward(const LearnedStack& stack, const LearnedLayer& layer, const LearnedGates& gates,
                    const Upstream& from, Chunks& chunks, float* scratch, float* rows) {
  const LearnedKernels& kernels = *stack.kernels;
  const size_t row = stack.n_words() * kWord;
  float *own = scratch + 2 * kGatesInCache * row, statistics[4 * kGatesAtOnce];
  for (Part part = chunks.take(); part.begin < part.end; part = chunks.take())
    for (size_t first = part.begin; first < part.end; first += kGatesAtOnce) {
      const size_t last = std::min(part.end, first + kGatesAtOnce);
      for (size_t begin = first; begin < last; begin += kGatesInCache) {
        const size_t count = std::min(kGatesInCache, last - begin);
        const float* grads[kGatesInCache];
        for (size_t i = 0; i < count; ++i)
          grads[i] =
              row_of(stack, from, begin + i, rows ? rows + (begin + i) * row : own + i * row);
        kernels.backward(gates, grads, begin, count, scratch, statistics + 4 * (begin - first),
                         layer.grad_logits);
      }
      if (layer.grad_weight)
        convert_back<float>(*stack.parametrizations, layer,
                            layer.weight + first * parameters(layer), statistics, last - first,
                            layer.grad_weight + first * parameters(layer));
      for (size_t pin = 0; layer.grad_logits && pin < 2; ++pin)
        kernels.softmax(layer.logits, pin * layer.n + first, pin * layer.n + last, layer.k,
                        layer.grad_logits);
    }
}

void input_gradient(const LearnedStack& stack, const Upstream& from, Part features, float* scratch,
                    float* grad_x) {
  const size_t row = stack.n_words() * kWord;
  const bool whole = stack.batch == row;
  for (size_t f = features.begin; f < features.end; ++f) {
    float* to = whole ? grad_x + f * row : scratch;
    row_of(stack, from, f, to);
    if (!whole) std::memcpy(grad_x + f * stack.batch, to, stack.batch * sizeof(float));
  }
}

}  // namespace

bool learned_forward(const LearnedStack& stack, const LearnedInput& x, const LearnedKept& kept,
                     float* out) {
  const std::vector<Parts> parts = parts_of(stack, kept);
  std::vector<char> exact(stack.threads);
  // The first layer of each thread with a wire that is not there.
  std::vector<size_t> wrong(stack.threads, parts.size());
  parallel(stack.threads, [&](size_t thread) {
    for (size_t l = 0; l < parts.size(); ++l) {
      const LearnedLayer& layer = stack.layers[l];
      const Part pins = part_of(2 * layer.n, thread, stack.threads);
      if (!choose_wires(stack, layer, pins, parts[l].wires))
        wrong[thread] = std::min(wrong[thread], l);
      const auto [begin, end] = part_of(layer.n, thread, stack.threads);
      convert<float>(*stack.parametrizations, layer, layer.weight + begin * parameters(layer),
                     end - begin, parts[l].soft + 4 * begin,
                     layer.straight_through ? parts[l].forward + 4 * begin : nullptr);
    }
    Part own = blocks_of(stack.layers[0].n_in, thread, stack.threads);
    exact[thread] = pack(*stack.kernels, x, own, stack.batch, kept.bits);
  });
  if (const size_t l = *std::min_element(wrong.begin(), wrong.end()); l < parts.size())
    refuse(stack.layers[l].candidates ? "a pin has a candidate" : "a gate reads a wire",
           stack.layers[l].n_in);
  if (!std::all_of(exact.begin(), exact.end(), [](char e) { return e; })) return false;
  for (size_t l = 0; l < parts.size(); ++l) {
    const LearnedLayer& layer = stack.layers[l];
    const LearnedGates gates = gates_of(stack, layer, parts[l], parts[l].forward);
    const bool last = l + 1 == parts.size();
    if (last && stack.n_groups) {
      sum_groups(stack, gates, out);
      break;
    }
    parallel(stack.threads, [&](size_t thread) {
      auto [begin, end] = part_of(layer.n, thread, stack.threads);
      if (last)
        stack.kernels->values(gates, begin, end, stack.batch, out);
      else
        stack.kernels->bits(gates, begin, end, stack.batch, parts[l + 1].bits);
    });
  }
  return true;
}

void learned_backward(const LearnedStack& stack, const LearnedKept& kept,
                      const LearnedInput& grad_out, float* grad_x) {
  const std::vector<Parts> parts = parts_of(stack, kept);
  const size_t row = stack.n_words() * kWord;
  const OutputGrad output(stack, grad_out);
  // Threads find their memory there: none of them may be the first to hear that there is no more.
  const size_t room = scratch_size(stack);
  Buffer<float> scratch(stack.threads * room);
  Upstream from{output.get(), nullptr, {}, 1.0f};
  Readers readers{};
  // Of the layer above, whose gradients and readers the layer below gathers from.
  std::unique_ptr<ReaderLists> lists;
  std::unique_ptr<Buffer<float>> rows;
  for (size_t l = parts.size(); l-- > 0;) {
    const LearnedLayer& layer = stack.layers[l];
    const LearnedGates gates = gates_of(stack, layer, parts[l], parts[l].soft);
    const bool wanted = l > 0 || grad_x;
    std::unique_ptr<Buffer<float>> own;
    if (wanted && from.readers) own = std::make_unique<Buffer<float>>(layer.n * row);
    auto next = wanted ? std::make_unique<ReaderLists>(layer) : nullptr;
    Chunks chunks(layer.n);
    parallel(stack.threads, [&](size_t thread) {
      // The last thread: the others begin with gates meanwhile.
      if (wanted && thread + 1 == stack.threads) next->fill(layer, parts[l].wires);
      layer_backward(stack, layer, gates, from, chunks, scratch.data() + thread * room,
                     own ? own->data() : nullptr);
    });
    if (!wanted) return;
    if (own) rows = std::move(own);
    lists = std::move(next);
    readers = lists->get();
    from = {rows ? GradRows{rows->data(), nullptr} : from.grad, &readers, gates, layer.grad_factor};
  }
  parallel(stack.threads, [&](size_t thread) {
    input_gradient(stack, from, part_of(stack.layers[0].n_in, thread, stack.threads),
                   scratch.data() + thread * room, grad_x);
  });
}

}  // namespace gategrad::train
