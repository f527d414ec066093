// Kernels of gates with 2 to 6 inputs, interpolated truth tables: plain data and function pointers, as
// in kernel.h and for the same reason.
//
// Entry i of a table is the value where the inputs read i in binary, the first one being the least
// significant bit. Kernels take, instead of 2^k entries, as many coefficients c: of the upper half of
// the inputs, k - k/2 of them, the interpolation is a polynomial, of the lower half it is left as it
// is. Both would be half the work as polynomials, but these lose a bit an input to cancellation.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kFewestInputs = 2, kMostInputs = 6;

// Gates by the rows that they read, (inputs, n), and the row of each one's output.
struct WideGates {
  const uint32_t *wires, *outputs;
  size_t n;
};

// Value s of row r is at values[r * stride + s]: rows of a tile, or a part of all rows of a batch.
template <typename S>
struct Rows {
  S* values;
  size_t stride;
};

// For one number of inputs; c are the coefficients of all gates, sums the gradients of entries.
template <typename S>
struct WideShape {
  // Coefficients of n gates from their entries, times `factor`; both may be one array.
  void (*coefficients)(const S* entries, size_t n, S factor, S* c);
  // The gates' rows of y = gates(x), or added to them.
  void (*forward)(const WideGates&, const S* c, const Rows<const S>& x, size_t samples,
                  const Rows<S>& y, bool added);
  // sums[i] = sum over the samples of grad * (how much of pattern i the inputs are) for each entry,
  // or added to it unless it is the first. Where grad_x is not null, grad * dy/dinput is added to
  // the rows that the gates read, which lie there as those of x do; derivatives are those at shift + (1 - 2 shift) x.
  void (*backward)(const WideGates&, const S* c, const Rows<const S>& x, const Rows<const S>& grad,
                   size_t samples, S shift, S* grad_x, S* sums, bool first);
};

template <typename S>
struct WideKernels {
  WideShape<S> of_inputs[kMostInputs - kFewestInputs + 1];
  // n entries 0.5 + 0.5 sin(weight), and the bits that they harden to; either may be null.
  void (*light)(const S* weight, size_t n, S* soft, S* hard);
  // Gradient of the weights from that of the entries.
  void (*light_backward)(const S* weight, const S* grad, size_t n, S* grad_weight);
};

}  // namespace gategrad::train
