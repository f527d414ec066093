#include "engine/rank_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/lower.h"

namespace gategrad {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// A register of nodes is loaded whole.
constexpr uint32_t kFewestNodes = 16;

struct Asked {
  double least;
  uint32_t slot;
};

// Node `pos` of a tree of `levels` levels is entry so-and-so of the rising thresholds.
uint32_t entry_of(uint32_t pos, uint32_t levels) {
  const uint32_t level = static_cast<uint32_t>(std::bit_width(pos)) - 1;
  return (2 * (pos - (1u << level)) + 1) * (1u << (levels - 1 - level)) - 1;
}

// The comparisons [begin, end) of a feature, in rising order.
void add_column(uint32_t feature, const Asked* begin, const Asked* end, RankPlan& plan) {
  const uint32_t n = static_cast<uint32_t>(end - begin);
  RankColumn column{feature,
                    n,
                    static_cast<uint32_t>(std::bit_width(n)),
                    static_cast<uint32_t>(plan.f64.size()),
                    static_cast<uint32_t>(plan.slots.size()),
                    static_cast<uint32_t>(plan.bytes.size()),
                    static_cast<uint32_t>(plan.least_f64.size())};
  const uint32_t n_nodes = 1u << column.levels;
  for (uint32_t pos = 0; pos < std::max(n_nodes, kFewestNodes); ++pos) {
    const uint32_t entry = pos == 0 || pos >= n_nodes ? n : entry_of(pos, column.levels);
    const double least = entry < n ? begin[entry].least : kNan;
    plan.f64.push_back(least);
    plan.f32.push_back(rounded_up(least));
  }
  for (uint32_t value = 0; value < 256; ++value)
    plan.bytes.push_back(static_cast<uint8_t>(
        std::count_if(begin, end, [&](const Asked& a) { return value >= a.least; })));
  for (const Asked* a = begin; a != end; ++a) {
    plan.slots.push_back(a->slot);
    plan.least_f64.push_back(a->least);
    plan.least_f32.push_back(rounded_up(a->least));
  }
  plan.columns.push_back(column);
}

}  // namespace

double least_above(double threshold) {
  if (std::isnan(threshold)) return -kInfinity;
  return threshold == kInfinity ? kNan : std::nextafter(threshold, kInfinity);
}

float rounded_up(double x) {
  const float f = static_cast<float>(x);
  return static_cast<double>(f) < x ? std::nextafter(f, std::numeric_limits<float>::infinity()) : f;
}

RankPlan plan_ranks(const EncoderView& encoder, const std::vector<uint32_t>& input,
                    const std::vector<uint32_t>& input_slot, bool every) {
  std::vector<std::vector<Asked>> asked(encoder.n_features);
  for (size_t i = 0; i < input.size(); ++i)
    asked[encoder.feature[input[i]]].push_back(
        {least_above(encoder.threshold[input[i]]), input_slot[i]});
  RankPlan plan;
  for (size_t f = 0; f < asked.size(); ++f) {
    std::vector<Asked>& own = asked[f];
    if (own.empty() && !every) continue;
    // NaN, which no value reaches, comes last.
    std::stable_sort(own.begin(), own.end(), [](const Asked& a, const Asked& b) {
      return std::isnan(a.least) ? false : std::isnan(b.least) || a.least < b.least;
    });
    size_t first = 0;
    do {
      const size_t n = std::min<size_t>(kMostRanked, own.size() - first);
      add_column(static_cast<uint32_t>(f), own.data() + first, own.data() + first + n, plan);
      first += n;
    } while (first < own.size());
  }
  return plan;
}

}  // namespace gategrad
