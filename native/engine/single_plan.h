// From circuit, readout and thresholds to the plan of a single row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/lower.h"
#include "engine/single.h"

namespace gategrad {

// Owns what the plans point to; one of the two layouts is filled.
struct SinglePlan {
  std::vector<Tile> tiles;  // tile t fills signals [64 * t, 64 * t + 64)
  std::vector<Lookup> lookups;
  std::vector<uint32_t> windows;
  std::vector<Polynomials> chunks;
  std::vector<ChunkRun> chunk_runs;
  std::vector<MaskedBlock> blocks;
  std::vector<uint32_t> block_word;
  std::vector<CountedColumn> columns;
  std::vector<uint32_t> class_columns;
  std::vector<uint32_t> operands;
  std::vector<uint16_t> short_operands;
  std::vector<Run> runs;
  std::vector<SignalRange> ranges;
  std::vector<uint32_t> class_ranges, entries, class_ones, class_weighted;
  std::vector<int32_t> weights;
  std::vector<int32_t> bias;
  size_t n_gates = 0;
  size_t n_signals = 0;  // room, a multiple of a window
  size_t n_features = 0;
  bool in_bits = false;  // the layout
  bool argmax = false;
  bool row_of_bits = false;  // there is no encoder

  BitPlan bit_plan() const;
  BytePlan byte_plan() const;
  size_t n_bytes() const;  // of all of the above
};

enum class Layout { kBits, kBytes, kFaster };

// The inputs alone: tiles of every input, and in `place` the signal of each.
SinglePlan plan_inputs(const EncoderView& encoder, uint32_t n_inputs, std::vector<uint32_t>& place);

SinglePlan plan_single(const CircuitView& circuit, const ReadoutView& readout,
                       const EncoderView& encoder, Layout layout);

}  // namespace gategrad
