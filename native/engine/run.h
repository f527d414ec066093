// Running a Program over rows, block by block, on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/kernel.h"
#include "engine/program.h"

namespace gategrad {

enum class Type { kBool, kUint8, kFloat32, kFloat64 };

// What values of rows of `type` must be, where rows are bits and where they are features.
inline Check check_of(bool bits, Type type) {
  if (type == Type::kBool) return Check::kNothing;
  if (bits) return Check::kBit;
  return type == Type::kUint8 ? Check::kNothing : Check::kNotNan;
}

// A matrix anywhere in memory; strides are in elements and may be negative or zero.
struct Rows {
  const void* data;
  Type type;
  size_t n_rows;
  ptrdiff_t row_stride, column_stride;
};

// Features-major bits: bit r % 64 of word r / 64 of line i is input i of row r.
struct PackedRows {
  const uint64_t* words;
  size_t n_rows;
  size_t n_words;  // of a line
};

// Memory that a block will be encoded from; the first `fetched` bytes of it are fetched while the
// block before it is encoded.
struct Bytes {
  const uint8_t* first;
  size_t count, fetched;
};

// Where results go; a null pointer means that they are not wanted.
struct Results {
  int32_t* sums;    // (n_rows, n_classes)
  int64_t* labels;  // (n_rows), argmax programs only
};

// Memory of one thread at work, aligned to blocks.
class Workspace {
 public:
  explicit Workspace(const Program& program);
  uint64_t* slots() { return slots_.get(); }
  uint64_t* planes() { return planes_.get(); }
  uint64_t* marks() { return marks_.get(); }
  void* scratch(size_t n_bytes);

 private:
  struct Free {
    void operator()(uint64_t* p) const;
  };
  using Blocks = std::unique_ptr<uint64_t[], Free>;
  static Blocks allocate(size_t n_blocks);
  Blocks slots_, planes_, marks_, scratch_;
  size_t scratch_bytes_ = 0;
};

// A Program with workspaces that calls borrow, so that several threads can run it at once.
class Engine {
 public:
  explicit Engine(Program program) : program_(std::move(program)) {}
  const Program& program() const { return program_; }

  // Returns false where a value is NaN, or no bit where rows are bits; results are then undefined.
  bool run(const Kernels& kernels, const Rows& rows, size_t n_threads, const Results& results);
  void run(const Kernels& kernels, const PackedRows& rows, size_t n_threads,
           const Results& results);

 private:
  template <typename Load, typename Upcoming>
  bool run_blocks(const Kernels& kernels, size_t n_rows, size_t n_threads, const Results& results,
                  const Load& load, const Upcoming& upcoming);
  size_t evaluate(const Kernels& kernels, const KernelProgram& view, Workspace& workspace,
                  Bytes next);
  std::unique_ptr<Workspace> borrow();
  void give_back(std::unique_ptr<Workspace> workspace);

  Program program_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace gategrad
