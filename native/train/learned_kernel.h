// Kernels of layers with learned wires on inputs that are bits: plain data and function pointers, as
// in kernel.h and for the same reason.
//
// Bits are packed by words of 64 samples: sample s of feature f is bit s % 64 of
// bits[f * n_words + s / 64]. Values and gradients are (features, batch), float32.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kWord = 64;

struct LearnedGates {
  const int32_t* candidates;  // (2, n, k)
  const int32_t* wires;       // (2, n), the chosen ones
  const float* coefficients;  // (n, 4)
  size_t n, k;
};

inline constexpr size_t scratch_size(size_t batch, size_t k) { return 2 * (batch + kWord) + k; }

struct LearnedKernels {
  // wires[p] = the candidate of the largest of k logits, the first of equal ones, pins [begin, end).
  void (*choose)(const float* logits, const int32_t* candidates, size_t begin, size_t end, size_t k,
                 int32_t* wires);
  // Packs rows [begin, end) of (features, batch); false where a value is neither 0 nor 1.
  bool (*pack)(const float* rows, size_t begin, size_t end, size_t batch, uint64_t* bits);
  // y = gates [begin, end) of the chosen wires, all samples.
  void (*forward)(const LearnedGates&, const uint64_t* bits, size_t begin, size_t end, size_t batch,
                  float* y);
  // Gradients of gates [begin, end) over all samples, grad being that of y. Of the coefficients (n, 4):
  // the sums of grad * (1, a, b, ab). Of the logits (2, n, k): q (d - sum q d) with q their softmax
  // and d the products of grad * dy/dpin with each candidate's bits. scratch: scratch_size floats.
  void (*backward)(const LearnedGates&, const float* logits, const uint64_t* bits,
                   const float* grad, size_t begin, size_t end, size_t batch, float* scratch,
                   float* grad_coefficients, float* grad_logits);
  // Adds factor * grad * (dy/da, dy/db) to the rows of grad_x (n_in, batch) that all gates read, one
  // word of samples.
  void (*scatter)(const LearnedGates&, const uint64_t* bits, const float* grad, size_t word,
                  size_t batch, float factor, float* grad_x);
};

extern const LearnedKernels kBaselineLearned;
#if defined(__x86_64__)
extern const LearnedKernels kAvx2Learned, kAvx512Learned;
#endif

}  // namespace gategrad::train
