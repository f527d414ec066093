// Kernels of gates with 2 to 6 inputs, interpolated truth tables: plain data and function pointers, as
// in kernel.h and for the same reason.
//
// Values and gradients are (features, batch). Entry i of a table is the value where the inputs read
// i in binary, the first one being the least significant bit.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kFewestInputs = 2, kMostInputs = 6;

struct WideGates {
  const int64_t* wires;  // (inputs, n)
  size_t n, batch;
};

// For one number of inputs.
template <typename S>
struct WideShape {
  // y = gates [begin, end), all samples; `entries` are those of gate `begin` on.
  void (*forward)(const WideGates&, const S* entries, const S* x, size_t begin, size_t end, S* y);
  // sums[i] = sum over all samples of grad * (how much of pattern i the inputs are), for each entry
  // of gates [begin, end), those of gate `begin` first.
  void (*weigh)(const WideGates&, const S* x, const S* grad, size_t begin, size_t end, S* sums);
  // Adds factor * grad * dy/dinput to the rows of grad_x that gates [begin, end) read, samples
  // [first, last); the derivatives are those at shift + (1 - 2 shift) x. `entries` are those of
  // gate `begin` on; `far`: x has not been read just before.
  void (*scatter)(const WideGates&, const S* entries, const S* x, const S* grad, size_t begin,
                  size_t end, size_t first, size_t last, bool far, S factor, S shift, S* grad_x);
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
