#include "passes/sweep.h"

#include <algorithm>
#include <bit>

#include "passes/gate.h"

namespace gategrad::passes {
namespace {

using namespace table;

std::vector<Literal> source_literals(const CircuitView& circuit) {
  size_t first_gate = size_t{2} + circuit.n_inputs;
  std::vector<Literal> literal;
  literal.reserve(first_gate + circuit.n_gates);
  literal.push_back({0, false});
  literal.push_back({0, true});
  for (size_t s = 2; s < first_gate; ++s) literal.push_back({static_cast<uint32_t>(s), false});
  return literal;
}

// Gate g over the signals behind its operands' literals, without operands it does not need.
Gate resolve(const CircuitView& circuit, size_t g, const std::vector<Literal>& literal) {
  const uint32_t* fanin = circuit.fanin + g * circuit.width;
  Gate gate{0, static_cast<int>(circuit.width), {}};
  while (gate.arity > 0 && fanin[gate.arity - 1] == 0) --gate.arity;
  gate.table = spread(circuit.table[g], gate.arity);
  for (int j = 0; j < gate.arity; ++j) {
    Literal pin = literal[fanin[j]];
    gate.operand[j] = pin.signal;
    if (pin.inverted) gate.table = flip(gate.table, j);
    if (pin.signal == 0) gate.table = cofactor0(gate.table, j);
  }
  merge_equal_operands(gate);
  drop_unread_operands(gate);
  return gate;
}

// A gate of at most one operand as a literal.
Literal trivial(const Gate& gate) {
  return {gate.arity ? gate.operand[0] : 0, (gate.table & 1) != 0};
}

// The new circuit while it grows.
class Builder {
 public:
  explicit Builder(const CircuitView& circuit)
      : first_gate_(2 + circuit.n_inputs), width_(circuit.width) {
    out.fanin.reserve(circuit.n_gates * width_);
    out.table.reserve(circuit.n_gates);
    out.literal = source_literals(circuit);
  }

  uint32_t append(const Gate& gate) {
    size_t row = out.fanin.size();
    out.fanin.resize(row + width_, 0);
    std::copy_n(gate.operand, gate.arity, out.fanin.begin() + row);
    out.table.push_back(shrink(gate.table, gate.arity));
    return signal_of(out.table.size() - 1);
  }

  // Reads the two-operand `gate` through the two-operand gates that drive it, where the function
  // of what drives those needs at most two operands again. The new operands are older ones.
  bool look_through(Gate& gate) const {
    uint32_t low = gate.operand[0], high = gate.operand[1];
    if (!is_pair(high)) return false;
    Gate above = this->gate(high - first_gate_), cut{0, 0, {}};
    bool shared = low == above.operand[0] || low == above.operand[1];
    uint64_t a = shared ? leaf(cut, low) : value(cut, low);
    uint64_t b = value(cut, high);
    cut.table = select(gate.table, a, b);
    drop_unread_operands(cut);
    if (cut.arity > 2) return false;
    sort_operands(cut);
    gate = cut;
    return true;
  }

  Swept out;

 protected:
  uint32_t signal_of(size_t g) const { return static_cast<uint32_t>(first_gate_ + g); }

  // A gate of the new circuit.
  Gate gate(size_t g) const {
    const uint32_t* pins = out.fanin.data() + g * width_;
    Gate gate{0, 0, {}};
    for (size_t j = 0; j < width_ && pins[j] != 0; ++j) gate.operand[gate.arity++] = pins[j];
    gate.table = spread(out.table[g], gate.arity);
    return gate;
  }

 private:
  bool is_pair(uint32_t signal) const {
    return signal >= first_gate_ &&
           (width_ == 2 || out.fanin[(signal - first_gate_) * width_ + 2] == 0);
  }

  // The two-operand function `t` of two functions.
  static uint64_t select(uint64_t t, uint64_t a, uint64_t b) {
    uint64_t result = 0;
    if (t & 1) result |= ~a & ~b;
    if (t & 2) result |= a & ~b;
    if (t & 4) result |= ~a & b;
    if (t & 8) result |= a & b;
    return result;
  }

  // `signal` as a function of the operands of `cut`, of which it becomes one.
  static uint64_t leaf(Gate& cut, uint32_t signal) {
    int j = 0;
    while (j < cut.arity && cut.operand[j] != signal) ++j;
    if (j == cut.arity) cut.operand[cut.arity++] = signal;
    return ~kLow[j];
  }

  uint64_t value(Gate& cut, uint32_t signal) const {
    if (!is_pair(signal)) return leaf(cut, signal);
    Gate driver = this->gate(signal - first_gate_);
    uint64_t a = leaf(cut, driver.operand[0]), b = leaf(cut, driver.operand[1]);
    return select(driver.table, a, b);
  }

  size_t first_gate_;
  size_t width_;
};

// A Builder that finds the gates it has: open addressing, gate number + 1 or 0 for a free slot.
class HashingBuilder : public Builder {
 public:
  explicit HashingBuilder(const CircuitView& circuit)
      : Builder(circuit), slots_(std::bit_ceil(2 * circuit.n_gates + 2), 0) {}

  uint32_t find_or_append(const Gate& gate) {
    Gate key = gate;
    sort_operands(key);
    size_t slot = hash(key) & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
      if (is_same(key, slots_[slot] - 1)) return signal_of(slots_[slot] - 1);
    slots_[slot] = static_cast<uint32_t>(out.table.size() + 1);
    return append(gate);
  }

 private:
  static size_t hash(const Gate& key) {
    uint64_t h = key.table;
    for (int j = 0; j < key.arity; ++j) {
      h = (h ^ key.operand[j]) * 0x9E3779B97F4A7C15ull;  // 2^64 / golden ratio
      h ^= h >> 32;
    }
    return h;
  }

  bool is_same(const Gate& key, size_t g) const {
    Gate other = gate(g);
    sort_operands(other);
    return other.arity == key.arity && other.table == key.table &&
           std::equal(key.operand, key.operand + key.arity, other.operand);
  }

  std::vector<uint32_t> slots_;
};

}  // namespace

Swept fold(const CircuitView& circuit) {
  Builder builder(circuit);
  auto& literal = builder.out.literal;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    literal.push_back(gate.arity < 2 ? trivial(gate) : Literal{builder.append(gate), false});
  }
  return std::move(builder.out);
}

Swept strash(const CircuitView& circuit) {
  HashingBuilder builder(circuit);
  auto& literal = builder.out.literal;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    if (gate.arity == 2) sort_operands(gate);
    while (gate.arity == 2 && builder.look_through(gate)) {
    }
    if (gate.arity < 2) {
      literal.push_back(trivial(gate));
      continue;
    }
    bool inverted = gate.table & 1;
    if (inverted) gate.table = ~gate.table;
    literal.push_back({builder.find_or_append(gate), inverted});
  }
  return std::move(builder.out);
}

std::vector<Literal> literals(const CircuitView& circuit) {
  std::vector<Literal> literal = source_literals(circuit);
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    Literal own{static_cast<uint32_t>(size_t{2} + circuit.n_inputs + g), false};
    literal.push_back(gate.arity < 2 ? trivial(gate) : own);
  }
  return literal;
}

}  // namespace gategrad::passes
