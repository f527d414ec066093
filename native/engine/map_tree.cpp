#include "engine/map_tree.h"

#include <stdexcept>

#include "engine/lower.h"
#include "engine/schedule.h"

namespace gategrad {
namespace {

void require(bool good, const char* what) {
  if (!good) throw std::invalid_argument(what);
}

// Positions of fields of `size` along `whole` values.
size_t steps_along(size_t whole, size_t size, size_t stride) { return (whole - size) / stride + 1; }

// Operands of a tree's gates, as a circuit has them: leaves are its inputs.
std::vector<uint32_t> fanin_of(const KernelsView& kernels) {
  std::vector<uint32_t> fanin(kernels.n_nodes * kernels.inputs, 0);
  uint32_t next = 2;
  for (size_t node = 0; node < kernels.n_nodes; ++node) {
    const size_t first_level = kernels.n_leaves / kernels.inputs;
    const uint32_t pins = node < first_level ? kernels.inputs : 2;
    for (uint32_t i = 0; i < pins; ++i) fanin[node * kernels.inputs + i] = next++;
  }
  return fanin;
}

// Nodes of one tree in an order in which few values are held at a time.
class Tree {
 public:
  // `leaf`: block of each leaf in its field.
  Tree(const Netlist& net, const std::vector<uint32_t>& leaf, std::vector<MapNode>& nodes)
      : net_(net), leaf_(leaf), nodes_(nodes), uses_(net.first_gate + net.nodes.size(), 0),
        place_(uses_.size(), kNone) {}

  // Appends the nodes that make `root`; returns how many values are held at most.
  size_t append(uint32_t root) {
    if (root < net_.first_gate) {
      // Maps are copied, or constant, by a gate as well.
      const uint32_t from = root < 2 ? leaf_[0] : leaf_[root - 2];
      const Op op = root == 0 ? Op::kXor : root == 1 ? Op::kXnor : Op::kOr;
      nodes_.push_back({op, from, from, 0});
      return 1;
    }
    count_uses(root);
    visit(root);
    return n_places_;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  const Netlist::Node& node(uint32_t signal) const { return net_.nodes[signal - net_.first_gate]; }

  void count_uses(uint32_t signal) {
    if (signal < net_.first_gate || uses_[signal]++ > 0) return;
    count_uses(node(signal).a);
    if (node(signal).op != Op::kNot) count_uses(node(signal).b);
  }

  void visit(uint32_t signal) {
    if (signal < net_.first_gate || place_[signal] != kNone) return;
    const Netlist::Node& gate = node(signal);
    visit(gate.a);
    if (gate.op != Op::kNot) visit(gate.b);
    const uint32_t a = operand(gate.a), b = gate.op == Op::kNot ? a : operand(gate.b);
    // A gate may take the place of an operand that nobody else reads.
    release(gate.a);
    if (gate.op != Op::kNot) release(gate.b);
    if (free_.empty()) free_.push_back(static_cast<uint32_t>(n_places_++));
    place_[signal] = free_.back();
    free_.pop_back();
    nodes_.push_back({gate.op, a, b, place_[signal]});
  }

  uint32_t operand(uint32_t signal) const {
    return signal < net_.first_gate ? leaf_[signal - 2] : kHeld | place_[signal];
  }

  void release(uint32_t signal) {
    if (signal >= net_.first_gate && --uses_[signal] == 0) free_.push_back(place_[signal]);
  }

  const Netlist& net_;
  const std::vector<uint32_t>& leaf_;
  std::vector<MapNode>& nodes_;
  std::vector<uint32_t> uses_, place_, free_;
  size_t n_places_ = 0;
};

}  // namespace

void check_field(Pair size, Pair stride, Pair padding, const MapShape& shape) {
  require(size.first > 0 && size.second > 0 && stride.first > 0 && stride.second > 0,
          "sizes and strides are at least 1");
  require(padding.first < size.first && padding.second < size.second,
          "padding is less than a field");
  require(size.first <= shape.height + 2 * size_t{padding.first} &&
              size.second <= shape.width + 2 * size_t{padding.second},
          "a field is larger than the padded maps");
}

void check_kernels(const KernelsView& kernels, const MapShape& shape) {
  require(kernels.inputs >= 2 && kernels.out_channels > 0 && kernels.n_nodes > 0 &&
              kernels.n_leaves == (kernels.n_nodes + 1) / 2 * kernels.inputs,
          "trees have as many leaves as their gates read");
  check_field(kernels.size, kernels.stride, kernels.padding, shape);
  const size_t field = shape.channels * kernels.size.first * kernels.size.second;
  for (size_t i = 0; i < kernels.n_leaves * kernels.out_channels; ++i)
    require(kernels.leaves[i] < field, "a leaf reads no place of the field");
}

MapShape shape_behind(Pair size, Pair stride, Pair padding, const MapShape& shape,
                      size_t channels) {
  return {channels, steps_along(shape.height + 2 * size_t{padding.first}, size.first, stride.first),
          steps_along(shape.width + 2 * size_t{padding.second}, size.second, stride.second)};
}

size_t append_tree(const KernelsView& kernels, size_t channel, const std::vector<uint32_t>& leaf,
                   std::vector<MapNode>& nodes) {
  const std::vector<uint32_t> fanin = fanin_of(kernels);
  std::vector<uint64_t> table(kernels.n_nodes);
  for (size_t n = 0; n < table.size(); ++n)
    table[n] = kernels.table[n * kernels.out_channels + channel];
  const auto n_leaves = static_cast<uint32_t>(leaf.size());
  const uint32_t last = 1 + n_leaves + static_cast<uint32_t>(kernels.n_nodes);
  std::vector<uint32_t> outputs;
  const Netlist net = narrow_netlist(
      {n_leaves, fanin.data(), table.data(), table.size(), kernels.inputs, &last, 1}, outputs);
  return Tree(net, leaf, nodes).append(net.signal[outputs[0]]);
}

}  // namespace gategrad
