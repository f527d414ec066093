// A batch as packed bits take it, and gradients as rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "train/bits/kernel.h"
#include "train/parallel.h"

namespace gategrad::train {

// A batch: values in rows `stride` apart or, where that is 0, in columns without gaps; or bytes.
struct LearnedInput {
  const float* values;
  const uint8_t* bytes;
  size_t stride;
};

// Features [begin, end) as bits. False where a value is neither 0 nor 1.
inline bool pack(const LearnedKernels& kernels, const LearnedInput& x, Part features, size_t batch,
                 uint64_t* bits) {
  const auto [begin, end] = features;
  if (x.bytes) return kernels.pack_bytes(x.bytes, x.stride, begin, end, batch, bits);
  if (x.stride) return kernels.pack(x.values, x.stride, begin, end, batch, bits);
  return kernels.pack_columns(x.values, begin, end, batch, bits);
}

// Columns [begin, end) of a gradient as rows of whole words, 0 past the batch.
inline void fill_rows(const LearnedKernels& kernels, const LearnedInput& grad, Part columns,
                      size_t batch, float* rows) {
  const auto [begin, end] = columns;
  const size_t n_words = (batch + kWord - 1) / kWord, row = n_words * kWord;
  if (grad.stride)
    return kernels.to_rows(grad.values, grad.stride, begin, end, batch, n_words, rows);
  for (size_t g = begin; g < end; ++g) {
    std::memcpy(rows + g * row, grad.values + g * batch, batch * sizeof(float));
    std::memset(rows + g * row + batch, 0, (row - batch) * sizeof(float));
  }
}

}  // namespace gategrad::train
