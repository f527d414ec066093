// Running a few rows, one at a time, on the calling thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/forest_plan.h"
#include "engine/position_front.h"
#include "engine/run.h"
#include "engine/single.h"
#include "engine/single_plan.h"

namespace gategrad {

// A plan with its kernels; has no state that calls share.
class Single {
 public:
  // `isa` is an instruction set that this machine has. `layout` is "bits", "bytes", "trees", or empty for
  // the one that is estimated to be faster.
  Single(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
         const std::string& isa, const std::string& layout);
  // Behind maps: the circuit's inputs are the values that `front` makes, in their order.
  Single(const CircuitView& circuit, const ReadoutView& readout, const std::string& isa,
         std::unique_ptr<const PositionFront> front);
  const SinglePlan& plan() const { return plan_; }
  size_t n_features() const { return front_ ? front_->rows().n_features : plan_.n_features; }
  bool by_positions() const { return front_ != nullptr; }
  const char* layout() const { return forest_ ? "trees" : plan_.in_bits ? "bits" : "bytes"; }
  size_t n_bytes() const { return forest_ ? forest_->n_bytes() : plan_.n_bytes(); }

  // Up to how many rows this is faster than few.h; 0 where missing values are let through and the
  // circuit is no forest, which this can't run.
  size_t most_rows() const;
  // About how many gates a row is worth.
  size_t work() const;

  // Returns false where a value is NaN, or no bit where rows are bits; results are then undefined.
  bool run(const Rows& rows, const Results& results) const;

  // The same, but for maps, in `room` that is a caller's, aligned to 64 bytes and of so many, for up to most_rows()
  // rows; allocates nothing.
  size_t room_bytes() const;
  bool run_in(void* room, const Rows& rows, const Results& results) const noexcept;

  // The gates alone, `times` times, on signals that are all false.
  void run_gates(size_t times) const;

 private:
  // Of the parts of a room, which follow one another, each a multiple of 64 bytes.
  struct Sizes {
    size_t words, signals, sums, copies;
    size_t total() const { return words + signals + sums + copies; }
  };
  Sizes sizes(size_t n_rows, bool copies_rows) const;
  bool copies_rows(const Rows& rows) const;
  bool run_forest(void* room, const Rows& rows, const Results& results) const noexcept;
  bool run_rows(void* room, uint8_t* maps, const Rows& rows, const Results& results) const noexcept;
  bool load(const Rows& rows, size_t row, void* copies, uint8_t* maps, uint64_t* words) const;

  const SingleKernels* kernels_;
  SinglePlan plan_;  // of a forest, what it says about rows and results
  std::unique_ptr<const ForestPlan> forest_;
  std::unique_ptr<const PositionFront> front_;
  bool missing_;
};

}  // namespace gategrad
