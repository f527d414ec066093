// The few AVX-512 instructions that generated code is made of. All vectors are 512 bits wide.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace gategrad {

// General registers by their number in instructions.
enum Base : uint8_t { kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRbp = 5, kRsi = 6, kRdi = 7, kR8 = 8, kR9, kR10,
                      kR11, kR13 = 13, kR14, kR15 };

// A vector in memory; `vectors` times 64 bytes from what `base` points to.
struct Address {
  Base base;
  int32_t vectors;
};

class Assembler {
 public:
  std::vector<uint8_t> code;

  // zmm[dst] = memory, and back.
  void load(int dst, Address from) { memory({1, 1, 0x6F}, dst, 0, from); }
  void store(Address to, int src) { memory({1, 1, 0x7F}, src, 0, to); }
  void copy(int dst, int src) { registers({1, 1, 0x6F}, dst, 0, src); }

  // zmm[dst] = table[4 dst + 2 a + b], bit by bit; the last operand may be in memory.
  void ternary(int dst, int a, int b, uint8_t table) {
    registers({3, 1, 0x25}, dst, a, b);
    code.push_back(table);
  }
  void ternary(int dst, int a, Address b, uint8_t table) {
    memory({3, 1, 0x25}, dst, a, b);
    code.push_back(table);
  }

  // base = rdi + 64 * vectors
  void point(Base base, int32_t vectors) {
    bytes({static_cast<uint8_t>(0x48 | (base >> 3) << 2), 0x8D,
           static_cast<uint8_t>(0x80 | (base & 7) << 3 | kRdi)});
    word(64 * vectors);
  }

  // Fetches the line at rdx into the second-level cache and adds rcx to rdx.
  void prefetch() { bytes({0x0F, 0x18, 0x12, 0x48, 0x01, 0xCA}); }

  void push(Base base) { stack(0x50, base); }
  void pop(Base base) { stack(0x58, base); }
  void begin() { bytes({0xF3, 0x0F, 0x1E, 0xFA}); }  // a place that indirect calls may enter
  void end() { bytes({0xC5, 0xF8, 0x77, 0xC3}); }    // vzeroupper, return

 private:
  struct Opcode {
    uint8_t map, prefix, byte;
  };

  void bytes(std::initializer_list<uint8_t> list) { code.insert(code.end(), list); }

  void word(int32_t value) {
    uint8_t raw[4];
    std::memcpy(raw, &value, 4);
    code.insert(code.end(), raw, raw + 4);
  }

  void stack(uint8_t opcode, Base base) {
    if (base >= 8) code.push_back(0x41);
    code.push_back(static_cast<uint8_t>(opcode | (base & 7)));
  }

  // The EVEX prefix; register numbers are in it with their upper bits inverted.
  void prefix(Opcode op, int reg, int vvvv, bool x, bool b) {
    code.push_back(0x62);
    code.push_back(static_cast<uint8_t>(!(reg >> 3 & 1) << 7 | !x << 6 | !b << 5 |
                                        !(reg >> 4 & 1) << 4 | op.map));
    code.push_back(static_cast<uint8_t>(0x80 | (~vvvv & 15) << 3 | 4 | op.prefix));
    code.push_back(static_cast<uint8_t>(0x40 | !(vvvv >> 4 & 1) << 3));
    code.push_back(op.byte);
  }

  void registers(Opcode op, int reg, int vvvv, int rm) {
    prefix(op, reg, vvvv, rm >> 4 & 1, rm >> 3 & 1);
    code.push_back(static_cast<uint8_t>(0xC0 | (reg & 7) << 3 | (rm & 7)));
  }

  void memory(Opcode op, int reg, int vvvv, Address at) {
    prefix(op, reg, vvvv, false, at.base >> 3);
    const bool near = at.vectors >= -128 && at.vectors < 128;
    code.push_back(static_cast<uint8_t>((near ? 0x40 : 0x80) | (reg & 7) << 3 | (at.base & 7)));
    if (near)
      code.push_back(static_cast<uint8_t>(at.vectors));
    else
      word(64 * at.vectors);
  }
};

}  // namespace gategrad
