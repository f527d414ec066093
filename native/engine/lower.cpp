#include "engine/lower.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "circuit/decompose.h"
#include "engine/arrange.h"
#include "engine/generate.h"
#include "engine/schedule.h"

namespace gategrad {
namespace {

// Largest float that is not above x, so that `float > x` and `float > result` agree.
float round_down(double x) {
  float f = static_cast<float>(x);
  return static_cast<double>(f) > x ? std::nextafter(f, -std::numeric_limits<float>::infinity())
                                    : f;
}

Tile empty_tile(uint32_t first_feature) {
  Tile tile{};
  tile.first_feature = first_feature;
  std::fill_n(tile.u8, 64, uint8_t{0});
  std::fill_n(tile.f32, 64, std::numeric_limits<float>::infinity());
  std::fill_n(tile.f64, 64, std::numeric_limits<double>::infinity());
  return tile;
}

void set_lane(Tile& tile, uint32_t lane, double threshold) {
  double least = std::floor(threshold) + 1;  // least integer above the threshold
  if (least <= 255) {
    tile.valid |= uint64_t{1} << lane;
    tile.possible[lane] = 0xFF;
    tile.u8[lane] = static_cast<uint8_t>(std::max(least, 0.0));
  }
  tile.f32[lane] = round_down(threshold);
  tile.f64[lane] = threshold;
}

void place_lanes(const std::vector<Lane>& lanes, uint32_t unread, Tile& tile) {
  std::fill_n(tile.slot, 64, unread);
  for (const Lane& lane : lanes) {
    tile.slot[lane.lane] = lane.slot;
    tile.used_blocks[0] |= 1 << lane.lane / 16;
    tile.used_blocks[1] |= 1 << lane.lane / 4 % 4;
  }
}

}  // namespace

void plan_tiles(const EncoderView& encoder, Program& program) {
  size_t n_groups = std::max<size_t>(1, (encoder.n_features + 63) / 64);
  auto first_of = [&](size_t group) {
    size_t last_start = encoder.n_features > 64 ? encoder.n_features - 64 : 0;
    return static_cast<uint32_t>(std::min(64 * group, last_start));
  };
  std::vector<std::vector<std::pair<Tile, std::vector<Lane>>>> groups(n_groups);
  // Every group has a tile, so that every value is checked where values can be wrong.
  for (size_t g = 0; g < n_groups; ++g) groups[g].push_back({empty_tile(first_of(g)), {}});
  std::vector<uint32_t> used(encoder.n_features, 0);  // thresholds placed so far
  for (size_t i = 0; i < program.input.size(); ++i) {
    uint32_t feature = encoder.feature[program.input[i]];
    auto& tiles = groups[feature / 64];
    uint32_t nth = used[feature]++;
    if (nth == tiles.size()) tiles.push_back({empty_tile(first_of(feature / 64)), {}});
    auto& [tile, lanes] = tiles[nth];
    uint32_t lane = feature - tile.first_feature;
    set_lane(tile, lane, encoder.threshold[program.input[i]]);
    lanes.push_back({lane, program.input_slot[i]});
  }
  const uint32_t unread = static_cast<uint32_t>(program.n_slots++);
  for (auto& tiles : groups) {
    for (auto& [tile, lanes] : tiles) {
      place_lanes(lanes, unread, tile);
      tile.first_lane = static_cast<uint32_t>(program.lanes.size());
      tile.n_lanes = static_cast<uint32_t>(lanes.size());
      program.lanes.insert(program.lanes.end(), lanes.begin(), lanes.end());
      program.tiles.push_back(tile);
    }
  }
}

namespace {

// Nanoseconds that a block takes: a tile of float32, a column's values on their own, and one of its
// comparisons. Tiles serve columns side by side, and those of up to 64 as often as one of them is
// compared.
constexpr size_t kTile = 1600, kColumn = 600, kComparison = 8;

bool ranks_are_faster(const EncoderView& encoder, const Program& program) {
  if (encoder.bits || encoder.n_features > 64) return false;
  std::vector<size_t> count(encoder.n_features, 0);
  for (uint32_t input : program.input) ++count[encoder.feature[input]];
  const size_t n_tiles = count.empty() ? 0 : *std::max_element(count.begin(), count.end());
  return kColumn * encoder.n_features + kComparison * program.input.size() < kTile * n_tiles;
}

}  // namespace

void plan_comparisons(const EncoderView& encoder, Program& program) {
  program.missing = encoder.missing;
  if (encoder.missing || ranks_are_faster(encoder, program))
    program.ranks = plan_ranks(encoder, program.input, program.input_slot, !encoder.missing);
  else
    plan_tiles(encoder, program);
}

namespace {

// Columns of one class: its weights in binary, negative ones as complemented entries, since
// -w * x = w * (1 - x) - w.
void plan_class(const ReadoutView& readout, size_t c, const std::vector<uint32_t>& slot,
                Program& program) {
  ClassSum sum{static_cast<uint32_t>(program.columns.size()), 0,
               static_cast<uint32_t>(program.entries.size()), 0};
  std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> columns;
  int64_t bias = readout.bias[c];
  for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i) {
    int64_t weight = readout.weight[i];
    bool inverted = weight < 0;
    if (inverted) bias += weight;
    uint64_t size = static_cast<uint64_t>(inverted ? -weight : weight);
    for (uint32_t k = 0; size >> k; ++k)
      if (size >> k & 1) columns[{k, inverted}].push_back(slot[static_cast<size_t>(i)]);
  }
  for (auto& [key, slots] : columns) {
    program.columns.push_back({key.first, static_cast<uint32_t>(slots.size()), key.second});
    program.entries.insert(program.entries.end(), slots.begin(), slots.end());
    ++sum.n_columns;
  }
  sum.bias = static_cast<int32_t>(bias);
  program.classes.push_back(sum);
}

// Entries that plan_class makes of all classes.
size_t count_entries(const ReadoutView& readout) {
  size_t n = 0;
  for (int64_t i = 0; i < readout.indptr[readout.n_classes]; ++i) {
    const int64_t weight = readout.weight[i];
    n += static_cast<size_t>(std::popcount(static_cast<uint64_t>(weight < 0 ? -weight : weight)));
  }
  return n;
}

}  // namespace

uint32_t planes_needed(const ReadoutView& readout) {
  int64_t lowest = 0, highest = 0;
  for (size_t c = 0; c < readout.n_classes; ++c) {
    int64_t low = readout.bias[c], high = readout.bias[c];
    for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i)
      (readout.weight[i] < 0 ? low : high) += readout.weight[i];
    lowest = std::min(lowest, low);
    highest = std::max(highest, high);
  }
  uint32_t n = 2;
  while (n < 32 && (lowest < -(int64_t{1} << (n - 1)) || highest >= int64_t{1} << (n - 1))) ++n;
  return n;
}

Netlist narrow_netlist(const CircuitView& c, std::vector<uint32_t>& outputs) {
  if (c.width <= 2) {
    outputs.assign(c.outputs, c.outputs + c.n_outputs);
    return canonicalize(c.n_inputs, c.fanin, c.table, c.n_gates, c.width);
  }
  NarrowCircuit narrow =
      decompose({c.n_inputs, c.fanin, c.table, c.n_gates, c.width}, c.outputs, c.n_outputs);
  outputs = std::move(narrow.outputs);
  return canonicalize(c.n_inputs, narrow.fanin.data(), narrow.table.data(), narrow.table.size(), 2);
}

Program lower(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
              const std::string& code_isa) {
  Program program;
  std::vector<uint32_t> outputs;
  Arrangement made;
  made.net = narrow_netlist(circuit, outputs);
  size_t n_entries = static_cast<size_t>(readout.indptr[readout.n_classes]);
  std::vector<uint32_t> roots(n_entries);
  for (size_t i = 0; i < n_entries; ++i) roots[i] = made.net.signal[outputs[readout.index[i]]];
  program.n_planes = planes_needed(readout);
  const size_t n_parts = count_entries(readout);
  // Columns and entries are numbered in 32 bits.
  if (n_parts > UINT32_MAX)
    throw std::length_error("the readout's weights have more than 2**32 bits");
  const size_t n_sums = n_parts + readout.n_classes * program.n_planes;
  if (!code_isa.empty() && n_sums > kMostCodeSums) program.no_code = NoCode::kTooLarge;
  if (!code_isa.empty() && n_sums <= kMostCodeSums) {
    for (size_t c = 0; c < readout.n_classes; ++c) plan_class(readout, c, roots, program);
    made.columns = std::exchange(program.columns, {});
    made.entries = std::exchange(program.entries, {});
    generate(made, code_isa, program);
  }
  if (!program.code) {
    program.classes.clear();
    std::vector<uint32_t> slot = schedule(made.net, roots, program);
    for (size_t c = 0; c < readout.n_classes; ++c) plan_class(readout, c, slot, program);
    program.n_gates = program.gates.size();
  } else {
    made.net.signal = {};
    program.arrangement = std::make_shared<const Arrangement>(std::move(made));
  }
  program.argmax = readout.argmax;
  program.n_features = encoder.n_features;
  program.bits = encoder.bits;
  plan_comparisons(encoder, program);
  return program;
}

}  // namespace gategrad
