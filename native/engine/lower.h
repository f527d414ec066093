// From circuit, readout and thresholds to a Program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/program.h"
#include "engine/schedule.h"

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

// Input j of the circuit is `row[feature[j]] > threshold[j]`; a threshold that is NaN is below every
// number, and only there where `missing`.
struct EncoderView {
  const uint32_t* feature;
  const double* threshold;
  size_t n_features;
  bool bits;     // the rows are bits already and thresholds are 0.5
  bool missing;  // NaN is a value: above no threshold
};

// Bits of the largest sum, two's complement.
uint32_t planes_needed(const ReadoutView& readout);

// The circuit in gates of at most two operands, and its outputs as signals of those.
Netlist narrow_netlist(const CircuitView& circuit, std::vector<uint32_t>& outputs);

// Tiles and lanes for `program.input` and `program.input_slot`: one tile for each group of 64
// neighbouring features and further threshold of one of them. The last group starts early so that
// it stays inside the row.
void plan_tiles(const EncoderView& encoder, Program& program);

// The comparisons of `program.input` as tiles, or as ranks where missing values are let through.
void plan_comparisons(const EncoderView& encoder, Program& program);

// A program that is machine code for `code_isa` where that is possible, for the kernels of any
// instruction set where that is empty.
Program lower(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
              const std::string& code_isa);

}  // namespace gategrad
