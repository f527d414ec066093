#include "capi/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "capi/encode.h"

namespace gategrad::capi {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr uint32_t kFalse = 0, kTrue = 1, kConstants = 2;
// Truth tables over a comparison with the lower and one with the upper end, or over the only one.
constexpr uint64_t kNot = 0b01, kAndNot = 0b0010;

// low < x[feature] <= high; an end that is NaN is none. `never`: no number is in it.
struct Interval {
  uint32_t feature;
  double low, high;
  bool never = false;
};

void add_levels(const Part& part, std::vector<Interval>& out) {
  const size_t n = part.columns.size(), n_levels = part.n_levels();
  const bool binned = part.kind == Part::Kind::kBinned;
  for (size_t t = 0; t < n_levels + binned; ++t)
    for (size_t f = 0; f < n; ++f) {
      const double here = t < n_levels ? part.levels[t * n + f] : kNan;
      const double before = t > 0 ? part.levels[(t - 1) * n + f] : kNan;
      out.push_back({part.columns[f], binned ? before : here, binned ? here : kNan});
    }
}

bool add_categories(const Part& part, std::vector<Interval>& out) {
  if (part.unknown_is_error) return false;
  for (size_t i = 0; i < part.categories.size(); ++i)
    for (const double number : part.categories[i]) {
      // Only where a float32 is the same category as number and as decimal.
      if (number == -kInfinity || static_cast<double>(static_cast<float>(number)) != number ||
          as_measured(number) != number)
        return false;
      out.push_back({part.columns[i], std::nextafter(number, -kInfinity), number});
    }
  return true;
}

// A least value of minus infinity asks whether there is a number.
void add_splits(const Part& part, std::vector<Interval>& out) {
  for (size_t i = 0; i < part.levels.size(); ++i) {
    const double least = part.levels[i];
    const double low = least == -kInfinity ? kNan : std::nextafter(least, -kInfinity);
    out.push_back({part.split_feature[i], low, kNan});
  }
}

std::optional<std::vector<Interval>> intervals_of(const StoredEncoder& encoder) {
  std::vector<Interval> found;
  for (const Part& part : encoder.parts) {
    if (part.kind == Part::Kind::kSplits) {
      add_splits(part, found);
    } else if (part.kind != Part::Kind::kCategories) {
      add_levels(part, found);
    } else if (!add_categories(part, found)) {
      return std::nullopt;
    }
  }
  for (const uint32_t column : encoder.marked) found.push_back({column, kNan, kNan, true});
  return found;
}

// Whether the engine takes the comparisons as they are, one for each input.
bool are_comparisons(const StoredEncoder& encoder) {
  using Kind = Part::Kind;
  const Kind kind = encoder.parts.front().kind;
  if (encoder.parts.size() > 1 || !encoder.marked.empty()) return false;
  if (kind == Kind::kThermometer) return true;
  const std::vector<double>& levels = encoder.parts.front().levels;
  return kind == Kind::kSplits &&
         (encoder.missing == Missing::kZero ||
          std::find(levels.begin(), levels.end(), -kInfinity) == levels.end());
}

// All but the encoder.
Source bare_source(const StoredModel& model) {
  const auto& [n_inputs, width, fanin, table, outputs] = model.circuit;
  const StoredReadout& r = model.readout;
  Source source;
  source.n_inputs = static_cast<uint32_t>(n_inputs);
  source.width = width;
  source.fanin = fanin;
  source.table = table;
  source.outputs = outputs;
  source.indptr = r.indptr;
  source.index = r.index;
  source.weight = r.weight;
  source.bias = r.bias;
  source.argmax = r.kind == GG_ARGMAX;
  return source;
}

using End = std::pair<uint32_t, double>;

std::vector<End> ends_of(const std::vector<Interval>& intervals) {
  std::vector<End> ends;
  for (const Interval& interval : intervals)
    for (const double end : {interval.low, interval.high})
      if (!interval.never && !std::isnan(end)) ends.emplace_back(interval.feature, end);
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

// Puts a circuit behind intervals: a gate for each one that is more than one comparison.
class Front {
 public:
  Front(const std::vector<Interval>& intervals, size_t width)
      : ends_(ends_of(intervals)), width_(std::max<size_t>(width, 2)) {
    for (const Interval& interval : intervals) signal_.push_back(add(interval));
  }

  Source before(const Source& circuit) const {
    Source source = circuit;
    source.n_inputs = static_cast<uint32_t>(ends_.size());
    source.width = width_;
    source.fanin = fanin_;
    source.table = table_;
    std::vector<uint32_t> operands(circuit.width);
    for (size_t g = 0; g < circuit.table.size(); ++g) {
      std::transform(circuit.fanin.data() + g * circuit.width,
                     circuit.fanin.data() + (g + 1) * circuit.width, operands.begin(),
                     [&](uint32_t signal) { return moved(circuit, signal); });
      push(operands, circuit.table[g], source.fanin, source.table);
    }
    for (uint32_t& output : source.outputs) output = moved(circuit, output);
    for (const auto& [feature, threshold] : ends_) {
      source.feature.push_back(feature);
      source.threshold.push_back(threshold);
    }
    return source;
  }

 private:
  uint32_t add(const Interval& interval) {
    if (interval.never) return kFalse;
    const bool from = !std::isnan(interval.low), to = !std::isnan(interval.high);
    if (!from && !to) return kTrue;
    const uint32_t low = from ? place({interval.feature, interval.low}) : 0;
    if (!to) return low;
    const uint32_t high = place({interval.feature, interval.high});
    const auto gate = static_cast<uint32_t>(kConstants + ends_.size() + table_.size());
    push(from ? std::vector<uint32_t>{low, high} : std::vector<uint32_t>{high},
         from ? kAndNot : kNot, fanin_, table_);
    return gate;
  }

  uint32_t place(const End& end) const {
    const auto at = std::lower_bound(ends_.begin(), ends_.end(), end);
    return kConstants + static_cast<uint32_t>(at - ends_.begin());
  }

  uint32_t moved(const Source& circuit, uint32_t signal) const {
    if (signal < kConstants) return signal;
    if (signal < kConstants + circuit.n_inputs) return signal_[signal - kConstants];
    return static_cast<uint32_t>(ends_.size() + table_.size()) + signal - circuit.n_inputs;
  }

  // Appends a gate. A last operand that is false is none, and what it can't select leaves the
  // table.
  void push(const std::vector<uint32_t>& operands, uint64_t table, std::vector<uint32_t>& fanin,
            std::vector<uint64_t>& tables) const {
    size_t arity = operands.size();
    while (arity > 0 && operands[arity - 1] == kFalse) --arity;
    fanin.insert(fanin.end(), operands.begin(), operands.end());
    fanin.resize(fanin.size() + width_ - operands.size(), kFalse);
    tables.push_back(arity < 6 ? table & ((uint64_t{1} << (size_t{1} << arity)) - 1) : table);
  }

  std::vector<End> ends_;
  size_t width_;
  std::vector<uint32_t> fanin_, signal_;
  std::vector<uint64_t> table_;
};

}  // namespace

std::optional<Source> source_of_numbers(const StoredModel& model) {
  const StoredEncoder& encoder = *model.encoder;
  if (encoder.filters) return std::nullopt;
  std::optional<std::vector<Interval>> intervals = intervals_of(encoder);
  if (!intervals) return std::nullopt;
  Source source = bare_source(model);
  if (are_comparisons(encoder)) {
    for (const Interval& interval : *intervals) {
      source.feature.push_back(interval.feature);
      source.threshold.push_back(interval.low);
    }
    source.missing = encoder.missing == Missing::kZero;
  } else {
    source = Front(*intervals, source.width).before(source);
  }
  source.n_features = encoder.n_features;
  source.check();
  return source;
}

Source source_of_bits(const StoredModel& model) {
  Source source = bare_source(model);
  source.n_features = model.circuit.n_inputs;
  source.bits = true;
  source.feature.resize(source.n_inputs);
  std::iota(source.feature.begin(), source.feature.end(), 0);
  source.threshold.assign(source.n_inputs, 0.5);
  source.check();
  return source;
}

}  // namespace gategrad::capi
