// How blocks of rows get into slots: from a matrix in memory, or from packed bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/run.h"

namespace gategrad {

// Memory that a block will be encoded from; the first `fetched` bytes of it are fetched while the
// block before it is encoded.
struct Bytes {
  const uint8_t* first;
  size_t count, fetched;
};

class MatrixSource {
 public:
  MatrixSource(const BlockKernels& kernels, const Program& program, const Rows& rows)
      : kernels_(kernels), program_(program), rows_(rows) {}

  size_t n_rows() const { return rows_.n_rows; }
  // Fills the input slots, of `words` words each, with a block, whose first `fetched` bytes are in the
  // cache already; false where a value fails its check.
  bool load(size_t block, size_t fetched, Workspace& workspace, uint64_t* slots,
            size_t words) const;
  // The memory that load will read.
  Bytes upcoming(size_t block) const;
  // What load takes of a workspace's scratch.
  size_t scratch_bytes() const;
  // About how long loading a block takes, in nanoseconds.
  double cost() const;

 private:
  template <typename T>
  bool encode(size_t first_row, size_t n, size_t fetched, Workspace& workspace, uint64_t* slots,
              size_t words) const;
  template <typename T>
  bool rank(size_t first_row, size_t n, Workspace& workspace, uint64_t* slots, size_t words) const;
  bool contiguous() const;

  const BlockKernels& kernels_;
  const Program& program_;
  const Rows& rows_;
};

class PackedSource {
 public:
  PackedSource(const Program& program, const PackedRows& rows) : program_(program), rows_(rows) {}

  size_t n_rows() const { return rows_.n_rows; }
  bool load(size_t block, size_t fetched, Workspace&, uint64_t* slots, size_t words) const;
  Bytes upcoming(size_t) const { return {nullptr, 0, 0}; }
  size_t scratch_bytes() const { return 0; }
  double cost() const;

 private:
  const Program& program_;
  const PackedRows& rows_;
};

}  // namespace gategrad
