// Running a Program over rows, block by block, on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/few.h"
#include "engine/kernel.h"
#include "engine/program.h"
#include "engine/source.h"
#include "engine/workspace.h"

namespace gategrad {

enum class Type { kBool, kUint8, kFloat32, kFloat64 };

inline constexpr size_t size_of(Type type) {
  return type == Type::kFloat64 ? 8 : type == Type::kFloat32 ? 4 : 1;
}

// What values of rows of `type` must be, where rows are bits and where they are features.
inline Check check_of(bool bits, Type type, bool missing = false) {
  if (missing) return Check::kNothing;
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

struct MapFront;

// Where results go; a null pointer means that they are not wanted.
struct Results {
  int32_t* sums;    // (n_rows, n_classes)
  int64_t* labels;  // (n_rows), argmax programs only
};

// How a call is to run.
struct Calling {
  size_t n_threads;       // at most
  bool as_pays;           // fewer threads where waking them takes longer than what they would do
  bool (*interrupted)();  // asked now and then on the calling thread; null: never
  Workspace* given = nullptr;  // the caller's, for the calling thread alone; null: borrowed ones
};

// How a call ended. kBadValue: a value is NaN, or no bit where rows are bits; results are undefined
// unless all is good.
enum class Outcome { kGood, kBadValue, kNoMemory, kInterrupted };

// A Program and its kernels. Calls borrow workspaces, so that several threads can run it at once. No
// call throws.
class Engine {
 public:
  Engine(Program program, const BlockKernels& kernels);
  Engine(Program program, const BlockKernels& kernels, std::unique_ptr<const MapFront> front);
  ~Engine();
  const Program& program() const { return program_; }
  // What rows are encoded by: the program, or that of the maps in front of it.
  const Program& rows_program() const;
  // Two-input gates and inverters that are evaluated.
  size_t n_gates() const;

  Outcome run(const Rows& rows, const Calling& calling, const Results& results) noexcept;
  Outcome run(const PackedRows& rows, const Calling& calling, const Results& results) noexcept;

  // What any call takes of a workspace that is given to it.
  WorkspaceSize workspace_size() const;

  // Makes what calls of few rows take, of what the program was lowered from, unless it is there, or
  // would be too large. By one thread at a time, while others may run rows.
  void prepare_few(const Source& source);
  const FewProgram* few() const { return few_; }

 private:
  template <typename Some, typename SourceOf>
  Outcome run_some(const Some& rows, const Calling& calling, const Results& results,
                   const SourceOf& source_of) noexcept;
  template <typename Source>
  Outcome run_few(const Source& source, const FewProgram& few, const Calling& calling,
                  const Results& results) noexcept;
  template <typename Source>
  Outcome run_blocks(const Source& source, const Calling& calling, const Results& results) noexcept;

  Program program_;
  const BlockKernels& kernels_;
  std::unique_ptr<const MapFront> front_;
  std::unique_ptr<const FewProgram> owned_few_;
  std::atomic<const FewProgram*> few_{nullptr};
  Workspaces workspaces_;
};

}  // namespace gategrad
