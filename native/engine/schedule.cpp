#include "engine/schedule.h"

#include <algorithm>
#include <numeric>

#include "circuit/table.h"

namespace gategrad {
namespace {

constexpr uint32_t kNoSlot = UINT32_MAX;
constexpr size_t kOps = 9;

// The canonical operation of a table that depends on both operands, or on one alone.
Netlist::Node operation(uint64_t t, uint32_t a, uint32_t b) {
  switch (t) {
    case 0x8: return {Op::kAnd, a, b};
    case 0xE: return {Op::kOr, a, b};
    case 0x6: return {Op::kXor, a, b};
    case 0x9: return {Op::kXnor, a, b};
    case 0x7: return {Op::kNand, a, b};
    case 0x1: return {Op::kNor, a, b};
    case 0x2: return {Op::kAndNot, a, b};
    case 0x4: return {Op::kAndNot, b, a};
    case 0xB: return {Op::kOrNot, a, b};
    case 0xD: return {Op::kOrNot, b, a};
    case 0x5: return {Op::kNot, a, a};
    default: return {Op::kNot, b, b};
  }
}

class Slots {
 public:
  explicit Slots(size_t n_signals) : slot_(n_signals, kNoSlot), last_use_(n_signals, 0) {
    slot_[0] = kFalseSlot;
    slot_[1] = kTrueSlot;
  }

  void assign(uint32_t signal) {
    if (free_.empty()) {
      slot_[signal] = static_cast<uint32_t>(n_slots_++);
    } else {
      slot_[signal] = free_.back();
      free_.pop_back();
    }
  }

  void release(uint32_t signal) {
    if (signal >= 2) free_.push_back(slot_[signal]);
  }

  uint32_t operator[](uint32_t signal) const { return slot_[signal]; }
  size_t& last_use(uint32_t signal) { return last_use_[signal]; }
  size_t count() const { return n_slots_; }

 private:
  std::vector<uint32_t> slot_;
  std::vector<size_t> last_use_;
  std::vector<uint32_t> free_;
  size_t n_slots_ = 2;
};

}  // namespace

std::vector<uint8_t> mark_needed(const Netlist& net, const std::vector<uint32_t>& roots) {
  std::vector<uint8_t> needed(net.first_gate + net.nodes.size(), 0);
  for (uint32_t s : roots) needed[s] = 1;
  for (size_t g = net.nodes.size(); g-- > 0;) {
    if (!needed[net.first_gate + g]) continue;
    needed[net.nodes[g].a] = 1;
    needed[net.nodes[g].b] = 1;
  }
  return needed;
}

std::vector<uint32_t> order_gates(const Netlist& net, const std::vector<uint8_t>& needed) {
  size_t n = net.nodes.size();
  std::vector<uint32_t> level(net.first_gate + n, 0);
  std::vector<uint32_t> order;
  uint32_t top = 0;
  for (size_t g = 0; g < n; ++g) {
    uint32_t s = net.first_gate + static_cast<uint32_t>(g);
    if (!needed[s]) continue;
    level[s] = 1 + std::max(level[net.nodes[g].a], level[net.nodes[g].b]);
    top = std::max(top, level[s]);
    order.push_back(static_cast<uint32_t>(g));
  }
  auto bucket = [&](uint32_t g) {
    return size_t{level[net.first_gate + g] - 1} * kOps + static_cast<size_t>(net.nodes[g].op);
  };
  std::vector<size_t> start(size_t{top} * kOps + 1, 0);
  for (uint32_t g : order) ++start[bucket(g) + 1];
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<uint32_t> sorted(order.size());
  std::vector<size_t> next(start.begin(), start.end() - 1);
  for (uint32_t g : order) sorted[next[bucket(g)]++] = g;
  for (size_t i = 0; i + 1 < start.size(); ++i)
    std::sort(sorted.begin() + static_cast<ptrdiff_t>(start[i]),
              sorted.begin() + static_cast<ptrdiff_t>(start[i + 1]), [&](uint32_t x, uint32_t y) {
                return std::pair(net.nodes[x].a, x) < std::pair(net.nodes[y].a, y);
              });
  return sorted;
}

Netlist canonicalize(uint32_t n_inputs, const uint32_t* fanin, const uint64_t* table,
                     size_t n_gates, size_t width) {
  Netlist net;
  net.first_gate = 2 + n_inputs;
  net.nodes.resize(n_gates);
  net.signal.resize(net.first_gate + n_gates);
  std::iota(net.signal.begin(), net.signal.begin() + net.first_gate, 0u);
  for (size_t g = 0; g < n_gates; ++g) {
    uint32_t a = width > 0 ? net.signal[fanin[g * width]] : 0;
    uint32_t b = width > 1 ? net.signal[fanin[g * width + 1]] : 0;
    uint64_t t = table::spread(table[g], 2);
    if (a < 2) t = a ? table::cofactor1(t, 0) : table::cofactor0(t, 0);
    if (b < 2) t = b ? table::cofactor1(t, 1) : table::cofactor0(t, 1);
    t = table::shrink(t, 2);
    uint32_t own = net.first_gate + static_cast<uint32_t>(g);
    if (t == 0x0 || t == 0xF) {
      net.signal[own] = t & 1;
    } else if (t == 0xA || t == 0xC) {
      net.signal[own] = t == 0xA ? a : b;
    } else {
      net.nodes[g] = operation(t, a, b);
      net.signal[own] = own;
    }
  }
  return net;
}

std::vector<uint32_t> schedule(const Netlist& net, const std::vector<uint32_t>& roots,
                               Program& program) {
  std::vector<uint8_t> needed = mark_needed(net, roots);
  std::vector<uint32_t> order = order_gates(net, needed);
  Slots slots(needed.size());
  for (size_t i = 0; i < order.size(); ++i) {
    slots.last_use(net.nodes[order[i]].a) = i;
    slots.last_use(net.nodes[order[i]].b) = i;
  }
  for (uint32_t s : roots) slots.last_use(s) = order.size();
  for (uint32_t s = 2; s < net.first_gate; ++s) {
    if (!needed[s]) continue;
    slots.assign(s);
    program.input.push_back(s - 2);
    program.input_slot.push_back(slots[s]);
  }
  program.gates.reserve(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const Netlist::Node& node = net.nodes[order[i]];
    uint32_t own = net.first_gate + order[i];
    // Operands are read before the result is written, so the result may take over their slot.
    if (slots.last_use(node.a) == i) slots.release(node.a);
    if (node.b != node.a && slots.last_use(node.b) == i) slots.release(node.b);
    uint32_t a = slots[node.a], b = slots[node.b];
    slots.assign(own);
    program.gates.push_back({a, b, slots[own]});
    if (program.runs.empty() || program.runs.back().op != node.op ||
        program.runs.back().count == UINT32_MAX)
      program.runs.push_back({node.op, 0});
    ++program.runs.back().count;
  }
  program.n_slots = slots.count();
  std::vector<uint32_t> result(roots.size());
  for (size_t i = 0; i < roots.size(); ++i) result[i] = slots[roots[i]];
  return result;
}

}  // namespace gategrad
