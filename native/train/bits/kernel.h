// Kernels of layers with learned wires on inputs that are bits: plain data and function pointers, as
// in kernel.h and for the same reason.
//
// Bits are packed by words of 64 samples: sample s of feature f is bit s % 64 of
// bits[f * n_words + s / 64], and bits past the batch are 0. Rows of gradients are (features,
// n_words * 64) float32, and 0 past the batch.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

inline constexpr size_t kWord = 64;

struct LearnedGates {
  const int32_t* candidates;  // (2, n, k); null where wires are not learned
  const int32_t* wires;       // (2, n), the chosen ones
  const float* coefficients;  // (n, 4)
  const uint64_t* bits;       // of the inputs, (n_in, n_words)
  size_t n, k, n_words;
};

// Gradients of a layer's outputs: gate g's is row class_of[g], or row g where that is null.
struct GradRows {
  const float* rows;
  const int32_t* class_of;
};

// Which pins read feature f: entries first[f] to first[f + 1] of `pins`, pin p of gate g being
// p * n + g.
struct Readers {
  const int32_t *first, *pins;
};

struct LearnedKernels {
  // wires[p] = the candidate of the largest of k logits, the first of equal ones, pins [begin, end).
  // Returns the largest candidate, negative ones taken as unsigned.
  uint32_t (*choose)(const float* logits, const int32_t* candidates, size_t begin, size_t end,
                     size_t k, int32_t* wires);
  // Packs features [begin, end), a multiple of 64 apart from the last, of a batch in rows (batch,
  // n_in) `stride` elements apart, or of one in columns, (n_in, batch) without gaps. False where a
  // value is neither 0 nor 1.
  bool (*pack)(const float* x, size_t stride, size_t begin, size_t end, size_t batch,
               uint64_t* bits);
  bool (*pack_bytes)(const uint8_t* x, size_t stride, size_t begin, size_t end, size_t batch,
                     uint64_t* bits);
  bool (*pack_columns)(const float* x, size_t begin, size_t end, size_t batch, uint64_t* bits);
  // Gates [begin, end), whose coefficients are those of Boolean functions, as bits (n, n_words).
  void (*bits)(const LearnedGates&, size_t begin, size_t end, size_t batch, uint64_t* y);
  // Gates [begin, end) as values (n, batch).
  void (*values)(const LearnedGates&, size_t begin, size_t end, size_t batch, float* y);
  // out[s] = sum of gates [begin, end) of the 64 samples of a word.
  void (*sums)(const LearnedGates&, size_t begin, size_t end, size_t word, float* out);
  // Columns [begin, end) of grad (batch, n), `stride` apart, to rows.
  void (*to_rows)(const float* grad, size_t stride, size_t begin, size_t end, size_t batch,
                  size_t n_words, float* rows);
  // Row `feature` of the gradient of the gates' inputs: factor * grad * dy/dpin, over all readers.
  void (*gather)(const LearnedGates&, const Readers&, const GradRows&, size_t feature, float factor,
                 float* row);
  // Of `count` gates from `first` on, and rows[i] the gradient of the i-th one's output: the sums of
  // row * (1, a, b, ab) to out (count, 4), and where grad_logits (2, n, k) is not null the products of
  // row * dy/dpin with each candidate's bits to that. `scratch` has count * 2 * n_words * 64 floats.
  void (*backward)(const LearnedGates&, const float* const* rows, size_t first, size_t count,
                   float* scratch, float* out, float* grad_logits);
  // In place of the products d of pins [begin, end): q (d - sum q d), q = softmax(logits).
  void (*softmax)(const float* logits, size_t begin, size_t end, size_t k, float* d);
};

}  // namespace gategrad::train
