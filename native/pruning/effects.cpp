#include "pruning/effects.h"

#include <algorithm>

namespace gategrad::pruning {
namespace {

constexpr size_t kRows = 32;
// Values, slopes or curvatures of a signal on a block of rows.
typedef float Lanes __attribute__((vector_size(kRows * sizeof(float))));

float total(const Lanes& lanes) {
  float sums[4] = {};
  for (size_t i = 0; i < kRows; i += 4)
    for (size_t j = 0; j < 4; ++j) sums[j] += lanes[i + j];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// A gate as c0 + c1 a + c2 b + c3 a b.
struct Polynomial {
  uint32_t a, b;
  float c0, c1, c2, c3;
};

std::vector<Polynomial> polynomials(const GatesView& gates) {
  std::vector<Polynomial> made(gates.n_gates);
  for (size_t g = 0; g < gates.n_gates; ++g) {
    const uint32_t* pins = gates.fanin + g * gates.width;
    Polynomial& p = made[g];
    p.a = gates.width > 0 ? pins[0] : 0;
    p.b = gates.width > 1 ? pins[1] : 0;
    // Of operands that are missing or false the entries beyond are never met.
    auto entry = [&](int i) { return static_cast<float>(gates.table[g] >> i & 1); };
    p.c0 = entry(0);
    p.c1 = p.a ? entry(1) - entry(0) : 0;
    p.c2 = p.b ? entry(2) - entry(0) : 0;
    p.c3 = p.a && p.b ? entry(3) - entry(2) - entry(1) + entry(0) : 0;
  }
  return made;
}

// One block of rows, for all signals.
class Block {
 public:
  Block(const GatesView& gates, const Terms& terms)
      : gates_(gates), terms_(terms), polynomials_(polynomials(gates)), values_(gates.n_signals()),
        slopes_(gates.n_signals()), curves_(gates.n_signals()) {}

  void run(const Rows& rows, size_t first, Effects& effects) {
    size_t n = std::min(kRows, rows.n - first);
    forward(rows, first, n);
    begin(rows, first, n);
    for (size_t g = gates_.n_gates; g-- > 0;) back(g, effects);
  }

 private:
  void forward(const Rows& rows, size_t first, size_t n) {
    values_[0] = Lanes{};
    values_[1] = Lanes{} + 1.0f;
    for (size_t i = 0; i < gates_.n_inputs; ++i) {
      Lanes& lanes = values_[2 + i];
      lanes = Lanes{};
      for (size_t r = 0; r < n; ++r) lanes[r] = rows.bits[(first + r) * gates_.n_inputs + i];
    }
    for (size_t g = 0; g < gates_.n_gates; ++g) {
      const Polynomial& p = polynomials_[g];
      const Lanes &a = values_[p.a], &b = values_[p.b];
      values_[gates_.first_gate() + g] = p.c0 + p.c1 * a + (p.c2 + p.c3 * a) * b;
    }
  }

  // A weight of a class makes that much of the class's derivatives; rows past the last have none.
  void begin(const Rows& rows, size_t first, size_t n) {
    std::fill(slopes_.begin(), slopes_.end(), Lanes{});
    std::fill(curves_.begin(), curves_.end(), Lanes{});
    for (size_t c = 0; c < terms_.n_classes; ++c) {
      Lanes slope{}, curve{};
      for (size_t r = 0; r < n; ++r) {
        slope[r] = rows.slope[c * rows.n + first + r];
        curve[r] = rows.curve[c * rows.n + first + r];
      }
      for (int64_t i = terms_.indptr[c]; i < terms_.indptr[c + 1]; ++i) {
        float weight = terms_.weight[i];
        slopes_[terms_.signal[i]] += weight * slope;
        curves_[terms_.signal[i]] += weight * weight * curve;
      }
    }
  }

  void back(size_t g, Effects& effects) {
    const Polynomial& p = polynomials_[g];
    size_t own = gates_.first_gate() + g;
    const Lanes a = values_[p.a], b = values_[p.b], slope = slopes_[own], curve = curves_[own];
    add(slope, a, b, &effects.slope[4 * g]);
    add(curve, a, b, &effects.curve[4 * g]);
    const Lanes by_a = p.c1 + p.c3 * b, by_b = p.c2 + p.c3 * a;
    slopes_[p.a] += slope * by_a;
    curves_[p.a] += curve * (by_a * by_a);
    slopes_[p.b] += slope * by_b;
    curves_[p.b] += curve * (by_b * by_b);
  }

  static void add(const Lanes& figure, const Lanes& a, const Lanes& b, double* by_pattern) {
    const Lanes of_a = figure * a;
    float all = total(figure), with_a = total(of_a), with_b = total(figure * b);
    float with_both = total(of_a * b);
    by_pattern[0] += static_cast<double>(all) - with_a - with_b + with_both;
    by_pattern[1] += static_cast<double>(with_a) - with_both;
    by_pattern[2] += static_cast<double>(with_b) - with_both;
    by_pattern[3] += with_both;
  }

  const GatesView& gates_;
  const Terms& terms_;
  std::vector<Polynomial> polynomials_;
  std::vector<Lanes> values_, slopes_, curves_;
};

}  // namespace

Effects effects(const GatesView& gates, const Terms& terms, const Rows& rows) {
  Effects sums{std::vector<double>(4 * gates.n_gates), std::vector<double>(4 * gates.n_gates)};
  Block block(gates, terms);
  for (size_t first = 0; first < rows.n; first += kRows) block.run(rows, first, sums);
  return sums;
}

}  // namespace gategrad::pruning
