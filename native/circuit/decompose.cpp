#include "circuit/decompose.h"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "circuit/keyed_hash.h"
#include "circuit/small_plans.h"
#include "circuit/step_cost.h"
#include "circuit/table.h"

namespace gategrad {
namespace {

using namespace table;

struct Literal {
  uint32_t signal;
  bool inverted;
};

class Decomposer {
 public:
  Decomposer(size_t first_gate, int width)
      : first_gate_(first_gate), width_(width), small_(SmallPlans::of(width)) {}

  // Adds the gate `t` (full) over `signals`, with its polarity; returns its signal.
  uint32_t add_root(uint64_t t, const uint32_t* signals) {
    for (int j = 0; j < 6; ++j) {
      if (signals[j] == 0) t = cofactor0(t, j);
      if (signals[j] == 1) t = cofactor1(t, j);
    }
    signals_ = signals;
    built_.clear();
    int operands[6];
    int n = support(t, operands);
    if (n == 0) return emit(t & 1, {});
    if (n == 1) return emit((t & 1) ? 1 : 2, {signals[operands[0]]});
    return build(t);
  }

  // A gate as it is: `t` has no bits beyond its operands, of which there are at most `width`.
  uint32_t emit(uint64_t t, std::initializer_list<uint32_t> operands) {
    return emit(t, operands.begin(), operands.size());
  }

  uint32_t emit(uint64_t t, const uint32_t* operands, size_t n) {
    size_t row = out.fanin.size();
    out.fanin.resize(row + static_cast<size_t>(width_), 0);
    std::copy_n(operands, n, out.fanin.begin() + static_cast<ptrdiff_t>(row));
    out.table.push_back(t);
    size_t signal = first_gate_ + out.table.size() - 1;
    if (signal > UINT32_MAX) throw std::length_error("more than 2**32 signals after decomposition");
    return static_cast<uint32_t>(signal);
  }

  NarrowCircuit out;

 private:
  // Plans of functions of five and six operands that are kept; whoever writes a circuit has no end
  // of them.
  static constexpr size_t kMostPlans = size_t{1} << 18;

  // `t` with the n operands it depends on moved to the front.
  static uint64_t gathered(uint64_t t, const int* operands, int n) {
    for (int j = 0; j < n; ++j) t = exchange(t, j, operands[j]);
    return t;
  }

  // A gate over two literals: `t` is its table over the plain signals of the literals' values.
  uint32_t emit(uint64_t t, Literal a, Literal b) {
    uint64_t full = spread(t, 2);
    if (a.inverted) full = flip(full, 0);
    if (b.inverted) full = flip(full, 1);
    return emit(shrink(full, 2), {a.signal, b.signal});
  }

  // Cheapest expansion of t: gates needed, and the operand to expand.
  std::pair<int, int> plan(uint64_t t) {
    int operands[6];
    int n = support(t, operands);
    if (n <= width_) return {n >= 2, -1};
    if (n <= 4) {
      uint64_t four = gathered(t, operands, n);
      return {small_.gates(four), operands[small_.operand(four)]};
    }
    uint64_t key = (t & 1) ? ~t : t;
    if (auto found = plans_.find(key); found != plans_.end()) return found->second;
    std::pair<int, int> best{1 << 30, -1};
    for (int i = n - 1; i >= 0; --i) {
      uint64_t f0 = cofactor0(key, operands[i]), f1 = cofactor1(key, operands[i]);
      int cost = plan(f0).first + (f0 == ~f1 ? 0 : plan(f1).first) + step_cost(f0, f1, width_);
      if (cost < best.first) best = {cost, operands[i]};
    }
    if (plans_.size() < kMostPlans) plans_.emplace(key, best);
    return best;
  }

  // The literal of a cofactor within the present gate, built once for both polarities.
  Literal literal(uint64_t t) {
    bool inverted = t & 1;
    uint64_t key = inverted ? ~t : t;
    int operands[6];
    if (support(key, operands) == 1) return {signals_[operands[0]], inverted};
    auto found = built_.find(key);
    if (found == built_.end()) found = built_.emplace(key, build(key)).first;
    return {found->second, inverted};
  }

  uint32_t build(uint64_t t) {
    int operands[6];
    int n = support(t, operands);
    if (n <= width_) return whole(t, operands, n);
    int v = plan(t).second;
    uint64_t f0 = cofactor0(t, v), f1 = cofactor1(t, v);
    Literal pin{signals_[v], false};
    if (f0 == ~f1) return emit(0x6, literal(f0), pin);
    if (constant(f0)) return emit(f0 ? 0xB : 0x8, literal(f1), pin);
    if (constant(f1)) return emit(f1 ? 0xE : 0x2, literal(f0), pin);
    Literal low = literal(f0), high = literal(f1);
    if (width_ > 2) return choose(low, high, pin.signal);
    uint32_t on_true = emit(0x8, high, pin);
    uint32_t on_false = emit(0x2, low, pin);
    return emit(0xE, {on_true, on_false});
  }

  // One gate over the n operands that t depends on.
  uint32_t whole(uint64_t t, const int* operands, int n) {
    uint32_t signals[6];
    for (int j = 0; j < n; ++j) signals[j] = signals_[operands[j]];
    return emit(shrink(gathered(t, operands, n), n), signals, static_cast<size_t>(n));
  }

  // `pin ? high : low` in one gate.
  uint32_t choose(Literal low, Literal high, uint32_t pin) {
    uint64_t full = spread(0xCA, 3);
    if (low.inverted) full = flip(full, 0);
    if (high.inverted) full = flip(full, 1);
    return emit(shrink(full, 3), {low.signal, high.signal, pin});
  }

  size_t first_gate_;
  int width_;
  const uint32_t* signals_ = nullptr;
  std::unordered_map<uint64_t, uint32_t, TableHash> built_;
  std::unordered_map<uint64_t, std::pair<int, int>, TableHash> plans_;
  const SmallPlans& small_;
};

}  // namespace

NarrowCircuit decompose(const GatesView& gates, const uint32_t* outputs, size_t n_outputs,
                        int width) {
  if (width < 2 || width > 6) throw std::invalid_argument("gates of 2 to 6 operands, please");
  size_t first_gate = gates.first_gate();
  Decomposer decomposer(first_gate, width);
  std::vector<uint32_t> renamed(gates.n_gates);
  auto rename = [&](uint32_t s) { return s < first_gate ? s : renamed[s - first_gate]; };
  for (size_t g = 0; g < gates.n_gates; ++g) {
    uint32_t signals[6] = {};
    int arity = 0;
    for (size_t j = 0; j < gates.width; ++j) {
      uint32_t s = gates.fanin[g * gates.width + j];
      signals[j] = rename(s);
      if (s != 0) arity = static_cast<int>(j) + 1;
    }
    renamed[g] = arity <= width
                     ? decomposer.emit(gates.table[g], signals, static_cast<size_t>(arity))
                     : decomposer.add_root(spread(gates.table[g], arity), signals);
  }
  NarrowCircuit result = std::move(decomposer.out);
  result.outputs.resize(n_outputs);
  for (size_t i = 0; i < n_outputs; ++i) result.outputs[i] = rename(outputs[i]);
  return result;
}

}  // namespace gategrad
