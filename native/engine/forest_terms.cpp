#include "engine/forest_terms.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace gategrad {
namespace {

// Comparisons of an atom, and atoms of a product, at most; and atoms of all products, a signal on
// average.
constexpr uint8_t kMostOfAtom = 64, kMostOfCube = 250;
constexpr size_t kCubeRoom = 40, kUsualCube = 8;
// What is found to be an atom may have been read as a product before.
constexpr int kPasses = 4;

bool contradict(std::span<const Edge> x, std::span<const Edge> y) {
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if ((x[i] ^ y[j]) == 1) return true;
    if (x[i] < y[j])
      ++i;
    else
      ++j;
  }
  return false;
}

Terms::Gate as_gate(const Netlist::Node& node, Edge a, Edge b, bool& out) {
  switch (node.op) {
    case Op::kAnd: out = false; return {a, b};
    case Op::kNand: out = true; return {a, b};
    case Op::kOr: out = true; return {a ^ 1, b ^ 1};
    case Op::kNor: out = false; return {a ^ 1, b ^ 1};
    case Op::kAndNot: out = false; return {a, b ^ 1};
    case Op::kOrNot: out = true; return {a ^ 1, b};
    default:
      out = (inverted(a) != inverted(b)) != (node.op == Op::kXnor);
      return {a & ~1u, b & ~1u, true};
  }
}

}  // namespace

Terms::Terms(const Netlist& net, const std::vector<uint8_t>& needed)
    : net_(net), gate_(needed.size()), edge_(needed.size()), self_(2 * needed.size()),
      role_(needed.size(), Role::kOther), size_(needed.size(), 1), cube_(needed.size(), 0),
      cube_size_(needed.size(), 0) {
  for (uint32_t e = 0; e < self_.size(); ++e) self_[e] = e;
  for (uint32_t s = 0; s < net.first_gate; ++s) {
    edge_[s] = 2 * s;
    role_[s] = s < 2 ? Role::kOther : Role::kAtom;
  }
  for (uint32_t s = net.first_gate; s < needed.size(); ++s)
    if (needed[s]) resolve(s, net.nodes[s - net.first_gate]);
  find_decisions();
  cubes_.reserve(kUsualCube * role_.size());
  for (int pass = 0; pass < kPasses && good_; ++pass) {
    again_ = false;
    cubes_.clear();
    for (uint32_t s = net.first_gate; s < needed.size() && good_; ++s)
      if (needed[s] && signal_of(edge_[s]) == s && role_[s] != Role::kAtom) classify(s);
    if (!again_) return;
  }
}

bool Terms::small(uint32_t signal) const { return size_[signal] <= kMostOfAtom; }

std::span<const Edge> Terms::cube(Edge e) const {
  const uint32_t s = signal_of(e);
  if (role_[s] == Role::kAtom) return {&self_[e], 1};
  return {cubes_.data() + cube_[s], cube_size_[s]};
}

void Terms::resolve(uint32_t signal, const Netlist::Node& node) {
  const Edge a = edge_[node.a], b = edge_[node.b];
  if (node.op == Op::kNot) {
    edge_[signal] = a ^ 1;
    return;
  }
  bool out = false;
  gate_[signal] = as_gate(node, a, b, out);
  edge_[signal] = 2 * signal ^ static_cast<Edge>(out);
  size_[signal] =
      static_cast<uint8_t>(std::min(size_[signal_of(a)] + size_[signal_of(b)], kMostOfAtom + 1));
}

// A gate is a decision where something is made with it, and the same with its complement. Most gates
// are seen not to be from whether they are read plain and inverted beside operands of one kind.
void Terms::find_decisions() {
  const auto each_operand = [&](auto visit) {
    for (uint32_t s = net_.first_gate; s < gate_.size(); ++s) {
      const Gate& gate = gate_[s];
      if (gate.a == gate.b || gate.exclusive_or) continue;
      if (signal_of(gate.a) >= net_.first_gate) visit(gate.a, gate.b);
      if (signal_of(gate.b) >= net_.first_gate) visit(gate.b, gate.a);
    }
  };
  std::vector<uint8_t> read(gate_.size(), 0);
  each_operand([&](Edge e, Edge beside) {
    const bool gate = signal_of(beside) >= net_.first_gate;
    read[signal_of(e)] |= static_cast<uint8_t>(1 << (2 * gate + inverted(e)));
  });
  const auto both = [&](Edge e) {
    return small(signal_of(e)) && ((read[signal_of(e)] & 3) == 3 || read[signal_of(e)] >= 12);
  };
  // What each of these is read beside, and below that, whether it is read inverted.
  std::vector<size_t> first(gate_.size() + 1, 0);
  each_operand([&](Edge e, Edge) { first[signal_of(e) + 1] += both(e); });
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<uint64_t> readings(first.back());
  std::vector<size_t> next(first.begin(), first.end() - 1);
  each_operand([&](Edge e, Edge beside) {
    if (both(e)) readings[next[signal_of(e)]++] = uint64_t{2} * beside | inverted(e);
  });
  for (size_t s = 0; s < gate_.size(); ++s) {
    const auto begin = readings.begin() + static_cast<ptrdiff_t>(first[s]);
    const auto end = readings.begin() + static_cast<ptrdiff_t>(first[s + 1]);
    std::sort(begin, end);
    const auto pair =
        std::adjacent_find(begin, end, [](uint64_t x, uint64_t y) { return (x ^ y) == 1; });
    if (pair != end) role_[s] = Role::kAtom;
  }
}

void Terms::classify(uint32_t signal) {
  role_[signal] = Role::kOther;
  if (gate_[signal].exclusive_or) return;
  const Edge a = gate_[signal].a, b = gate_[signal].b;
  Edge room[2 * kMostOfCube];
  if (never(a ^ 1) && never(b ^ 1)) {
    role_[signal] = Role::kAlways;
    return;
  }
  if (exclude_each_other(a ^ 1, b ^ 1)) {
    role_[signal] = Role::kSum;
    set_cube(signal, common(a ^ 1, b ^ 1, room));
    return;
  }
  if (never(a) || never(b)) {
    role_[signal] = Role::kNever;
    return;
  }
  // Beside what says where a row comes from, a decision; what are no products both are no decision.
  if (product(a) != product(b)) ask_as_atom(product(a) ? b : a);
  if (!product(a) || !product(b)) return;
  const auto x = cube(a), y = cube(b);
  const Edge* last = std::set_union(x.begin(), x.end(), y.begin(), y.end(), room);
  if (last - room > kMostOfCube) return;
  role_[signal] = contradict(x, y) ? Role::kNever : Role::kProduct;
  if (role_[signal] == Role::kProduct) set_cube(signal, {room, last});
}

bool Terms::product(Edge e) const {
  const Role role = role_[signal_of(e)];
  return role == Role::kAtom || (role == Role::kProduct && !inverted(e));
}

bool Terms::summand(Edge e) const {
  return product(e) || (role_[signal_of(e)] == Role::kSum && inverted(e));
}

// By an atom that one needs and the other must not have, or since one is the complement of a product
// that the other needs.
bool Terms::exclude_each_other(Edge x, Edge y) const {
  if (never(x) || never(y)) return true;
  if (!summand(x)) std::swap(x, y);
  if (!summand(x)) return false;
  if (summand(y)) return contradict(cube(x), cube(y));
  if (role_[signal_of(y)] != Role::kProduct) return false;
  const auto all = cube(x), needed = cube(y);
  return std::includes(all.begin(), all.end(), needed.begin(), needed.end());
}

// The atoms that two summands both need. The complement of a product needs none.
std::span<const Edge> Terms::common(Edge x, Edge y, Edge* room) const {
  if (never(x)) std::swap(x, y);
  if (!summand(x) || (!summand(y) && !never(y))) return {};
  const auto first = cube(x), second = never(y) ? first : cube(y);
  const Edge* last =
      std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), room);
  return {room, last};
}

// Of what two decisions both rule out, the decisions.
void Terms::ask_as_atom(Edge e) {
  const uint32_t s = signal_of(e);
  if (s < net_.first_gate || !small(s) || product(e)) return;
  if (!inverted(e) && role_[s] == Role::kOther && !gate_[s].exclusive_or) {
    ask_as_atom(gate_[s].a);
    ask_as_atom(gate_[s].b);
    return;
  }
  role_[s] = Role::kAtom;
  again_ = true;
}

void Terms::set_cube(uint32_t signal, std::span<const Edge> atoms) {
  cube_[signal] = static_cast<uint32_t>(cubes_.size());
  cube_size_[signal] = static_cast<uint8_t>(atoms.size());
  cubes_.insert(cubes_.end(), atoms.begin(), atoms.end());
  good_ = cubes_.size() <= kCubeRoom * role_.size();
}

namespace {

class Weighing {
 public:
  Weighing(const Terms& terms, size_t n_classes) : terms_(terms), n_(n_classes) {
    out_.weight.assign(terms.n_signals() * n_, 0);
    out_.bias.assign(n_, 0);
  }

  void add(Edge e, size_t c, uint32_t weight) {
    const uint32_t signal = signal_of(e);
    if (inverted(e)) {
      out_.bias[c] += weight;
      weight = 0u - weight;
    }
    if (signal > 1)
      out_.weight[signal * n_ + c] += weight;
    else if (signal == 1)
      out_.bias[c] += weight;
  }

  // Sums pass their weight on to what they are sums of.
  bool settle(uint32_t signal) {
    uint32_t* weight = &out_.weight[signal * n_];
    if (std::all_of(weight, weight + n_, [](uint32_t w) { return w == 0; })) return true;
    const Role role = terms_.role(signal);
    for (size_t c = 0; c < n_ && role == Role::kAlways; ++c) out_.bias[c] += weight[c];
    if (role == Role::kNever || role == Role::kAlways) std::fill_n(weight, n_, 0);
    if (role != Role::kSum) return role != Role::kOther || terms_.small(signal);
    for (size_t c = 0; c < n_; ++c) {
      const uint32_t own = weight[c];
      weight[c] = 0;
      out_.bias[c] += own;
      add(terms_.gate(signal).a ^ 1, c, 0u - own);
      add(terms_.gate(signal).b ^ 1, c, 0u - own);
    }
    return true;
  }

  TermWeights take() { return std::move(out_); }

 private:
  const Terms& terms_;
  size_t n_;
  TermWeights out_;
};

}  // namespace

std::optional<TermWeights> weigh_terms(const Terms& terms, const ReadoutView& readout,
                                       const std::vector<uint32_t>& root) {
  Weighing weighing(terms, readout.n_classes);
  for (size_t c = 0; c < readout.n_classes; ++c) {
    weighing.add(2, c, static_cast<uint32_t>(readout.bias[c]));
    for (int64_t i = readout.indptr[c]; i < readout.indptr[c + 1]; ++i)
      weighing.add(terms.edge(root[static_cast<size_t>(i)]), c,
                   static_cast<uint32_t>(readout.weight[i]));
  }
  for (size_t s = terms.n_signals(); s-- > terms.first_gate();)
    if (!weighing.settle(static_cast<uint32_t>(s))) return std::nullopt;
  return weighing.take();
}

}  // namespace gategrad
