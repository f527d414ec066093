#include "engine/few.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/generate.h"
#include "engine/schedule.h"

namespace gategrad {
namespace {

// Gates, entries of sums and slots between them, at most.
constexpr size_t kMostSteps = size_t{1} << 20;
constexpr uint32_t kNobody = UINT32_MAX;

// A signal that is counted, or its complement, with a weight of 2^plane in class `of`.
struct Entry {
  uint32_t of, plane, signal;
  bool inverted;
};

// Weights in binary; -w * x = w * (1 - x) - w. Empty where they are too many.
std::vector<Entry> entries_of(const ReadoutView& readout, const std::vector<uint32_t>& roots,
                              std::vector<int32_t>& bias) {
  std::vector<Entry> entries;
  for (size_t c = 0; c < readout.n_classes; ++c) {
    uint32_t sum = static_cast<uint32_t>(readout.bias[c]);
    for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i) {
      const int64_t weight = readout.weight[i];
      if (weight < 0) sum += static_cast<uint32_t>(weight);
      const auto size = static_cast<uint64_t>(weight < 0 ? -weight : weight);
      for (uint32_t k = 0; size >> k; ++k)
        if (size >> k & 1)
          entries.push_back(
              {static_cast<uint32_t>(c), k, roots[static_cast<size_t>(i)], weight < 0});
      if (entries.size() > kMostSteps) return {};
    }
    bias.push_back(static_cast<int32_t>(sum));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) {
    return std::pair(x.of, x.plane) < std::pair(y.of, y.plane);
  });
  return entries;
}

Netlist::Node complement(const Netlist::Node& node) {
  switch (node.op) {
    case Op::kAnd: return {Op::kNand, node.a, node.b};
    case Op::kNand: return {Op::kAnd, node.a, node.b};
    case Op::kOr: return {Op::kNor, node.a, node.b};
    case Op::kNor: return {Op::kOr, node.a, node.b};
    case Op::kXor: return {Op::kXnor, node.a, node.b};
    case Op::kXnor: return {Op::kXor, node.a, node.b};
    case Op::kAndNot: return {Op::kOrNot, node.b, node.a};
    case Op::kOrNot: return {Op::kAndNot, node.b, node.a};
    default: return {Op::kOr, node.a, node.a};
  }
}

class Planner {
 public:
  Planner(const Netlist& net, FewProgram& program)
      : net_(net), program_(program), slot_(net.first_gate + net.nodes.size(), 0),
        flipped_(slot_.size(), 0) {
    slot_[1] = kTrueSlot;
  }

  void place_inputs(const std::vector<uint8_t>& needed, const EncoderView& encoder) {
    Program& inputs = program_.inputs;
    for (uint32_t s = 2; s < net_.first_gate; ++s) {
      if (!needed[s]) continue;
      slot_[s] = static_cast<uint32_t>(inputs.n_slots++);
      inputs.input.push_back(s - 2);
      inputs.input_slot.push_back(slot_[s]);
    }
    inputs.n_features = encoder.n_features;
    inputs.bits = encoder.bits;
    plan_comparisons(encoder, inputs);
    program_.n_slots = inputs.n_slots;
  }

  void add(uint32_t signal, const Netlist::Node& node) { slot_[signal] = push(node); }

  // The entries of one column; those that own their gate evaluate it, the others are copies.
  void add_column(const Entry* first, const Entry* last, const std::vector<uint32_t>& owner,
                  const Entry* all) {
    struct Step {
      bool copy;
      Netlist::Node node;
      uint32_t signal;
      bool inverted;
    };
    std::vector<Step> steps;
    for (const Entry* e = first; e != last; ++e) {
      const bool own = owner[e->signal] == static_cast<uint32_t>(e - all);
      if (!own) {
        steps.push_back({true, {Op::kOr, e->signal, e->signal}, e->signal, e->inverted});
        continue;
      }
      const Netlist::Node& node = net_.nodes[e->signal - net_.first_gate];
      steps.push_back({false, e->inverted ? complement(node) : node, e->signal, e->inverted});
    }
    // Copies come last: what they read may be of the same column.
    std::sort(steps.begin(), steps.end(), [](const Step& x, const Step& y) {
      return std::tuple(x.copy, x.node.op, x.node.a, x.node.b) <
             std::tuple(y.copy, y.node.op, y.node.a, y.node.b);
    });
    align();
    const size_t begin = program_.n_slots;
    for (Step& step : steps) {
      if (step.copy && step.inverted != (flipped_[step.signal] != 0)) step.node.op = Op::kNot;
      const uint32_t slot = push(step.node);
      if (step.copy) continue;
      slot_[step.signal] = slot;
      flipped_[step.signal] = step.inverted;
    }
    align();
    program_.columns.push_back({first->plane, static_cast<uint32_t>(begin),
                                static_cast<uint32_t>((program_.n_slots - begin) / kColumnSlots)});
  }

  void align() {
    program_.n_slots = (program_.n_slots + kColumnSlots - 1) / kColumnSlots * kColumnSlots;
  }

 private:
  uint32_t push(const Netlist::Node& node) {
    const auto slot = static_cast<uint32_t>(program_.n_slots++);
    std::vector<FewRun>& runs = program_.runs;
    if (runs.empty() || runs.back().op != node.op || runs.back().first + runs.back().count != slot)
      runs.push_back({node.op, 0, slot});
    ++runs.back().count;
    program_.pairs.push_back(slot_[node.a] | uint64_t{slot_[node.b]} << 32);
    return slot;
  }

  const Netlist& net_;
  FewProgram& program_;
  std::vector<uint32_t> slot_;    // of every signal
  std::vector<uint8_t> flipped_;  // of every signal: its slot holds the complement
};

// For every signal the entry that evaluates it, or kNobody: gates that no other gate reads belong to
// the first entry that counts them.
std::vector<uint32_t> owners(const Netlist& net, const std::vector<uint8_t>& needed,
                             const std::vector<Entry>& entries) {
  std::vector<uint8_t> read(needed.size(), 0);
  for (size_t g = 0; g < net.nodes.size(); ++g)
    if (needed[net.first_gate + g]) read[net.nodes[g].a] = read[net.nodes[g].b] = 1;
  std::vector<uint32_t> owner(needed.size(), kNobody);
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint32_t signal = entries[i].signal;
    if (signal >= net.first_gate && !read[signal] && owner[signal] == kNobody)
      owner[signal] = static_cast<uint32_t>(i);
  }
  return owner;
}

// Operands in 16 bits each where they fit.
void shorten(FewProgram& program) {
  if (program.n_slots > size_t{1} << 16) return;
  program.short_pairs.reserve(program.pairs.size() + 1);
  for (uint64_t pair : program.pairs)
    program.short_pairs.push_back(static_cast<uint32_t>(pair | pair >> 16));
  program.short_pairs.push_back(0);  // never empty
  program.pairs = {};
}

}  // namespace

std::unique_ptr<const FewProgram> plan_few(const CircuitView& circuit, const ReadoutView& readout,
                                           const EncoderView& encoder, const Program& blocks,
                                           const std::string& isa) {
  if (circuit.n_gates + circuit.n_inputs + kColumnSlots * readout.n_classes > kMostSteps)
    return nullptr;
  auto program = std::make_unique<FewProgram>();
  if (auto code = generate_narrow(blocks, isa)) {
    Program& inputs = program->inputs = blocks;
    inputs.code = std::move(code);
    inputs.arrangement = nullptr;
    program->n_slots = inputs.n_slots + inputs.classes.size() * inputs.n_planes;
    return program;
  }
  std::vector<uint32_t> outputs;
  const Netlist net = narrow_netlist(circuit, outputs);
  std::vector<uint32_t> roots(static_cast<size_t>(readout.indptr[readout.n_classes]));
  for (size_t i = 0; i < roots.size(); ++i) roots[i] = net.signal[outputs[readout.index[i]]];
  std::vector<int32_t> bias;
  const std::vector<Entry> entries = entries_of(readout, roots, bias);
  if (bias.size() < readout.n_classes || net.nodes.size() + entries.size() > kMostSteps)
    return nullptr;
  std::vector<uint8_t> needed = mark_needed(net, roots);
  const std::vector<uint32_t> owner = owners(net, needed, entries);
  Planner planner(net, *program);
  planner.place_inputs(needed, encoder);
  for (uint32_t signal = net.first_gate; signal < owner.size(); ++signal)
    if (owner[signal] != kNobody) needed[signal] = 0;
  for (uint32_t gate : order_gates(net, needed))
    planner.add(net.first_gate + gate, net.nodes[gate]);
  const Entry* entry = entries.data();
  const Entry* end = entry + entries.size();
  for (uint32_t c = 0; c < readout.n_classes; ++c) {
    FewClass sum{0, bias[c]};
    while (entry != end && entry->of == c) {
      const Entry* next = entry;
      while (next != end && next->of == c && next->plane == entry->plane) ++next;
      planner.add_column(entry, next, owner, entries.data());
      ++sum.n_columns;
      entry = next;
    }
    program->classes.push_back(sum);
  }
  planner.align();
  program->n_planes = planes_needed(readout);
  shorten(*program);
  return program;
}

}  // namespace gategrad
