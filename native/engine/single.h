// One row at a time: the circuit once more, laid out for a single sample.
//
// Two layouts of the same gates. In *bits*, 64 signals are a word and 64 gates are evaluated at
// once: their operands are looked up with byte permutes, whose tables are windows of 1024 signals.
// In *bytes*, a signal is a byte and gates are evaluated one after the other; this is for machines
// without those permutes, and for circuits too deep or too wide for windows.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/kernel.h"
#include "engine/position_lanes.h"

namespace gategrad {

inline constexpr uint32_t kWindowSignals = 1024;
inline constexpr uint32_t kWindowWords = kWindowSignals / 64;

// 64 signals out of one window: lane i is bit `bit[i]` (a mask; 0 where the lane's signal lies in
// another window) of the window's byte `byte[i]`.
struct alignas(64) Lookup {
  uint8_t byte[64], bit[64];
};

// Lane i of 64 gates is one ^ a * x ^ b * y ^ ab * x * y with operands x and y.
struct Polynomials {
  uint64_t one, a, b, ab;
};

// `count` consecutive chunks of 64 gates whose first operands lie in n_a windows and whose second
// ones lie in n_b.
struct ChunkRun {
  uint32_t n_a, n_b, count;
  uint32_t first_word;  // where the results go
};

// 512 signals of which those in `mask` are counted.
struct alignas(64) MaskedBlock {
  uint64_t mask[8];
};

// `count` masked blocks whose ones are worth 2^shift each, or minus that.
struct CountedColumn {
  uint32_t count, shift, negative;
};

struct BitPlan {
  const Lookup* lookups;
  const uint32_t* windows;  // first word of each look-up's window
  const Polynomials* chunks;
  const ChunkRun* runs;
  size_t n_runs;
  const MaskedBlock* blocks;
  const uint32_t* block_word;  // first word of each block
  const CountedColumn* columns;
  const uint32_t* class_columns;  // of each class
  const int32_t* bias;
  size_t n_classes;
};

struct SignalRange {
  uint32_t first, count;
  int32_t weight;
};

// Signals 64 * t + lane are the inputs, results follow from `first_gate` in the order of gates.
struct BytePlan {
  const uint32_t* operands;        // two a gate, where a signal number needs more than 16 bits
  const uint16_t* short_operands;  // else
  const Run* runs;
  size_t n_runs;
  size_t first_gate;
  const SignalRange* ranges;  // of a class's signals of one weight that lie one after the other
  const uint32_t* class_ranges;
  const uint32_t* entries;     // further signals, those of weight 1 first within a class
  const int32_t* weights;      // of the others
  const uint32_t* class_ones;  // entries of weight 1 of each class
  const uint32_t* class_weighted;
  const int32_t* bias;
  size_t n_classes;
};

// Compares one row with every tile, a word a tile; says whether every value passed the check.
template <typename T>
using EncodeRow = bool (*)(const Tile* tiles, size_t n_tiles, const T* row, Check check,
                           uint64_t* words);

struct SingleKernels {
  EncodeRow<uint8_t> encode_u8;
  EncodeRow<float> encode_f32;
  EncodeRow<double> encode_f64;
  // Null where the instruction set has no permutes of bytes.
  void (*bit_gates)(const BitPlan&, uint64_t* words);
  void (*bit_sums)(const BitPlan&, const uint64_t* words, int32_t* sums);
  void (*byte_inputs)(const uint64_t* words, size_t n_tiles, uint8_t* signals);
  void (*byte_gates)(const BytePlan&, uint8_t* signals);
  void (*byte_sums)(const BytePlan&, const uint8_t* signals, int32_t* sums);
  void (*positions)(const PositionView&, uint8_t* memory);
};

}  // namespace gategrad
