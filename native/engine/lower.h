// From circuit, readout and thresholds to a Program.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/program.h"

namespace gategrad {

struct CircuitView {
  uint32_t n_inputs;
  const uint32_t* fanin;
  const uint64_t* table;
  size_t n_gates, width;
  const uint32_t* outputs;
  size_t n_outputs;
};

struct ReadoutView {
  const int64_t* indptr;
  const uint32_t* index;
  const int32_t* weight;
  const int32_t* bias;
  size_t n_classes;
  bool argmax;
};

// Input j of the circuit is `row[feature[j]] > threshold[j]`.
struct EncoderView {
  const uint32_t* feature;
  const double* threshold;
  size_t n_features;
  bool bits;  // the rows are bits already and thresholds are 0.5
};

Program lower(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder);

}  // namespace gategrad
