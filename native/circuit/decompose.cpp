#include "circuit/decompose.h"

#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "circuit/table.h"

namespace gategrad {
namespace {

using namespace table;

struct Literal {
  uint32_t signal;
  bool inverted;
};

int support(uint64_t t, int* operands) {
  int n = 0;
  for (int j = 0; j < 6; ++j)
    if (depends(t, j)) operands[n++] = j;
  return n;
}

bool constant(uint64_t t) { return t == 0 || t == ~uint64_t{0}; }

// Gates that join the cofactors of one expansion step.
int step_cost(uint64_t f0, uint64_t f1) {
  return (constant(f0) || constant(f1) || f0 == ~f1) ? 1 : 3;
}

class Decomposer {
 public:
  explicit Decomposer(uint32_t n_inputs) : first_gate_(2 + n_inputs) {}

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
    if (n == 0) return emit(t & 1, 0, 0);
    if (n == 1) return emit((t & 1) ? 1 : 2, signals[operands[0]], 0);
    return build(t);
  }

  uint32_t emit(uint64_t t, uint32_t a, uint32_t b) {
    out.fanin.push_back(a);
    out.fanin.push_back(b);
    out.table.push_back(t);
    size_t signal = first_gate_ + out.table.size() - 1;
    if (signal > UINT32_MAX) throw std::length_error("more than 2**32 signals after decomposition");
    return static_cast<uint32_t>(signal);
  }

  NarrowCircuit out;

 private:
  // A gate over two literals: `t` is its table over the plain signals of the literals' values.
  uint32_t emit(uint64_t t, Literal a, Literal b) {
    uint64_t full = spread(t, 2);
    if (a.inverted) full = flip(full, 0);
    if (b.inverted) full = flip(full, 1);
    return emit(shrink(full, 2), a.signal, b.signal);
  }

  // Cheapest expansion of t: gates needed, and the operand to expand.
  std::pair<int, int> plan(uint64_t t) {
    int operands[6];
    int n = support(t, operands);
    if (n < 3) return {n == 2, -1};
    uint64_t key = (t & 1) ? ~t : t;
    if (auto found = plans_.find(key); found != plans_.end()) return found->second;
    std::pair<int, int> best{1 << 30, -1};
    for (int i = n - 1; i >= 0; --i) {
      uint64_t f0 = cofactor0(key, operands[i]), f1 = cofactor1(key, operands[i]);
      int cost = plan(f0).first + (f0 == ~f1 ? 0 : plan(f1).first) + step_cost(f0, f1);
      if (cost < best.first) best = {cost, operands[i]};
    }
    plans_.emplace(key, best);
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
    if (support(t, operands) == 2) {
      uint64_t u = t;
      u = exchange(u, 0, operands[0]);
      u = exchange(u, 1, operands[1]);
      return emit(shrink(u, 2), signals_[operands[0]], signals_[operands[1]]);
    }
    int v = plan(t).second;
    uint64_t f0 = cofactor0(t, v), f1 = cofactor1(t, v);
    Literal pin{signals_[v], false};
    if (f0 == ~f1) return emit(0x6, literal(f0), pin);
    if (constant(f0)) return emit(f0 ? 0xB : 0x8, literal(f1), pin);
    if (constant(f1)) return emit(f1 ? 0xE : 0x2, literal(f0), pin);
    Literal low = literal(f0), high = literal(f1);
    uint32_t on_true = emit(0x8, high, pin);
    uint32_t on_false = emit(0x2, low, pin);
    return emit(0xE, on_true, on_false);
  }

  size_t first_gate_;
  const uint32_t* signals_ = nullptr;
  std::unordered_map<uint64_t, uint32_t> built_;
  std::unordered_map<uint64_t, std::pair<int, int>> plans_;
};

}  // namespace

NarrowCircuit decompose(uint32_t n_inputs, const uint32_t* fanin, const uint64_t* table,
                        size_t n_gates, size_t width, const uint32_t* outputs, size_t n_outputs) {
  Decomposer decomposer(n_inputs);
  size_t first_gate = size_t{2} + n_inputs;
  std::vector<uint32_t> renamed(n_gates);
  auto rename = [&](uint32_t s) { return s < first_gate ? s : renamed[s - first_gate]; };
  for (size_t g = 0; g < n_gates; ++g) {
    uint32_t signals[6] = {};
    int arity = 0;
    for (size_t j = 0; j < width; ++j) {
      uint32_t s = fanin[g * width + j];
      signals[j] = rename(s);
      if (s != 0) arity = static_cast<int>(j) + 1;
    }
    renamed[g] = arity <= 2 ? decomposer.emit(table[g], signals[0], signals[1])
                            : decomposer.add_root(spread(table[g], arity), signals);
  }
  NarrowCircuit result = std::move(decomposer.out);
  result.outputs.resize(n_outputs);
  for (size_t i = 0; i < n_outputs; ++i) result.outputs[i] = rename(outputs[i]);
  return result;
}

}  // namespace gategrad
