// What a change of each gate would do to the loss; see src/gategrad/pruning/effects.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "circuit/gates.h"

namespace gategrad::pruning {

// Derivatives of the loss on some rows, and how they reach the outputs.
struct Rows {
  size_t n;
  const uint8_t* bits;  // (n, n_inputs), 0 or 1
  const float* slope;   // (classes, n), of the loss by each sum
  const float* curve;   // likewise the second derivative
};

struct Terms {
  size_t n_classes;
  const int64_t* indptr;   // (classes + 1)
  const uint32_t* signal;  // of each entry
  const float* weight;     // of each entry
};

// Sums over the rows by the pattern of a gate's two operands, (n_gates, 4) both.
struct Effects {
  std::vector<double> slope;
  std::vector<double> curve;
};

// The gates have at most two operands.
Effects effects(const GatesView& gates, const Terms& terms, const Rows& rows);

}  // namespace gategrad::pruning
