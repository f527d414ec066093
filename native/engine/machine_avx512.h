// The few AVX-512 instructions that generated code is made of. A block is one vector, and any function
// of three is one instruction, so that values are never complemented.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "engine/assembler.h"

namespace gategrad {

// `kVector`: bytes of a vector and of a slot: 64 for whole blocks, 16 for narrow ones.
template <int kVector>
class Avx512Machine : public Assembler {
 public:
  static_assert(kVector == 64 || kVector == 16);
  static constexpr bool kFetches = kVector == 64;
  // Levels of a counter whose items stay in registers: two each, beside those of a cone.
  static constexpr size_t kLevelsInRegisters = 9;
  static constexpr uint8_t kConeRegisters = 8;
  // Gates and entries of sums for each line of the next block's rows that is fetched, at least, and
  // about how many lines that is at most, so that they do not drive the slots out of the cache.
  static constexpr size_t kStepsALine = 3, kMostLines = 2048;
  static constexpr size_t kPasses = 1;

  Avx512Machine() : Assembler(32) {}

  void enter() {
    begin();
    for (Base base : kSaved) stack(0x50, base);
    for (size_t i = 0; i < std::size(kBases); ++i)
      point(kBases[i], static_cast<int64_t>(i) * kReach + kReach / 2);
  }

  void leave() {
    for (size_t i = std::size(kSaved); i-- > 0;) stack(0x58, kSaved[i]);
    end();
  }

  static Address slot(uint64_t number) {
    const auto at = static_cast<int64_t>(number);
    const size_t base = number / kReach;
    if (base >= std::size(kBases)) return {kRdi, at};
    return {kBases[base], at - static_cast<int64_t>(base) * kReach - kReach / 2};
  }

  // Whether code must be cut here, with nothing in registers.
  static constexpr bool full() { return false; }
  void cut() {}

  Value load(Address from, bool complement) {
    const int to = take();
    if (complement)
      ternary(to, to, from, kNotLast);
    else
      memory({1, 1, 0x6F}, to, 0, from);
    return {to};
  }

  void store(Address to, int from) { memory({1, 1, 0x7F}, from, 0, to); }
  void copy(int to, int from) { registers({1, 1, 0x6F}, to, 0, from); }
  void complement(int to, int from) { ternary(to, to, from, kNotLast); }
  void fill(int to, bool ones) { ternary(to, to, to, ones ? 0xFF : 0x00); }

  // x = table(x, y), y being a register or an Address: bit x + 2 y of the table, or its complement
  // where the result says so.
  template <typename Operand>
  bool apply(int x, Operand y, uint8_t table) {
    ternary(x, x, y,
            static_cast<uint8_t>((table & 1) | (table >> 2 & 1) << 1 | (table >> 1 & 1) << 6 |
                                 (table >> 3 & 1) << 7));
    return false;
  }

  // Whether the operands of a table had better be exchanged if both come from memory.
  static constexpr bool wants_exchange(uint8_t) { return false; }

  // Sum and carry of three values, in the registers of x and z. y is used up.
  std::pair<Value, Value> full_add(Value x, Value y, Value z) {
    ternary(x.reg, y.reg, z.reg, kParity);
    ternary(z.reg, y.reg, x.reg, kMajority);
    give_back(y.reg);
    return {x, z};
  }

 private:
  static constexpr Base kBases[] = {kRax, kR8, kR9, kR10, kR11, kRbx, kRbp, kR13, kR14, kR15};
  // Those that a function must give back as they were.
  static constexpr Base kSaved[] = {kRbx, kRbp, kR13, kR14, kR15};
  // Slots that one base register reaches with an offset of one byte.
  static constexpr int64_t kReach = 256;
  // x ^ y ^ z; the majority of x, y and z from z, y and that parity; the complement of the last.
  static constexpr uint8_t kParity = 0x96, kMajority = 0xD4, kNotLast = 0x55;

  struct Opcode {
    uint8_t map, prefix, byte;
  };

  // zmm[to] = table[4 to + 2 a + b], bit by bit; the last operand may be in memory.
  void ternary(int to, int a, int b, uint8_t table) {
    registers({3, 1, 0x25}, to, a, b);
    byte(table);
  }
  void ternary(int to, int a, Address b, uint8_t table) {
    memory({3, 1, 0x25}, to, a, b);
    byte(table);
  }

  // base = rdi + kVector * blocks
  void point(Base base, int64_t blocks) {
    bytes({static_cast<uint8_t>(0x48 | (base >> 3) << 2), 0x8D,
           static_cast<uint8_t>(0x80 | (base & 7) << 3 | kRdi)});
    displacement(kVector * blocks);
  }

  void stack(uint8_t opcode, Base base) {
    if (base >= 8) byte(0x41);
    byte(opcode | (base & 7));
  }

  // The EVEX prefix; register numbers are in it with their upper bits inverted.
  void prefix(Opcode op, int reg, int vvvv, bool x, bool b) {
    byte(0x62);
    byte(!(reg >> 3 & 1) << 7 | !x << 6 | !b << 5 | !(reg >> 4 & 1) << 4 | op.map);
    byte(0x80 | (~vvvv & 15) << 3 | 4 | op.prefix);
    byte((kVector == 64 ? 0x40 : 0) | !(vvvv >> 4 & 1) << 3);
    byte(op.byte);
  }

  void registers(Opcode op, int reg, int vvvv, int rm) {
    prefix(op, reg, vvvv, rm >> 4 & 1, rm >> 3 & 1);
    byte(0xC0 | (reg & 7) << 3 | (rm & 7));
  }

  void memory(Opcode op, int reg, int vvvv, Address at) {
    prefix(op, reg, vvvv, false, at.base >> 3);
    const bool near = at.blocks >= -128 && at.blocks < 128;  // in vectors
    byte((near ? 0x40 : 0x80) | (reg & 7) << 3 | (at.base & 7));
    if (near)
      byte(static_cast<uint8_t>(at.blocks));
    else
      displacement(kVector * at.blocks);
  }
};

}  // namespace gategrad
