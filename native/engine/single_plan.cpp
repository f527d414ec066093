#include "engine/single_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "engine/schedule.h"
#include "engine/single_layout.h"

namespace gategrad {
namespace {

// Blocks of 64 bytes that sums in bits may take: four for each weight of the readout, and a few. A
// weight alone in its block could take one for each of its bits.
constexpr size_t kBlocksAWeight = 4, kFewBlocks = 4096;

// The gates that `roots` need, level by level.
LeveledGates needed_gates(const Netlist& net, const std::vector<uint32_t>& roots) {
  size_t n = net.nodes.size();
  LeveledGates out;
  out.needed.assign(net.first_gate + n, 0);
  for (uint32_t s : roots) out.needed[s] = 1;
  for (size_t g = n; g-- > 0;) {
    if (!out.needed[net.first_gate + g]) continue;
    out.needed[net.nodes[g].a] = 1;
    out.needed[net.nodes[g].b] = 1;
  }
  std::vector<uint32_t> level(net.first_gate + n, 0);
  std::vector<size_t> count;
  for (size_t g = 0; g < n; ++g) {
    if (!out.needed[net.first_gate + g]) continue;
    uint32_t own = std::max(level[net.nodes[g].a], level[net.nodes[g].b]) + 1;
    level[net.first_gate + g] = own;
    if (own > count.size()) count.push_back(0);
    ++count[own - 1];
  }
  out.level_end.resize(count.size());
  std::partial_sum(count.begin(), count.end(), out.level_end.begin());
  std::vector<size_t> next(count.size());
  for (size_t l = 0; l < count.size(); ++l) next[l] = out.level_end[l] - count[l];
  out.gates.resize(count.empty() ? 0 : out.level_end.back());
  for (size_t g = 0; g < n; ++g)
    if (out.needed[net.first_gate + g])
      out.gates[next[level[net.first_gate + g] - 1]++] = static_cast<uint32_t>(g);
  return out;
}

// Tiles of the inputs that are needed, and the place of each input among their lanes.
void place_inputs(const Netlist& net, const std::vector<uint8_t>& needed,
                  const EncoderView& encoder, SinglePlan& plan, std::vector<uint32_t>& place) {
  Program program;
  for (uint32_t s = 2; s < net.first_gate; ++s) {
    if (!needed[s]) continue;
    program.input.push_back(s - 2);
    program.input_slot.push_back(s);
  }
  plan_tiles(encoder, program);
  if (program.tiles.size() + net.nodes.size() / 64 >= UINT32_MAX / 64)
    throw std::length_error("a row has more than 2**32 thresholds and gates");
  for (size_t t = 0; t < program.tiles.size(); ++t) {
    const Tile& tile = program.tiles[t];
    for (uint32_t i = 0; i < tile.n_lanes; ++i) {
      const Lane& lane = program.lanes[tile.first_lane + i];
      place[lane.slot] = static_cast<uint32_t>(64 * t) + lane.lane;
    }
  }
  plan.tiles = std::move(program.tiles);
}

// Of every signal, a class that counts it and its weight there, numbered, or UINT32_MAX; and how many
// numbers there are.
std::pair<std::vector<uint32_t>, size_t> groups_of(const Netlist& net,
                                                   const std::vector<uint32_t>& roots,
                                                   const ReadoutView& readout) {
  std::vector<uint32_t> of_signal(net.first_gate + net.nodes.size(), UINT32_MAX);
  std::map<std::pair<size_t, int32_t>, uint32_t> numbers;
  for (size_t c = 0; c < readout.n_classes; ++c)
    for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i) {
      const auto next = static_cast<uint32_t>(numbers.size());
      of_signal[roots[static_cast<size_t>(i)]] =
          numbers.try_emplace({c, readout.weight[i]}, next).first->second;
    }
  return {std::move(of_signal), numbers.size()};
}

// The weight of each signal in class `c`; constants go to the bias.
std::vector<WeightedSignal> class_weights(const std::vector<uint32_t>& roots,
                                          const ReadoutView& readout, size_t c, uint32_t& bias) {
  std::map<uint32_t, uint32_t> weights;
  bias = static_cast<uint32_t>(readout.bias[c]);
  for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i) {
    uint32_t signal = roots[static_cast<size_t>(i)];
    uint32_t weight = static_cast<uint32_t>(readout.weight[i]);
    if (signal < 2)
      bias += signal * weight;
    else
      weights[signal] += weight;
  }
  std::vector<WeightedSignal> out;
  for (auto [signal, weight] : weights)
    if (weight != 0) out.push_back({signal, static_cast<int32_t>(weight)});
  return out;
}

}  // namespace

BitPlan SinglePlan::bit_plan() const {
  return {lookups.data(),       windows.data(), chunks.data(),     chunk_runs.data(),
          chunk_runs.size(),    blocks.data(),  block_word.data(), columns.data(),
          class_columns.data(), bias.data(),    bias.size()};
}

BytePlan SinglePlan::byte_plan() const {
  return {operands.data(),
          short_operands.empty() ? nullptr : short_operands.data(),
          runs.data(),
          runs.size(),
          tiles.size() * 64,
          ranges.data(),
          class_ranges.data(),
          entries.data(),
          weights.data(),
          class_ones.data(),
          class_weighted.data(),
          bias.data(),
          bias.size()};
}

size_t SinglePlan::n_bytes() const {
  auto bytes = [](const auto&... v) { return ((v.size() * sizeof(v[0])) + ...); };
  return bytes(tiles, lookups, windows, chunks, chunk_runs, blocks, block_word, columns,
               class_columns, operands, short_operands, runs, ranges, class_ranges, entries,
               class_ones, class_weighted, weights, bias);
}

SinglePlan plan_inputs(const EncoderView& encoder, uint32_t n_inputs,
                       std::vector<uint32_t>& place) {
  SinglePlan plan;
  std::vector<uint32_t> of_signal(size_t{2} + n_inputs, 0);
  const Netlist net{2 + n_inputs, {}, {}};
  place_inputs(net, std::vector<uint8_t>(of_signal.size(), 1), encoder, plan, of_signal);
  place.assign(of_signal.begin() + 2, of_signal.end());
  plan.n_features = encoder.n_features;
  plan.row_of_bits = encoder.bits;
  return plan;
}

SinglePlan plan_single(const CircuitView& circuit, const ReadoutView& readout,
                       const EncoderView& encoder, Layout layout) {
  SinglePlan plan;
  std::vector<uint32_t> outputs;
  Netlist net = narrow_netlist(circuit, outputs);
  std::vector<uint32_t> roots(static_cast<size_t>(readout.indptr[readout.n_classes]));
  for (size_t i = 0; i < roots.size(); ++i) roots[i] = net.signal[outputs[readout.index[i]]];
  LeveledGates leveled = needed_gates(net, roots);
  std::vector<uint32_t> place(leveled.needed.size(), 0);
  place_inputs(net, leveled.needed, encoder, plan, place);
  plan.n_gates = leveled.gates.size();
  plan.n_features = encoder.n_features;
  plan.argmax = readout.argmax;
  plan.row_of_bits = encoder.bits;
  plan.in_bits =
      layout != Layout::kBytes && lay_out_bits(net, leveled, layout == Layout::kBits, plan, place);
  if (!plan.in_bits) {
    const auto [group, n_groups] = groups_of(net, roots, readout);
    lay_out_bytes(net, leveled, group, n_groups, plan, place);
  }
  for (size_t c = 0; c < readout.n_classes; ++c) {
    uint32_t bias;
    std::vector<WeightedSignal> weights = class_weights(roots, readout, c, bias);
    for (WeightedSignal& w : weights) w.signal = place[w.signal];
    plan.bias.push_back(static_cast<int32_t>(bias));
    (plan.in_bits ? sum_bits : sum_bytes)(std::move(weights), plan);
    if (layout == Layout::kFaster &&
        plan.blocks.size() > kBlocksAWeight * roots.size() + kFewBlocks)
      return plan_single(circuit, readout, encoder, Layout::kBytes);
  }
  return plan;
}

}  // namespace gategrad
