// Which columns are ranked, and among what: from thresholds to the tables of engine/ranks.h.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/ranks.h"

namespace gategrad {

struct EncoderView;

// The least value for which a comparison is true, NaN where there is none; a threshold that is NaN is
// below every number.
double least_above(double threshold);
// Of float32 numbers, those from this one on are at least x.
float rounded_up(double x);

struct RankPlan {
  std::vector<RankColumn> columns;
  std::vector<float> f32, least_f32;
  std::vector<double> f64, least_f64;
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> slots;

  bool used() const { return !columns.empty(); }
  RankView view() const {
    return {columns.data(),   columns.size(),   f32.data(),   f64.data(),
            least_f32.data(), least_f64.data(), bytes.data(), slots.data()};
  }
};

// A plan for the comparisons `input`, of which each goes to the slot beside it. `every`: also columns
// without a comparison, since their values are checked too.
RankPlan plan_ranks(const EncoderView& encoder, const std::vector<uint32_t>& input,
                    const std::vector<uint32_t>& input_slot, bool every);

}  // namespace gategrad
