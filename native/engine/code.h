// Machine code made at run time, in memory that is never writable and executable at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gategrad {

class Code {
 public:
  // Evaluates gates and sums of one block; fetches the lines at next, next + step, ...
  using Function = void (*)(uint64_t* slots, uint64_t* planes, const uint8_t* next, size_t step);

  // Null where the system gives no executable memory.
  static std::shared_ptr<const Code> make(const std::vector<uint8_t>& bytes, size_t n_fetches);
  ~Code();
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  Function function() const { return reinterpret_cast<Function>(memory_); }
  size_t size() const { return size_; }
  // How many lines it fetches.
  size_t n_fetches() const { return n_fetches_; }

 private:
  Code(void* memory, size_t size, size_t n_fetches)
      : memory_(memory), size_(size), n_fetches_(n_fetches) {}
  void* memory_;
  size_t size_, n_fetches_;
};

}  // namespace gategrad
