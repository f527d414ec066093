// What is lowered, as the core keeps it: copies of a caller's arrays, checked once.
//
// A plan for single rows is made later than the engine, and without the interpreter's lock. Arrays
// of the caller could have been changed by then, and indices in them could point anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/lower.h"

namespace gategrad {

struct Source {
  uint32_t n_inputs = 0;
  size_t width = 0;
  std::vector<uint32_t> fanin;
  std::vector<uint64_t> table;
  std::vector<uint32_t> outputs;
  std::vector<int64_t> indptr;
  std::vector<uint32_t> index;
  std::vector<int32_t> weight, bias;
  bool argmax = false;
  std::vector<uint32_t> feature;
  std::vector<double> threshold;
  size_t n_features = 0;
  bool bits = false;
  bool missing = false;

  CircuitView circuit() const;
  ReadoutView readout() const;
  EncoderView encoder() const;

  // Throws std::invalid_argument where an index leads out of an array, or lengths differ.
  void check() const;
};

}  // namespace gategrad
