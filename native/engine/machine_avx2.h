// The few AVX2 instructions that generated code is made of. A vector is half a block, so that code goes
// piece by piece twice over, first with the lower and then with the upper halves, which the
// first time has brought into the cache. There is no instruction that complements: values are kept
// as what an instruction gives, and the complement is taken into account by what reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/assembler.h"

namespace gategrad {

//
// `kVector`: bytes of a vector: 32 for whole blocks, 16 for narrow ones, which are a vector and need no
// second pass.
template <int kVector>
class Avx2Machine : public Assembler {
 public:
  static_assert(kVector == 32 || kVector == 16);
  static constexpr bool kFetches = kVector == 32;
  // See Avx512Machine.
  static constexpr size_t kLevelsInRegisters = 4;
  static constexpr uint8_t kConeRegisters = 6;
  static constexpr size_t kStepsALine = 12, kMostLines = 2048;
  static constexpr size_t kPasses = kVector == 32 ? 2 : 1;

  Avx2Machine() : Assembler(kOnes) {}

  void enter() {
    begin();
    binary(0x76, kOnes, kOnes, kOnes);  // equal to itself
    start_ = size();
  }

  void leave() {
    cut();
    end();
  }

  static Address slot(uint64_t number) { return {kRdi, static_cast<int64_t>(number)}; }

  bool full() const { return kPasses == 2 && size() - start_ > kPiece; }

  // Ends a piece: what it is made of runs again, 32 bytes further.
  void cut() {
    if (kPasses == 1) return;
    bytes({0x48, 0x83, 0xC7, 32, 0x48, 0x83, 0xC6, 32});  // rdi += 32, rsi += 32
    bytes({0x40, 0xF6, 0xC7, 32, 0x0F, 0x85});            // once more if rdi & 32
    displacement(static_cast<int64_t>(start_) - static_cast<int64_t>(size() + 4));
    bytes({0x48, 0x83, 0xEF, 64, 0x48, 0x83, 0xEE, 64});  // rdi -= 64, rsi -= 64
    start_ = size();
  }

  Value load(Address from, bool complement) {
    const int to = take();
    memory(0x6F, to, 0, from);
    return {to, complement};
  }

  void store(Address to, int from) { memory(0x7F, from, 0, to); }
  void copy(int to, int from) { registers(0x6F, to, 0, from); }
  void complement(int to, int from) { binary(kXor, to, from, kOnes); }
  void fill(int to, bool ones) { binary(ones ? kOr : kXor, to, kOnes, kOnes); }

  template <typename Operand>
  bool apply(int x, Operand y, uint8_t table) {
    const bool inverted = table & 1;
    switch (inverted ? table ^ 0xF : table) {
      case 0x8: binary(kAnd, x, x, y); break;
      case 0xE: binary(kOr, x, x, y); break;
      case 0x6: binary(kXor, x, x, y); break;
      case 0x4: binary(kAndNotFirst, x, x, y); break;
      default: and_not(x, y); break;
    }
    return inverted;
  }

  static constexpr bool wants_exchange(uint8_t table) { return table == 0x2 || table == 0xD; }

  std::pair<Value, Value> full_add(Value x, Value y, Value z) {
    // The carry is y where y is equal to x or to z, and else its complement.
    const bool xy_inverted = x.inverted != y.inverted, yz_inverted = y.inverted != z.inverted;
    const int xy = take(), yz = z.reg;
    binary(kXor, xy, x.reg, y.reg);
    binary(kXor, yz, y.reg, z.reg);
    binary(kXor, x.reg, x.reg, yz);
    const uint8_t table = xy_inverted ? (yz_inverted ? 0x1 : 0x4) : (yz_inverted ? 0x2 : 0x8);
    const bool both_inverted = apply_registers(yz, xy, table);
    binary(kXor, yz, yz, y.reg);
    give_back(xy);
    give_back(y.reg);
    return {{x.reg, x.inverted != yz_inverted}, {yz, y.inverted != both_inverted}};
  }

 private:
  // Bytes of a slot, and the bit of a prefix that says how long a vector is.
  static constexpr int64_t kSlot = kVector == 32 ? 64 : 16;
  static constexpr unsigned kLength = kVector == 32 ? 4 : 0;
  // A register of ones; those below it are lent.
  static constexpr int kOnes = 15;
  // Bytes of code that run with the lower halves before the upper ones: their blocks stay in the
  // first-level cache.
  static constexpr size_t kPiece = 6144;
  static constexpr uint8_t kAnd = 0xDB, kAndNotFirst = 0xDF, kOr = 0xEB, kXor = 0xEF;

  // x = table(xy, yz) with x in the register of yz.
  bool apply_registers(int yz, int xy, uint8_t table) {
    switch (table) {
      case 0x8: binary(kAnd, yz, xy, yz); return false;
      case 0x4: binary(kAndNotFirst, yz, xy, yz); return false;
      case 0x2: binary(kAndNotFirst, yz, yz, xy); return false;
      default: binary(kOr, yz, xy, yz); return true;
    }
  }

  void and_not(int x, int y) { binary(kAndNotFirst, x, y, x); }
  void and_not(int x, Address y) {
    const Value other = load(y, false);
    and_not(x, other.reg);
    give_back(other.reg);
  }

  // ymm[to] = a op b; the last operand may be in memory.
  void binary(uint8_t op, int to, int a, int b) {
    const bool commutes = op != kAndNotFirst;
    if (commutes && b >= 8 && a < 8) std::swap(a, b);  // one byte less
    registers(op, to, a, b);
  }
  void binary(uint8_t op, int to, int a, Address b) { memory(op, to, a, b); }

  // The VEX prefix of two or three bytes; register numbers are in it with their upper bits inverted.
  void registers(uint8_t op, int reg, int vvvv, int rm) {
    const unsigned first = !(reg >> 3 & 1) << 7, last = (~vvvv & 15) << 3 | kLength | 1;
    if (rm < 8) {
      byte(0xC5);
      byte(first | last);
    } else {
      byte(0xC4);
      byte(first | 1 << 6 | 1);
      byte(last);
    }
    byte(op);
    byte(0xC0 | (reg & 7) << 3 | (rm & 7));
  }

  void memory(uint8_t op, int reg, int vvvv, Address at) {
    byte(0xC5);
    byte(!(reg >> 3 & 1) << 7 | (~vvvv & 15) << 3 | kLength | 1);
    byte(op);
    const int64_t offset = kSlot * at.blocks;
    const bool near = offset >= -128 && offset < 128;
    byte((near ? 0x40 : 0x80) | (reg & 7) << 3 | at.base);
    if (near)
      byte(static_cast<uint8_t>(offset));
    else
      displacement(offset);
  }

  size_t start_ = 0;
};

}  // namespace gategrad
