// The terms that items choose among, each at one tile: its values, and what they do to a gradient.
#pragma once

#include "train/choice/kernel.h"
#include "train/vec.isa.h"

namespace gategrad::train {
namespace {

GG_INLINE void copy_term(const Candidates& from, size_t at, const Candidates& to, size_t item) {
  to.wires[item] = from.wires[at];
}

GG_INLINE void copy_term(const Slots& from, size_t at, const Slots& to, size_t item) {
  to.wires[item] = from.wires[at];
  to.wires[to.n * to.k + item] = from.wires[from.n * from.k + at];
  to.tables[item] = from.tables[at];
}

// Sums over a tile that are kept in registers side by side: rows share the load of a gradient, while
// a slot alone fills the registers with its coefficients.
template <typename Terms>
constexpr size_t kSideBySide = GG_REGISTER == 64 ? 16 : 8;
template <>
constexpr size_t kSideBySide<Slots> = 1;

template <typename S, typename Terms>
struct Term;

template <typename S>
struct Term<S, Candidates> {
  GG_INLINE Term() = default;
  GG_INLINE Term(const Candidates& all, size_t i, size_t width)
      : row(static_cast<size_t>(all.wires[i]) * width) {}
  GG_INLINE Vec<S> value(const S* tile, size_t s) const { return load(tile + row + s); }
  GG_INLINE void scatter(const S*, size_t s, Vec<S> d, S* grad) const {
    store<S>(grad + row + s, load(grad + row + s) + d);
  }
  size_t row;
};

// Coefficients of `c0 + c1 a + c2 b + c3 a b` for each truth table, whose bits are the values for
// inputs 00, 10, 01 and 11.
template <typename S>
struct TablePolynomials {
  S of[16][4];
  constexpr TablePolynomials() : of() {
    for (int table = 0; table < 16; ++table) {
      const int none = table & 1, a = table >> 1 & 1, b = table >> 2 & 1, both = table >> 3;
      of[table][0] = S(none);
      of[table][1] = S(a - none);
      of[table][2] = S(b - none);
      of[table][3] = S(both - a - b + none);
    }
  }
};
template <typename S>
constexpr TablePolynomials<S> kTablePolynomials;

template <typename S>
struct Term<S, Slots> {
  GG_INLINE Term(const Slots& all, size_t i, size_t width)
      : a(static_cast<size_t>(all.wires[i]) * width),
        b(static_cast<size_t>(all.wires[all.n * all.k + i]) * width),
        c(kTablePolynomials<S>.of[all.tables[i]]) {}
  GG_INLINE Vec<S> value(const S* tile, size_t s) const {
    const Vec<S> in_a = load(tile + a + s), in_b = load(tile + b + s);
    return (c[3] * in_a + c[2]) * in_b + (c[1] * in_a + c[0]);
  }
  GG_INLINE void scatter(const S* tile, size_t s, Vec<S> d, S* grad) const {
    const Vec<S> to_a = d * (c[3] * load(tile + b + s) + c[1]);
    const Vec<S> to_b = d * (c[3] * load(tile + a + s) + c[2]);
    // One after the other: both wires may be the same.
    store<S>(grad + a + s, load(grad + a + s) + to_a);
    store<S>(grad + b + s, load(grad + b + s) + to_b);
  }
  size_t a, b;
  const S* c;
};

}  // namespace
}  // namespace gategrad::train
