#include "circuit/small_plans.h"

#include "circuit/step_cost.h"
#include "circuit/table.h"

namespace gategrad {
namespace {

constexpr uint8_t kUnknown = 255;

}  // namespace

const SmallPlans& SmallPlans::of(int width) {
  static const SmallPlans two(2), three(3);
  return width == 2 ? two : three;
}

SmallPlans::SmallPlans(int width) : gates_(1 << 16, kUnknown), operand_(1 << 16, 0) {
  for (uint64_t t = 0; t < gates_.size(); ++t) fill(table::spread(t, 4), width);
}

int SmallPlans::fill(uint64_t t, int width) {
  uint8_t& known = gates_[t & 0xFFFF];
  if (known != kUnknown) return known;
  int operands[6];
  int n = table::support(t, operands);
  int best = n >= 2 ? 1 : 0;
  if (n > width) {
    best = kUnknown - 1;
    for (int i = n - 1; i >= 0; --i) {
      uint64_t f0 = table::cofactor0(t, operands[i]), f1 = table::cofactor1(t, operands[i]);
      int other = f0 == ~f1 ? 0 : fill(f1, width);
      int cost = fill(f0, width) + other + step_cost(f0, f1, width);
      if (cost >= best) continue;
      best = cost;
      operand_[t & 0xFFFF] = static_cast<uint8_t>(operands[i]);
    }
  }
  return gates_[t & 0xFFFF] = static_cast<uint8_t>(best);
}

}  // namespace gategrad
