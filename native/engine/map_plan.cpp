#include "engine/map_plan.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/kernel.h"
#include "engine/lower.h"
#include "engine/schedule.h"

namespace gategrad {
namespace {

// Of the maps between two stages: 512 MiB, of which a thread has two.
constexpr size_t kMostBlocks = size_t{1} << 23;
// Positions that a tree is evaluated at together: a value of all of them takes 4 KiB, so that the few
// that are held at a time, and a line or two of the maps, fit a first-level cache.
constexpr size_t kPositions = 64;

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

MapPlan::MapPlan(uint32_t channels, uint32_t height, uint32_t width)
    : shape_{channels, height, width} {
  require(channels > 0 && height > 0 && width > 0, "maps without pixels");
}

void MapPlan::place(Pair border) {
  const double lines = static_cast<double>(shape_.height) + 2.0 * border.first;
  const double columns = static_cast<double>(shape_.width) + 2.0 * border.second;
  if (lines * columns * static_cast<double>(shape_.channels) > static_cast<double>(kMostBlocks))
    throw std::length_error("maps would take more than " + std::to_string(kMostBlocks) + " blocks");
  Map map{shape_, border, 0, 0, shape_.width + 2 * size_t{border.second}};
  map.plane = (shape_.height + 2 * size_t{border.first}) * map.down;
  size_t& room = room_[maps_.size() % 2];
  room = std::max(room, shape_.channels * map.plane);
  maps_.push_back(map);
}

MapPlan::Stage& MapPlan::new_stage(Pair size, Pair stride, Pair padding, size_t n_trees) {
  require(size.first > 0 && size.second > 0 && stride.first > 0 && stride.second > 0,
          "sizes and strides are at least 1");
  require(padding.first < size.first && padding.second < size.second,
          "padding is less than a field");
  const size_t height = shape_.height + 2 * size_t{padding.first};
  const size_t width = shape_.width + 2 * size_t{padding.second};
  require(size.first <= height && size.second <= width, "a field is larger than the padded maps");
  place(padding);
  Stage& stage = stages_.emplace_back();
  stage.view.n_trees = n_trees;
  stage.view.in_down = stride.first * maps_.back().down;
  stage.view.in_right = stride.second;
  stage.view.window_lines = stage.view.window_columns = 1;
  stage.view.window_down = stage.view.window_right = 1;
  shape_ = {n_trees, steps_along(height, size.first, stride.first),
            steps_along(width, size.second, stride.second)};
  return stage;
}

void MapPlan::clear_around(const Map& map, uint64_t* maps) {
  const auto clear = [&](size_t first, size_t end) {
    std::fill(maps + first * kBlockWords, maps + end * kBlockWords, 0);
  };
  const size_t above = map.border.first * map.down + map.border.second;
  if (above == 0) return;
  for (size_t c = 0; c < map.shape.channels; ++c) {
    const size_t plane = map.first + c * map.plane;
    clear(plane, plane + above);
    for (size_t y = 1; y < map.shape.height; ++y) {
      const size_t line = plane + above + y * map.down;
      clear(line - 2 * size_t{map.border.second}, line);
    }
    clear(plane + map.plane - above, plane + map.plane);
  }
}

void MapPlan::add_kernels(const KernelsView& kernels) {
  require(kernels.inputs >= 2 && kernels.out_channels > 0 && kernels.n_nodes > 0 &&
              kernels.n_leaves == (kernels.n_nodes + 1) / 2 * kernels.inputs,
          "trees have as many leaves as their gates read");
  const size_t field = shape_.channels * kernels.size.first * kernels.size.second;
  for (size_t i = 0; i < kernels.n_leaves * kernels.out_channels; ++i)
    require(kernels.leaves[i] < field, "a leaf reads no place of the field");
  Stage& stage = new_stage(kernels.size, kernels.stride, kernels.padding, kernels.out_channels);
  const std::vector<uint32_t> fanin = fanin_of(kernels);
  for (size_t c = 0; c < kernels.out_channels; ++c) add_tree(kernels, fanin, c, stage);
}

void MapPlan::add_tree(const KernelsView& kernels, const std::vector<uint32_t>& fanin,
                       size_t channel, Stage& stage) {
  const Map& map = maps_.back();
  std::vector<uint32_t> leaf(kernels.n_leaves);
  const uint32_t width = kernels.size.second, area = kernels.size.first * width;
  for (size_t i = 0; i < leaf.size(); ++i) {
    const uint32_t place = kernels.leaves[i * kernels.out_channels + channel];
    leaf[i] = static_cast<uint32_t>(place / area * map.plane + place % area / width * map.down +
                                    place % width);
  }
  std::vector<uint64_t> table(kernels.n_nodes);
  for (size_t n = 0; n < table.size(); ++n)
    table[n] = kernels.table[n * kernels.out_channels + channel];
  const auto n_leaves = static_cast<uint32_t>(leaf.size());
  const uint32_t last = 1 + n_leaves + static_cast<uint32_t>(kernels.n_nodes);
  std::vector<uint32_t> outputs;
  const Netlist net = narrow_netlist(
      {n_leaves, fanin.data(), table.data(), table.size(), kernels.inputs, &last, 1}, outputs);
  Tree tree(net, leaf, stage.nodes);
  stage.n_held = std::max(stage.n_held, tree.append(net.signal[outputs[0]]));
  stage.tree_end.push_back(static_cast<uint32_t>(stage.nodes.size()));
}

void MapPlan::add_pool(Pair size, Pair stride) {
  require(size.first > 0 && size.second > 0 && stride.first > 0 && stride.second > 0,
          "sizes and strides are at least 1");
  require(size.first <= shape_.height && size.second <= shape_.width,
          "a window is larger than the maps");
  const auto is_pooled = [](const MapStage& view) {
    return view.window_lines * view.window_columns * view.window_down * view.window_right > 1;
  };
  const bool behind_trees = !stages_.empty() && !is_pooled(stages_.back().view);
  if (!behind_trees) {
    Stage& stage = new_stage({1, 1}, {1, 1}, {0, 0}, shape_.channels);
    for (size_t c = 0; c < shape_.channels; ++c) {
      const auto map = static_cast<uint32_t>(c * maps_.back().plane);
      stage.nodes.push_back({Op::kOr, map, map, 0});
      stage.tree_end.push_back(static_cast<uint32_t>(c + 1));
    }
  }
  MapStage& view = stages_.back().view;
  view.window_lines = size.first;
  view.window_columns = size.second;
  view.window_down = stride.first;
  view.window_right = stride.second;
  shape_.height = steps_along(shape_.height, size.first, stride.first);
  shape_.width = steps_along(shape_.width, size.second, stride.second);
}

void MapPlan::finish() {
  require(!stages_.empty(), "there are no kernels");
  place({0, 0});
  for (size_t i = 1; i < maps_.size(); i += 2) maps_[i].first = room_[0];
  for (size_t i = 0; i < stages_.size(); ++i) {
    MapStage& view = stages_[i].view;
    const Map& to = maps_[i + 1];
    view.in = maps_[i].first;
    view.out = to.inside();
    view.out_plane = to.plane;
    view.out_down = to.down;
    view.lines = to.shape.height;
    view.columns = to.shape.width;
    view.columns_read = (view.columns - 1) * view.window_right + view.window_columns;
    const size_t a_line = view.window_down * view.columns_read;
    view.lines_at_once = std::clamp<size_t>(kPositions / a_line, 1, view.lines);
    view.held =
        ((view.lines_at_once - 1) * view.window_down + view.window_lines) * view.columns_read;
  }
  inputs_ = blocks_of(maps_[0]);
}

std::vector<uint32_t> MapPlan::outputs() const { return blocks_of(maps_.back()); }

std::vector<uint32_t> MapPlan::blocks_of(const Map& map) {
  std::vector<uint32_t> blocks;
  for (size_t c = 0; c < map.shape.channels; ++c)
    for (size_t y = 0; y < map.shape.height; ++y)
      for (size_t x = 0; x < map.shape.width; ++x)
        blocks.push_back(static_cast<uint32_t>(map.inside() + c * map.plane + y * map.down + x));
  return blocks;
}

size_t MapPlan::n_scratch() const {
  size_t most = 0;
  for (const Stage& stage : stages_) most = std::max(most, stage.n_held * stage.view.held);
  return most;
}

size_t MapPlan::n_gates() const {
  size_t n = 0;
  for (const Stage& stage : stages_) {
    const MapStage& view = stage.view;
    const size_t lines = (view.lines - 1) * view.window_down + view.window_lines;
    n += stage.nodes.size() * lines * view.columns_read;
    n += (view.window_lines * view.window_columns - 1) * view.n_trees * view.lines * view.columns;
  }
  return n;
}

}  // namespace gategrad
