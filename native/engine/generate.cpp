#include "engine/generate.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "engine/assembler.h"
#include "engine/cones.h"
#include "engine/order.h"
#include "engine/residence.h"

namespace gategrad {
namespace {

constexpr Base kBases[] = {kRax, kR8, kR9, kR10, kR11, kRbx, kRbp, kR13, kR14, kR15};
constexpr Base kSaved[] = {kRbx, kRbp, kR13, kR14, kR15};  // that a function must give back as they were
// Slots that one base register reaches with an offset of one byte.
constexpr int32_t kReach = 256;
constexpr int kNone = -1;
// Beyond them, code comes from memory more slowly than the shorter runs of gates.
constexpr size_t kMostGates = 500'000;
// Gates for each line of the next block's rows that is fetched.
constexpr size_t kGatesALine = 4;
// Levels of a counter whose items stay in registers: two each, beside those of a cone.
constexpr size_t kLevelsInRegisters = 9;
// For the items of all levels above these; a sum has 32 bits.
constexpr uint32_t kSpillSlots = 2 * (32 - kLevelsInRegisters);
// x ^ y ^ z; the majority of x, y and z from z, y and that parity; the complement of the last.
constexpr uint8_t kParity = 0x96, kMajority = 0xD4, kNotLast = 0x55;

Address slot_address(uint32_t slot) {
  const auto at = static_cast<int32_t>(slot);
  const size_t base = slot / kReach;
  if (base >= std::size(kBases)) return {kRdi, at};
  return {kBases[base], at - static_cast<int32_t>(base) * kReach - kReach / 2};
}

// Truth table of an operation: bit a + 2 b.
uint8_t table_of(Op op) {
  switch (op) {
    case Op::kAnd: return 0x8;
    case Op::kOr: return 0xE;
    case Op::kXor: return 0x6;
    case Op::kXnor: return 0x9;
    case Op::kNand: return 0x7;
    case Op::kNor: return 0x1;
    case Op::kAndNot: return 0x2;
    case Op::kOrNot: return 0xB;
    default: return 0x5;
  }
}

// The ternary table whose first two operands are x and whose third is y.
uint8_t ternary_table(uint8_t t) {
  return static_cast<uint8_t>((t & 1) | (t >> 2 & 1) << 1 | (t >> 1 & 1) << 6 | (t >> 3 & 1) << 7);
}

uint8_t with_x_inverted(uint8_t t) { return static_cast<uint8_t>((t & 5) << 1 | (t & 10) >> 1); }
uint8_t with_y_inverted(uint8_t t) { return static_cast<uint8_t>((t & 3) << 2 | (t & 12) >> 2); }
uint8_t exchanged(uint8_t t) {
  return static_cast<uint8_t>((t & 9) | (t & 2) << 1 | (t & 4) >> 1);
}

class Generator {
 public:
  Generator(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& slot,
            uint32_t first_spill)
      : net_(net), cones_(cones), slot_(slot), first_spill_(first_spill) {}

  std::vector<uint8_t> run(const Program& program) {
    asm_.begin();
    for (Base base : kSaved) asm_.push(base);
    for (size_t i = 0; i < std::size(kBases); ++i)
      asm_.point(kBases[i], static_cast<int32_t>(i) * kReach + kReach / 2);
    for (uint32_t signal : cones_.order) {
      int value = evaluate(signal, false);
      asm_.store(slot_address(slot_[signal]), value);
      give_back(value);
    }
    for (size_t c = 0; c < program.classes.size(); ++c) add_class(program, c);
    for (size_t i = std::size(kSaved); i-- > 0;) asm_.pop(kSaved[i]);
    asm_.end();
    return std::move(asm_.code);
  }

  size_t n_fetches() const { return gates_ / kGatesALine; }

 private:
  int take() {
    const int found = __builtin_ctz(free_);
    free_ &= free_ - 1;
    return found;
  }

  void give_back(int value) {
    if (value != kNone) free_ |= uint32_t{1} << value;
  }

  // An operand behind the inverters that are evaluated with it.
  struct Operand {
    uint32_t signal;
    bool inverted;
  };

  Operand behind_inverters(uint32_t signal) const {
    bool inverted = false;
    while (!cones_.stored[signal] && node(signal).op == Op::kNot) {
      inverted = !inverted;
      signal = node(signal).a;
    }
    return {signal, inverted};
  }

  const Netlist::Node& node(uint32_t signal) const { return net_.nodes[signal - net_.first_gate]; }

  // The value of a signal, complemented or not, in a register that becomes the caller's.
  int value(uint32_t signal, bool complement) {
    Operand operand = behind_inverters(signal);
    if (!cones_.stored[operand.signal])
      return evaluate(operand.signal, complement != operand.inverted);
    return load(operand.signal, complement != operand.inverted);
  }

  int load(uint32_t signal, bool complement) {
    const int to = take();
    if (complement)
      asm_.ternary(to, to, slot_address(slot_[signal]), kNotLast);
    else
      asm_.load(to, slot_address(slot_[signal]));
    return to;
  }

  // The gate itself, whether it is stored or not.
  int evaluate(uint32_t signal, bool complement) {
    const Netlist::Node& gate = node(signal);
    if (gate.op == Op::kNot) return value(gate.a, !complement);
    if (++gates_ % kGatesALine == 0) asm_.prefetch();
    uint8_t t = table_of(gate.op);
    if (complement) t ^= 0xF;
    Operand x = behind_inverters(gate.a), y = behind_inverters(gate.b);
    if (x.inverted) t = with_x_inverted(t);
    if (y.inverted) t = with_y_inverted(t);
    if (cones_.stored[x.signal] ? !cones_.stored[y.signal]
                                : cones_.registers[x.signal] < cones_.registers[y.signal] &&
                                      !cones_.stored[y.signal]) {
      std::swap(x, y);
      t = exchanged(t);
    }
    // x is the operand that takes more registers; y is in memory if one of them is.
    const int out = cones_.stored[x.signal] ? load(x.signal, false) : evaluate(x.signal, false);
    if (cones_.stored[y.signal]) {
      asm_.ternary(out, out, slot_address(slot_[y.signal]), ternary_table(t));
    } else {
      const int other = evaluate(y.signal, false);
      asm_.ternary(out, out, other, ternary_table(t));
      give_back(other);
    }
    return out;
  }

  // Adds three values: the sum stays in x, and the carry, which is returned, in z. y is used up.
  int full_add(int x, int y, int z) {
    asm_.ternary(x, y, z, kParity);
    asm_.ternary(z, y, x, kMajority);
    give_back(y);
    return z;
  }

  // Sum and carry of two values, of which either may be absent, which is zero.
  std::pair<int, int> half_add(int x, int y) {
    if (x == kNone) return {y, kNone};
    if (y == kNone) return {x, kNone};
    const int carry = take();
    asm_.copy(carry, x);
    asm_.ternary(carry, carry, y, ternary_table(0x8));
    asm_.ternary(x, x, y, ternary_table(0x6));
    give_back(y);
    return {x, carry};
  }

  // Up to two values of each weight wait for a third one.
  struct Level {
    std::array<int, 2> item{kNone, kNone};
    int count = 0;
  };

  int read(const Level& level, size_t k, int i) {
    if (k < kLevelsInRegisters) return level.item[static_cast<size_t>(i)];
    const int to = take();
    asm_.load(to, spill_address(k, i));
    return to;
  }

  void write(Level& level, size_t k, int i, int value) {
    level.item[static_cast<size_t>(i)] = value;
    if (k < kLevelsInRegisters) return;
    asm_.store(spill_address(k, i), value);
    give_back(value);
  }

  Address spill_address(size_t k, int i) const {
    return slot_address(first_spill_ + 2 * static_cast<uint32_t>(k - kLevelsInRegisters) +
                        static_cast<uint32_t>(i));
  }

  void insert(std::vector<Level>& levels, size_t k, int value) {
    for (; k < levels.size(); ++k) {
      Level& level = levels[k];
      if (level.count < 2) {
        write(level, k, level.count++, value);
        return;
      }
      const int x = read(level, k, 0), y = read(level, k, 1);
      const int carry = full_add(x, y, value);
      write(level, k, 0, x);
      level.count = 1;
      value = carry;
    }
    give_back(value);
  }

  void add_class(const Program& program, size_t c) {
    const ClassSum& sum = program.classes[c];
    std::vector<Level> levels(program.n_planes);
    const uint32_t* entry = program.entries.data() + sum.first_entry;
    for (uint32_t j = 0; j < sum.n_columns; ++j) {
      const Column& column = program.columns[sum.first_column + j];
      for (uint32_t i = 0; i < column.count; ++i)
      {
            insert(levels, column.column, value(*entry++, column.inverted != 0));
      }
    }
    int carry = kNone, bias_carry = kNone;
    for (uint32_t k = 0; k < program.n_planes; ++k) {
      int total = carry;
      carry = kNone;
      if (levels[k].count == 2) {
        const int x = read(levels[k], k, 0), y = read(levels[k], k, 1);
        if (total == kNone) {
          std::tie(total, carry) = half_add(x, y);
        } else {
          carry = full_add(x, y, total);
          total = x;
        }
      } else if (levels[k].count == 1) {
        std::tie(total, carry) = half_add(read(levels[k], k, 0), total);
      }
      store_plane({kRsi, static_cast<int32_t>(c * program.n_planes + k)}, total, &bias_carry,
                  sum.bias >> std::min<uint32_t>(k, 31) & 1);
    }
    give_back(carry);
    give_back(bias_carry);
  }

  // total + bias + carry, of which the sum is stored and the carry is left for the next plane.
  void store_plane(Address to, int total, int* carry, bool bias) {
    if (bias) {
      // The sum is the complement of total ^ carry, and the carry their or.
      if (total == kNone) std::swap(total, *carry);
      int out = take();
      if (total == kNone) {
        asm_.ternary(out, out, out, 0xFF);
      } else if (*carry == kNone) {
        asm_.ternary(out, out, total, kNotLast);
        *carry = total;
      } else {
        asm_.copy(out, total);
        asm_.ternary(out, out, *carry, ternary_table(0x9));
        asm_.ternary(*carry, *carry, total, ternary_table(0xE));
        give_back(total);
      }
      asm_.store(to, out);
      give_back(out);
      return;
    }
    auto [out, next] = half_add(total, *carry);
    *carry = next;
    if (out == kNone) {
      out = take();
      asm_.ternary(out, out, out, 0x00);
    }
    asm_.store(to, out);
    give_back(out);
  }

  const Netlist& net_;
  const Cones& cones_;
  const std::vector<uint32_t>& slot_;
  uint32_t first_spill_;
  Assembler asm_;
  uint32_t free_ = UINT32_MAX;
  size_t gates_ = 0;
};

}  // namespace

void generate(const Netlist& net, const std::vector<uint32_t>& roots, Program& program) {
  Cones cones = find_cones(net, roots);
  if (cones.n_gates > kMostGates) return;
  cones.order = order_for_cache(net, cones);
  Residence residence = assign_slots(net, cones, roots);
  Generator generator(net, cones, residence.slot, residence.n_slots);
  const std::vector<uint8_t> code = generator.run(program);
  program.code = Code::make(code, generator.n_fetches());
  if (!program.code) return;
  for (uint32_t s = 2; s < net.first_gate; ++s) {
    if (residence.slot[s] == kNoSlot) continue;
    program.input.push_back(s - 2);
    program.input_slot.push_back(residence.slot[s]);
  }
  program.n_gates = cones.n_gates;
  program.n_slots = residence.n_slots + kSpillSlots;
}

}  // namespace gategrad
