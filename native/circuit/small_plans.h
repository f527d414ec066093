// How to expand functions of up to four operands, for all of them at once.
#pragma once

#include <cstdint>
#include <vector>

namespace gategrad {

// By truth table of four operands, 16 bits: the gates of at most `width` operands that a Shannon
// expansion takes, and the operand that it begins with.
class SmallPlans {
 public:
  // Those for gates of 2 or of 3 operands, made when first asked for.
  static const SmallPlans& of(int width);

  int gates(uint64_t table) const { return gates_[table & 0xFFFF]; }
  int operand(uint64_t table) const { return operand_[table & 0xFFFF]; }

 private:
  explicit SmallPlans(int width);
  int fill(uint64_t table, int width);

  std::vector<uint8_t> gates_, operand_;
};

}  // namespace gategrad
