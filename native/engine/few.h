// A circuit once more, for calls of few rows, in narrow slots, which stay in the first-level cache.
//
// With machine code, code for slots of two words. Without it, slots have one, two or four words, as many
// as the rows fill, and a gate is four or eight bytes of data; what only a sum reads is evaluated last,
// column by column of the sums, whose values then lie one after the other and are counted eight words
// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/lower.h"
#include "engine/program.h"

namespace gategrad {

// Slots of code have two words.
inline constexpr size_t kCodeWidth = 1, kMostCodeRows = 64 << kCodeWidth;

struct FewProgram {
  // How rows come into slots; gates and sums too where it is code, and what follows is empty then.
  Program inputs;
  std::vector<uint32_t> short_pairs;
  std::vector<uint64_t> pairs;
  std::vector<FewRun> runs;
  std::vector<FewColumn> columns;
  std::vector<FewClass> classes;
  uint32_t n_planes = 2;
  size_t n_slots = 2;  // with those for the planes of code, behind the others

  // Rows that it takes at most.
  size_t most_rows() const { return inputs.code ? kMostCodeRows : kMostFewRows; }

  FewPlan plan() const {
    return {short_pairs.empty() ? nullptr : short_pairs.data(),
            pairs.data(),
            runs.data(),
            runs.size(),
            columns.data(),
            classes.data(),
            classes.size(),
            n_planes};
  }
};

// As code where `blocks`, which was made of the same for `isa`, is code and has its arrangement. Null
// where gates and sums are so many that slots would not stay in a cache.
std::unique_ptr<const FewProgram> plan_few(const CircuitView& circuit, const ReadoutView& readout,
                                           const EncoderView& encoder, const Program& blocks,
                                           const std::string& isa);

}  // namespace gategrad
