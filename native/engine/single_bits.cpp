// The layout in bits: chunks of 64 gates of one level, looked up in as few windows as possible.
#include <algorithm>
#include <map>
#include <stdexcept>

#include "engine/single_layout.h"

namespace gategrad {
namespace {

// Measured on Zen 4, in cycles. In bits: a look-up, a chunk, the wait for a level's last results;
// in bytes: a gate, and a run of one operation.
constexpr double kLookupCycles = 5, kChunkCycles = 5, kLevelCycles = 12;
constexpr double kByteGateCycles = 1.6, kByteRunCycles = 3.6;
constexpr size_t kOperations = 9;

// A gate with its operands' places, the one in the lower window first.
struct Placed {
  uint32_t gate, a, b;
  bool binary;
  bool one, on_a, on_b, on_ab;  // coefficients of its polynomial

  uint32_t window_a() const { return a / kWindowSignals; }
  uint32_t window_b() const { return b / kWindowSignals; }
};

Placed placed(const Netlist& net, uint32_t gate, const std::vector<uint32_t>& place) {
  const Netlist::Node& node = net.nodes[gate];
  Placed p{gate, place[node.a], place[node.b], node.op != Op::kNot, false, false, false, false};
  switch (node.op) {
    case Op::kNot: p.one = p.on_a = true; break;
    case Op::kAnd: p.on_ab = true; break;
    case Op::kOr: p.on_a = p.on_b = p.on_ab = true; break;
    case Op::kXor: p.on_a = p.on_b = true; break;
    case Op::kXnor: p.one = p.on_a = p.on_b = true; break;
    case Op::kNand: p.one = p.on_ab = true; break;
    case Op::kNor: p.one = p.on_a = p.on_b = p.on_ab = true; break;
    case Op::kAndNot: p.on_a = p.on_ab = true; break;
    case Op::kOrNot: p.one = p.on_b = p.on_ab = true; break;
  }
  if (p.binary && p.window_a() > p.window_b()) {
    std::swap(p.a, p.b);
    std::swap(p.on_a, p.on_b);
  }
  return p;
}

// By window of a, then of b; b's direction alternates, so that neighbours across a step of a share
// b's window more often.
bool before(const Placed& x, const Placed& y) {
  if (x.window_a() != y.window_a()) return x.window_a() < y.window_a();
  if (x.window_b() != y.window_b()) return (x.window_b() < y.window_b()) == (x.window_a() % 2 == 0);
  return x.gate < y.gate;
}

// Up to 64 gates and the windows that their operands lie in.
struct Chunk {
  const Placed* gates;
  size_t count;
  std::vector<uint32_t> windows_a, windows_b;
};

void add_window(std::vector<uint32_t>& windows, uint32_t window) {
  if (std::find(windows.begin(), windows.end(), window) == windows.end()) windows.push_back(window);
}

std::vector<Chunk> cut(const std::vector<Placed>& gates) {
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < gates.size(); i += 64) {
    Chunk chunk{&gates[i], std::min<size_t>(64, gates.size() - i), {}, {}};
    for (size_t j = 0; j < chunk.count; ++j) {
      add_window(chunk.windows_a, chunk.gates[j].window_a());
      if (chunk.gates[j].binary) add_window(chunk.windows_b, chunk.gates[j].window_b());
    }
    chunks.push_back(std::move(chunk));
  }
  std::stable_sort(chunks.begin(), chunks.end(), [](const Chunk& x, const Chunk& y) {
    return std::pair(x.windows_a.size(), x.windows_b.size()) <
           std::pair(y.windows_a.size(), y.windows_b.size());
  });
  return chunks;
}

void add_lookup(const Chunk& chunk, uint32_t window, bool of_b, SinglePlan& plan) {
  Lookup lookup{};
  for (size_t i = 0; i < chunk.count; ++i) {
    const Placed& p = chunk.gates[i];
    uint32_t signal = of_b ? p.b : p.a;
    if ((of_b && !p.binary) || signal / kWindowSignals != window) continue;
    lookup.byte[i] = static_cast<uint8_t>(signal % kWindowSignals / 8);
    lookup.bit[i] = static_cast<uint8_t>(1u << signal % 8);
  }
  plan.lookups.push_back(lookup);
  plan.windows.push_back(window * kWindowWords);
}

void add_chunk(const Chunk& chunk, uint32_t first_signal, SinglePlan& plan,
               std::vector<uint32_t>& place, uint32_t first_gate) {
  for (uint32_t window : chunk.windows_a) add_lookup(chunk, window, false, plan);
  for (uint32_t window : chunk.windows_b) add_lookup(chunk, window, true, plan);
  Polynomials polynomials{};
  for (uint32_t i = 0; i < chunk.count; ++i) {
    const Placed& p = chunk.gates[i];
    polynomials.one |= uint64_t{p.one} << i;
    polynomials.a |= uint64_t{p.on_a} << i;
    polynomials.b |= uint64_t{p.on_b} << i;
    polynomials.ab |= uint64_t{p.on_ab} << i;
    place[first_gate + p.gate] = first_signal + i;
  }
  plan.chunks.push_back(polynomials);
  uint32_t n_a = static_cast<uint32_t>(chunk.windows_a.size());
  uint32_t n_b = static_cast<uint32_t>(chunk.windows_b.size());
  auto& runs = plan.chunk_runs;
  bool goes_on = !runs.empty() && runs.back().n_a == n_a && runs.back().n_b == n_b &&
                 runs.back().first_word + runs.back().count == first_signal / 64;
  if (!goes_on) runs.push_back({n_a, n_b, 0, first_signal / 64});
  ++runs.back().count;
}

size_t next_window(size_t signals) {
  return (signals + kWindowSignals - 1) / kWindowSignals * kWindowSignals;
}

double bit_cycles(const SinglePlan& plan, size_t n_levels) {
  return kLookupCycles * static_cast<double>(plan.lookups.size()) +
         kChunkCycles * static_cast<double>(plan.chunks.size()) +
         kLevelCycles * static_cast<double>(n_levels);
}

double byte_cycles(size_t n_gates, size_t n_runs) {
  return kByteGateCycles * static_cast<double>(n_gates) +
         kByteRunCycles * static_cast<double>(n_runs);
}

}  // namespace

bool lay_out_bits(const Netlist& net, const LeveledGates& leveled, bool must, SinglePlan& plan,
                  std::vector<uint32_t>& place) {
  size_t signals = next_window(plan.tiles.size() * 64), first = 0, n_runs = 0;
  for (size_t level = 0; level < leveled.level_end.size(); ++level) {
    size_t end = leveled.level_end[level];
    n_runs += std::min(end - first, kOperations);
    std::vector<Placed> gates;
    gates.reserve(end - first);
    for (; first < end; ++first) gates.push_back(placed(net, leveled.gates[first], place));
    std::sort(gates.begin(), gates.end(), before);
    for (const Chunk& chunk : cut(gates)) {
      add_chunk(chunk, static_cast<uint32_t>(signals), plan, place, net.first_gate);
      signals += 64;
    }
    // A level starts a window: a load that meets a store still under way would have to wait.
    signals = next_window(signals);
    // A plan may be behind for a while; it is given up early where look-ups explode.
    size_t slack = level + 1 == leveled.level_end.size() ? 0 : 4096;
    if (signals > UINT32_MAX - kWindowSignals) throw std::length_error("a row has 2**32 signals");
    if (!must && bit_cycles(plan, level + 1) > byte_cycles(end + slack, n_runs)) {
      plan.lookups = {};
      plan.windows = {};
      plan.chunks = {};
      plan.chunk_runs = {};
      return false;
    }
  }
  plan.n_signals = signals;
  return true;
}

void sum_bits(std::vector<WeightedSignal> weights, SinglePlan& plan) {
  std::map<std::pair<uint32_t, bool>, std::vector<uint32_t>> columns;
  for (const WeightedSignal& w : weights) {
    bool negative = w.weight < 0;
    uint32_t size =
        negative ? 0u - static_cast<uint32_t>(w.weight) : static_cast<uint32_t>(w.weight);
    for (uint32_t shift = 0; size >> shift; ++shift) {
      if (size >> shift & 1) columns[{shift, negative}].push_back(w.signal);
      if (shift == 31) break;
    }
  }
  plan.class_columns.push_back(static_cast<uint32_t>(columns.size()));
  for (auto& [key, signals] : columns) {
    std::sort(signals.begin(), signals.end());
    CountedColumn column{0, key.first, key.second};
    for (size_t i = 0; i < signals.size(); ++i) {
      if (i == 0 || signals[i] / 512 != signals[i - 1] / 512) {
        plan.blocks.push_back({});
        plan.block_word.push_back(signals[i] / 512 * 8);
        ++column.count;
      }
      plan.blocks.back().mask[signals[i] % 512 / 64] |= uint64_t{1} << signals[i] % 64;
    }
    plan.columns.push_back(column);
  }
}

}  // namespace gategrad
