// Running a few rows, one at a time, on the calling thread.
#pragma once

#include <cstddef>
#include <string>

#include "engine/run.h"
#include "engine/single.h"
#include "engine/single_plan.h"

namespace gategrad {

// A plan with its kernels; has no state that calls share.
class Single {
 public:
  // `isa` is an instruction set that this machine has. `layout` is "bits", "bytes", or empty for the one that is estimated to be faster.
  Single(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
         const std::string& isa, const std::string& layout);
  const SinglePlan& plan() const { return plan_; }

  // Up to how many rows this is faster than few.h.
  size_t most_rows() const;

  // Returns false where a value is NaN, or no bit where rows are bits; results are then undefined.
  bool run(const Rows& rows, const Results& results) const;

  // The gates alone, `times` times, on signals that are all false.
  void run_gates(size_t times) const;

 private:
  const SingleKernels* kernels_;
  SinglePlan plan_;
};

}  // namespace gategrad
