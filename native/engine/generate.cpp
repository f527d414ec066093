// The code that is made of a circuit, on a page.
//
// One function a circuit, straight down, without a branch but where AVX2 repeats a piece. It is
// called once a block of 512 rows, every slot being a vector of one bit a row:
//
//     void block(uint64_t* slots, uint64_t* planes, const uint8_t* next, size_t step)
//                rdi              rsi               rdx                  rcx
//
//     endbr64                            a place that indirect calls may enter
//     push rbx ...; lea rax, [rdi+8192]  AVX-512: ten registers, each amid 256 slots that an offset
//                                        of one byte reaches; rdi reaches others, by four bytes
//
//     ; One cone after the other, in the order of order.cpp. Gates with one reader stay in
//     ; registers (cones.cpp): here xor and its reader nand, whose other operand is in slot 3.
//     vmovdqa64  zmm0, [slot 7]          the operand that takes more registers comes first
//     vpternlog  zmm0, zmm0, [slot 9]    xor
//     vpternlog  zmm0, zmm0, [slot 3]    nand: with AVX-512 any function of two, inverters for free
//     vmovdqa64  [slot 7], zmm0          a slot is reused when its signal is dead (residence.cpp)
//     prefetcht1 [rdx]; add rdx, rcx     every few gates a line of the next block's rows
//
//     ; With AVX2: vpxor, vpand, vpor and vpandn only. What would take an inverter is computed as
//     ; its complement: `Value::inverted` remembers that, and what reads it takes another table.
//
//     ; Then class after class, its outputs are counted: level k of a counter holds up to two
//     ; values that are worth 2^k. A third one makes of them a sum, which stays, and a carry, which
//     ; goes to level k + 1 (`insert`). Low levels wait in registers, others in slots of their own
//     ; behind those of signals (`spill_address`).
//     vmovdqa64  zmm1, [slot 12] ...
//     vpternlog  zmm2, zmm1, zmm0, 96h   parity
//     vpternlog  zmm0, zmm1, zmm2, D4h   majority
//
//     ; At the end of a class its levels and its bias are added, ripple by ripple (`store_plane`):
//     ; bit k of the class's sums in two's complement goes to
//     vmovdqa64  [rsi + 64 * (class * planes + k)], zmm2
//
//     pop ... rbx; vzeroupper; ret
//
// AVX2: a vector is half a block, so that a piece of some kilobytes runs twice, first with the lower
// and then with the upper halves of all slots: `test dil, 32; jne piece` (Avx2Machine::cut). Nothing
// is in a register at a cut.
//
// Code for few rows, up to 128, is the same with vectors and slots of 16 bytes, which then stay in the
// first-level cache; it is made when such rows first come (few.h). It fetches nothing.
//
// Displacements are checked (Assembler::in_range): code with one out of range is thrown away. What
// code may be made of is limited in generate.h.
#include "engine/generate.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "engine/arrange.h"
#include "engine/cones.h"
#include "engine/machine_avx2.h"
#include "engine/machine_avx512.h"

namespace gategrad {
namespace {

constexpr size_t kMostLevels = 32;  // a sum has 32 bits
// Truth tables of two operands x and y: bit x + 2 y.
constexpr uint8_t kAndTable = 0x8, kOrTable = 0xE, kXorTable = 0x6, kXnorTable = 0x9;

uint8_t table_of(Op op) {
  switch (op) {
    case Op::kAnd: return kAndTable;
    case Op::kOr: return kOrTable;
    case Op::kXor: return kXorTable;
    case Op::kXnor: return kXnorTable;
    case Op::kNand: return 0x7;
    case Op::kNor: return 0x1;
    case Op::kAndNot: return 0x2;
    case Op::kOrNot: return 0xB;
    default: return 0x5;
  }
}

uint8_t with_x_inverted(uint8_t t) { return static_cast<uint8_t>((t & 5) << 1 | (t & 10) >> 1); }
uint8_t with_y_inverted(uint8_t t) { return static_cast<uint8_t>((t & 3) << 2 | (t & 12) >> 2); }
uint8_t exchanged(uint8_t t) { return static_cast<uint8_t>((t & 9) | (t & 2) << 1 | (t & 4) >> 1); }

// Up to two values of one weight wait for a third one.
struct Level {
  std::array<Value, 2> item;
  int count = 0;
};

// `Machine`: the instructions of one set, with their registers; see machine_*.h.
template <typename Machine>
class Generator {
 public:
  explicit Generator(const Arrangement& made)
      : made_(made), net_(made.net), cones_(made.cones), slot_(made.residence.slot),
        first_spill_(made.residence.n_slots), inverted_(cones_.stored.size(), 0),
        steps_a_line_(std::max(Machine::kStepsALine,
                               (cones_.n_gates + made.entries.size()) / Machine::kMostLines)) {}

  // The code of all gates, and of the classes and planes of `program`.
  std::vector<uint8_t> run(const Program& program) {
    machine_.enter();
    for (uint32_t signal : cones_.order) {
      const Value value = evaluate(signal, false);
      inverted_[signal] = value.inverted;
      machine_.store(slot_of(signal), value.reg);
      machine_.give_back(value.reg);
      if (machine_.full()) machine_.cut();
    }
    for (size_t c = 0; c < program.classes.size(); ++c) add_class(program, c);
    machine_.leave();
    return machine_.take_code();
  }

  bool in_range() const { return machine_.in_range(); }

  size_t n_fetches() const { return steps_ / steps_a_line_ * Machine::kPasses; }

 private:
  // A gate or an entry of a sum: lines of the next block's rows are fetched at an even pace.
  void step() {
    if (Machine::kFetches && ++steps_ % steps_a_line_ == 0) machine_.prefetch();
  }

  // An operand behind the inverters that are evaluated with it, and behind how it is stored.
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
    return {signal, inverted != (inverted_[signal] != 0)};
  }

  const Netlist::Node& node(uint32_t signal) const { return net_.nodes[signal - net_.first_gate]; }

  Address slot_of(uint32_t signal) const { return Machine::slot(slot_[signal]); }

  // The value of a signal, complemented or not, in a register that becomes the caller's.
  Value value(uint32_t signal, bool complement) {
    Operand operand = behind_inverters(signal);
    const bool inverted = complement != operand.inverted;
    if (!cones_.stored[operand.signal]) return evaluate(operand.signal, inverted);
    return machine_.load(slot_of(operand.signal), inverted);
  }

  // The gate itself, whether it is stored or not.
  Value evaluate(uint32_t signal, bool complement) {
    const Netlist::Node& gate = node(signal);
    if (gate.op == Op::kNot) return value(gate.a, !complement);
    step();
    uint8_t t = table_of(gate.op);
    if (complement) t ^= 0xF;
    Operand x = behind_inverters(gate.a), y = behind_inverters(gate.b);
    if (x.inverted) t = with_x_inverted(t);
    if (y.inverted) t = with_y_inverted(t);
    const bool x_stored = cones_.stored[x.signal], y_stored = cones_.stored[y.signal];
    if (x_stored && y_stored
            ? Machine::wants_exchange(t)
            : !y_stored && (x_stored || cones_.registers[x.signal] < cones_.registers[y.signal])) {
      std::swap(x, y);
      t = exchanged(t);
    }
    // x is the operand that takes more registers; y is in memory if one of them is.
    const Value out = cones_.stored[x.signal] ? machine_.load(slot_of(x.signal), false)
                                              : evaluate(x.signal, false);
    if (out.inverted) t = with_x_inverted(t);
    if (cones_.stored[y.signal]) return {out.reg, machine_.apply(out.reg, slot_of(y.signal), t)};
    const Value other = evaluate(y.signal, false);
    const Value result = combine(out, other, t);
    machine_.give_back(other.reg);
    return result;
  }

  // table(x, y) in the register of x, whose own `inverted` the table already knows.
  Value combine(Value x, Value y, uint8_t table) {
    return {x.reg, machine_.apply(x.reg, y.reg, y.inverted ? with_y_inverted(table) : table)};
  }

  // table(x, y) in the register of `to`.
  Value copy_combined(int to, Value x, Value y, uint8_t table) {
    machine_.copy(to, x.reg);
    return combine({to}, y, x.inverted ? with_x_inverted(table) : table);
  }

  // Sum and carry of two values, of which either may be absent, which is zero.
  std::pair<Value, Value> half_add(Value x, Value y) {
    if (x.reg == kNone) return {y, {}};
    if (y.reg == kNone) return {x, {}};
    const Value carry = copy_combined(machine_.take(), x, y, kAndTable);
    const Value sum = combine(x, y, x.inverted ? kXnorTable : kXorTable);
    machine_.give_back(y.reg);
    return {sum, carry};
  }

  static constexpr size_t kLevels = Machine::kLevelsInRegisters;

  Address spill_address(size_t k, size_t i) const {
    return Machine::slot(uint64_t{first_spill_} + 2 * k + i);
  }

  Value read(const Level& level, size_t k, size_t i) {
    if (k < kLevels) return level.item[i];
    return machine_.load(spill_address(k, i), level.item[i].inverted);
  }

  void write(Level& level, size_t k, size_t i, Value value) {
    level.item[i] = value;
    if (k >= kLevels) spill(k, i, value);
  }

  void spill(size_t k, size_t i, Value value) {
    machine_.store(spill_address(k, i), value.reg);
    machine_.give_back(value.reg);
  }

  void insert(std::vector<Level>& levels, size_t k, Value value) {
    for (; k < levels.size(); ++k) {
      Level& level = levels[k];
      if (level.count < 2) {
        write(level, k, static_cast<size_t>(level.count++), value);
        return;
      }
      const Value x = read(level, k, 0), y = read(level, k, 1);
      const auto [sum, carry] = machine_.full_add(x, y, value);
      write(level, k, 0, sum);
      level.count = 1;
      value = carry;
    }
    machine_.give_back(value.reg);
  }

  // Cuts the code, with what waits in registers in memory meanwhile.
  void cut(std::vector<Level>& levels) {
    auto each_item = [&](auto body) {
      for (size_t k = 0; k < std::min(kLevels, levels.size()); ++k)
        for (size_t i = 0; i < static_cast<size_t>(levels[k].count); ++i) body(k, i);
    };
    each_item([&](size_t k, size_t i) { spill(k, i, levels[k].item[i]); });
    machine_.cut();
    each_item([&](size_t k, size_t i) {
      levels[k].item[i] = machine_.load(spill_address(k, i), levels[k].item[i].inverted);
    });
  }

  void add_class(const Program& program, size_t c) {
    const ClassSum& sum = program.classes[c];
    std::vector<Level> levels(program.n_planes);
    const uint32_t* entry = made_.entries.data() + sum.first_entry;
    for (uint32_t j = 0; j < sum.n_columns; ++j) {
      const Column& column = made_.columns[sum.first_column + j];
      for (uint32_t i = 0; i < column.count; ++i) {
        step();
        insert(levels, column.column, value(*entry++, column.inverted != 0));
        if (machine_.full()) cut(levels);
      }
    }
    Value carry, bias_carry;
    for (uint32_t k = 0; k < program.n_planes; ++k) {
      Value total = carry;
      carry = {};
      if (levels[k].count == 2) {
        const Value x = read(levels[k], k, 0), y = read(levels[k], k, 1);
        std::tie(total, carry) =
            total.reg == kNone ? half_add(x, y) : machine_.full_add(x, y, total);
      } else if (levels[k].count == 1) {
        std::tie(total, carry) = half_add(read(levels[k], k, 0), total);
      }
      store_plane({kRsi, static_cast<int64_t>(c * program.n_planes + k)}, total, &bias_carry,
                  sum.bias >> std::min<uint32_t>(k, 31) & 1);
    }
    machine_.give_back(carry.reg);
    machine_.give_back(bias_carry.reg);
  }

  // total + bias + carry, of which the sum is stored and the carry is left for the next plane.
  void store_plane(Address to, Value total, Value* carry, bool bias) {
    Value out;
    if (!bias) {
      std::tie(out, *carry) = half_add(total, *carry);
      if (out.reg == kNone) {
        out = {machine_.take()};
        machine_.fill(out.reg, false);
      }
    } else {
      // The sum is the complement of total ^ carry, and the carry their or.
      if (total.reg == kNone) std::swap(total, *carry);
      const int reg = machine_.take();
      if (total.reg == kNone) {
        out = {reg};
        machine_.fill(reg, true);
      } else if (carry->reg == kNone) {
        out = {reg, total.inverted};
        machine_.complement(reg, total.reg);
        *carry = total;
      } else {
        out = copy_combined(reg, total, *carry, kXnorTable);
        *carry = combine(*carry, total, carry->inverted ? with_x_inverted(kOrTable) : kOrTable);
        machine_.give_back(total.reg);
      }
    }
    if (out.inverted) machine_.complement(out.reg, out.reg);
    machine_.store(to, out.reg);
    machine_.give_back(out.reg);
  }

  const Arrangement& made_;
  const Netlist& net_;
  const Cones& cones_;
  const std::vector<uint32_t>& slot_;
  uint32_t first_spill_;
  std::vector<uint8_t> inverted_;  // of every signal that is stored: its slot holds the complement
  Machine machine_;
  size_t steps_a_line_, steps_ = 0;
};

// Null where the code would be out of range, or the system gives no memory for it: the reason then.
template <typename Machine>
std::shared_ptr<const Code> assemble(const Arrangement& made, const Program& program,
                                     NoCode& reason) {
  Generator<Machine> generator(made);
  const std::vector<uint8_t> code = generator.run(program);
  reason = generator.in_range() ? NoCode::kRefused : NoCode::kTooLarge;
  return generator.in_range() ? Code::make(code, generator.n_fetches()) : nullptr;
}

template <typename Machine>
void generate_for(Arrangement& made, Program& program) {
  const Netlist& net = made.net;
  made.cones = find_cones(net, made.entries, Machine::kConeRegisters);
  if (made.cones.n_gates > kMostCodeGates) {
    program.no_code = NoCode::kTooLarge;
    return;
  }
  made.residence = arrange(net, made.entries, Machine::kConeRegisters, made.cones, program.n_looks);
  const Residence& residence = made.residence;
  program.code = assemble<Machine>(made, program, program.no_code);
  if (!program.code) return;
  for (uint32_t s = 2; s < net.first_gate; ++s) {
    if (residence.slot[s] == kNoSlot) continue;
    program.input.push_back(s - 2);
    program.input_slot.push_back(residence.slot[s]);
  }
  program.n_gates = made.cones.n_gates;
  program.n_slots = residence.n_slots + 2 * kMostLevels;
}

template <typename Machine>
bool reaches(uint64_t slot) {
  Machine machine;
  machine.enter();
  const Value value = machine.load(Machine::slot(slot), false);
  machine.store(Machine::slot(slot), value.reg);
  machine.leave();
  return machine.in_range();
}

}  // namespace

bool code_reaches(const std::string& isa, uint64_t slot) {
  if (isa == "avx512") return reaches<Avx512Machine<64>>(slot);
  return isa == "avx2" && reaches<Avx2Machine<32>>(slot);
}

void generate(Arrangement& made, const std::string& isa, Program& program) {
  if (!kMakesCode) return;
  if (isa == "avx512") generate_for<Avx512Machine<64>>(made, program);
  if (isa == "avx2") generate_for<Avx2Machine<32>>(made, program);
}

std::shared_ptr<const Code> generate_narrow(const Program& program, const std::string& isa) {
  const auto& made = program.arrangement;
  NoCode reason;
  if (!kMakesCode || !made) return nullptr;
  if (isa == "avx512") return assemble<Avx512Machine<16>>(*made, program, reason);
  return isa == "avx2" ? assemble<Avx2Machine<16>>(*made, program, reason) : nullptr;
}

}  // namespace gategrad
