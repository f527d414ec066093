// What generated code for every instruction set shares: its bytes and its vector registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

namespace gategrad {

// General registers by their number in instructions.
enum Base : uint8_t {
  kRax = 0,
  kRcx = 1,
  kRdx = 2,
  kRbx = 3,
  kRbp = 5,
  kRsi = 6,
  kRdi = 7,
  kR8 = 8,
  kR9,
  kR10,
  kR11,
  kR13 = 13,
  kR14,
  kR15
};

// A block of 64 bytes in memory; `blocks` of them from what `base` points to.
struct Address {
  Base base;
  int64_t blocks;
};

inline constexpr int kNone = -1;

// What a vector register holds, or the complement of it.
struct Value {
  int reg = kNone;
  bool inverted = false;
};

// Machine code is a function of Code::Function: slots in rdi, planes in rsi, the line to fetch next
// in rdx and the step to the one after in rcx.
class Assembler {
 public:
  explicit Assembler(int n_registers) : free_((uint64_t{1} << n_registers) - 1) {}

  size_t size() const { return size_; }

  std::vector<uint8_t> take_code() {
    code_.resize(size_);
    return std::move(code_);
  }

  // Whether every displacement so far was in the range of an instruction; else the code would read
  // and write elsewhere and must not run.
  bool in_range() const { return in_range_; }

  // Lends the free register with the lowest number.
  int take() {
    const int found = __builtin_ctzll(free_);
    free_ &= free_ - 1;
    return found;
  }

  void give_back(int reg) {
    if (reg != kNone) free_ |= uint64_t{1} << reg;
  }

  // Fetches the line at rdx into the second-level cache and adds rcx to rdx.
  void prefetch() { bytes({0x0F, 0x18, 0x12, 0x48, 0x01, 0xCA}); }

 protected:
  void begin() { bytes({0xF3, 0x0F, 0x1E, 0xFA}); }  // a place that indirect calls may enter
  void end() { bytes({0xC5, 0xF8, 0x77, 0xC3}); }    // vzeroupper, return

  void byte(unsigned value) {
    if (size_ == code_.size()) code_.resize(2 * size_ + kFirstBytes);
    code_[size_++] = static_cast<uint8_t>(value);
  }
  void bytes(std::initializer_list<uint8_t> list) {
    for (uint8_t value : list) byte(value);
  }

  // A displacement in bytes: of memory from a base register, or of code from the next instruction.
  void displacement(int64_t value) {
    using Limits = std::numeric_limits<int32_t>;
    in_range_ = in_range_ && value >= Limits::min() && value <= Limits::max();
    const auto narrow = static_cast<int32_t>(value);
    uint8_t raw[4];
    std::memcpy(raw, &narrow, 4);
    for (uint8_t value : raw) byte(value);
  }

 private:
  static constexpr size_t kFirstBytes = 4096;

  std::vector<uint8_t> code_;  // and room behind it
  size_t size_ = 0;
  uint64_t free_;
  bool in_range_ = true;
};

}  // namespace gategrad
