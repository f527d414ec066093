// A batch as it crosses the border.
#pragma once

#include <stdexcept>
#include <string>

#include "train/bits/batch.h"
#include "train/common/arrays.h"

namespace gategrad::train {

// (batch, n) in rows `stride` apart or, where that is 0, (n, batch) without gaps.
struct BitBatch {
  Array array;
  size_t stride;
};

inline LearnedInput make_batch(const BitBatch& x, size_t n, size_t batch, const char* name) {
  if (x.stride == 0) return {elements<const float>(x.array, {n, batch}, name), nullptr, 0};
  if (x.stride < n && batch > 1)
    throw std::invalid_argument(std::string(name) + " has rows that overlap");
  if (x.array.type == ScalarType::kUint8)
    return {nullptr, elements<const uint8_t>(x.array, {batch, n}, name), x.stride};
  return {elements<const float>(x.array, {batch, n}, name), nullptr, x.stride};
}

}  // namespace gategrad::train
