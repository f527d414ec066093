#include "passes/sweep.h"

#include <algorithm>
#include <bit>

#include "circuit/keyed_hash.h"
#include "passes/gate.h"

namespace gategrad::passes {
namespace {

using namespace table;

// Steps through drivers that a gate has on average; trained circuits take less than two.
constexpr uint64_t kStepsPerGate = 16;

// Gate g over the signals behind its operands' literals, without operands it does not need.
Gate resolve(const GatesView& circuit, size_t g, const Literals& literal) {
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
  explicit Builder(const GatesView& circuit)
      : out(circuit), first_gate_(circuit.first_gate()), width_(circuit.width) {
    out.fanin.reserve(circuit.n_gates * width_);
    out.table.reserve(circuit.n_gates);
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
  explicit HashingBuilder(const GatesView& circuit)
      : Builder(circuit), slots_(std::bit_ceil(2 * circuit.n_gates + 2), 0) {}

  uint32_t find_or_append(const Gate& gate) {
    Gate key = gate;
    sort_operands(key);
    size_t slot = hash(key) & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      ++out.steps;
      if (is_same(key, slots_[slot] - 1)) return signal_of(slots_[slot] - 1);
    }
    slots_[slot] = static_cast<uint32_t>(out.table.size() + 1);
    return append(gate);
  }

 private:
  static size_t hash(const Gate& key) {
    KeyedHash hash(HashKey::own());
    hash.add(key.table);
    for (int j = 0; j < key.arity; j += 2)
      hash.add(key.operand[j] | uint64_t{j + 1 < key.arity ? key.operand[j + 1] : 0} << 32);
    return static_cast<size_t>(hash.finish());
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

Swept fold(const GatesView& circuit) {
  Builder builder(circuit);
  auto& literal = builder.out.literal;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    literal.push_back(gate.arity < 2 ? trivial(gate) : Literal{builder.append(gate), false});
  }
  return std::move(builder.out);
}

Swept strash(const GatesView& circuit) {
  HashingBuilder builder(circuit);
  uint64_t budget = kStepsPerGate * circuit.n_gates;
  auto& literal = builder.out.literal;
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    if (gate.arity == 2) sort_operands(gate);
    while (gate.arity == 2 && budget > 0 && builder.look_through(gate)) {
      --budget;
      ++builder.out.steps;
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

Literals literals(const GatesView& circuit) {
  Literals literal(circuit);
  for (size_t g = 0; g < circuit.n_gates; ++g) {
    Gate gate = resolve(circuit, g, literal);
    Literal own{static_cast<uint32_t>(circuit.first_gate() + g), false};
    literal.push_back(gate.arity < 2 ? trivial(gate) : own);
  }
  return literal;
}

}  // namespace gategrad::passes
