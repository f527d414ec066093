#include "engine/position_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <tuple>

namespace gategrad {
namespace {

// Of all planes, and gates of all planes: beyond, a row's planes would not stay in a cache, nor be
// worth a plan.
constexpr double kMostBytes = 1 << 24, kMostNodes = 1 << 20;
constexpr size_t kMostInGroup = 8;
// Measured on Zen 4: what a gate takes beside its blocks, and a byte that is copied.
constexpr double kNodeCycles = 4, kCopyCycles = 1.3;

constexpr int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0); }
constexpr size_t padded(size_t n) {
  return (n + kPositionBlock - 1) / kPositionBlock * kPositionBlock;
}

// Coefficients of a gate: of 1, a, b and ab.
std::tuple<bool, bool, bool, bool> polynomial(Op op) {
  switch (op) {
    case Op::kNot: return {true, true, false, false};
    case Op::kAnd: return {false, false, false, true};
    case Op::kOr: return {false, true, true, true};
    case Op::kXor: return {false, true, true, false};
    case Op::kXnor: return {true, true, true, false};
    case Op::kNand: return {true, false, false, true};
    case Op::kNor: return {true, true, true, true};
    case Op::kAndNot: return {false, true, false, true};
    case Op::kOrNot: return {true, false, true, true};
  }
  return {};
}

PositionNode node_of(Op op) {
  const auto [one, a, b, ab] = polynomial(op);
  const auto bytes = [](bool set) { return set ? 0x01010101u : 0u; };
  return {bytes(one), bytes(a), bytes(b), bytes(ab), 0, 0, 0, 0};
}

// Lines, or columns, from a position in a plane to that of a leaf `at` in its field: planes on, and
// which of the planes of the map.
std::pair<int64_t, size_t> moved(size_t of_plane, size_t at, uint32_t stride, uint32_t padding,
                                 uint32_t scale_in) {
  const int64_t to = static_cast<int64_t>(of_plane * stride + at) - padding;
  const int64_t on = floor_of(to, scale_in);
  return {on, static_cast<size_t>(to - on * scale_in)};
}

// How far leaves reach beyond a position of a plane.
size_t reach_of(uint32_t size, uint32_t stride, uint32_t padding, uint32_t scale_out) {
  const int64_t scale_in = int64_t{scale_out} * stride;
  const int64_t last = scale_in - stride + size - 1 - padding;
  return static_cast<size_t>(std::max(-floor_of(-int64_t{padding}, scale_in),
                                      std::max<int64_t>(floor_of(last, scale_in), 0)));
}

size_t divided(size_t n, size_t by) { return (n + by - 1) / by; }

}  // namespace

PositionPlan::PositionPlan(uint32_t channels, uint32_t height, uint32_t width, double block_cycles)
    : block_cycles_(block_cycles), shape_{channels, height, width} {
  if (channels == 0 || height == 0 || width == 0)
    throw std::invalid_argument("maps without pixels");
}

PositionPlan::Stage& PositionPlan::new_stage(Pair size, Pair stride, Pair padding,
                                             size_t channels) {
  check_field(size, stride, padding, shape_);
  Stage& stage = stages_.emplace_back();
  stage.size = size;
  stage.stride = stride;
  stage.padding = padding;
  stage.in = shape_;
  stage.out = shape_ = shape_behind(size, stride, padding, shape_, channels);
  return stage;
}

void PositionPlan::add_kernels(const KernelsView& kernels) {
  check_kernels(kernels, shape_);
  Stage& stage = new_stage(kernels.size, kernels.stride, kernels.padding, kernels.out_channels);
  std::vector<uint32_t> operand(kernels.n_leaves);
  for (uint32_t i = 0; i < operand.size(); ++i) operand[i] = i;
  for (size_t c = 0; c < kernels.out_channels; ++c) {
    Tree tree{std::vector<uint32_t>(kernels.n_leaves), stage.nodes.size(), 0};
    for (size_t i = 0; i < kernels.n_leaves; ++i)
      tree.leaf[i] = kernels.leaves[i * kernels.out_channels + c];
    stage.n_held = std::max(stage.n_held, append_tree(kernels, c, operand, stage.nodes));
    tree.end = stage.nodes.size();
    stage.trees.push_back(std::move(tree));
  }
}

void PositionPlan::add_pool(Pair size, Pair stride) {
  Stage& stage = new_stage(size, stride, {0, 0}, shape_.channels);
  const uint32_t area = size.first * size.second;
  if (static_cast<double>(size.first) * size.second * static_cast<double>(stage.in.channels) >
      kMostNodes)
    throw std::length_error("windows have too many values for planes of positions");
  for (uint32_t c = 0; c < stage.in.channels; ++c) {
    Tree tree{{}, stage.nodes.size(), 0};
    for (uint32_t i = 0; i < area; ++i) tree.leaf.push_back(c * area + i);
    stage.nodes.push_back({Op::kOr, 0, area > 1 ? 1u : 0u, 0});
    for (uint32_t i = 2; i < area; ++i) stage.nodes.push_back({Op::kOr, kHeld, i, 0});
    tree.end = stage.nodes.size();
    stage.trees.push_back(std::move(tree));
  }
}

PositionPlan::Grid PositionPlan::grid_of(size_t first, size_t end) const {
  Grid grid;
  grid.scale.resize(end - first + 1, {1, 1});
  double most_scale = 1;
  size_t reach_lines = 0, reach_columns = 0, n_held = 1;
  for (size_t k = end; k-- > first;) {
    const Stage& stage = stages_[k];
    const Pair after = grid.scale[k - first + 1];
    most_scale =
        static_cast<double>(after.first) * stage.stride.first * after.second * stage.stride.second;
    if (most_scale > kMostNodes) break;
    grid.scale[k - first] = {after.first * stage.stride.first, after.second * stage.stride.second};
    reach_lines = std::max(reach_lines, reach_of(stage.size.first, stage.stride.first,
                                                 stage.padding.first, after.first));
    reach_columns = std::max(reach_columns, reach_of(stage.size.second, stage.stride.second,
                                                     stage.padding.second, after.second));
    n_held = std::max(n_held, stage.n_held);
  }
  for (size_t k = first; k <= end; ++k) {
    const MapShape& shape = k < end ? stages_[k].in : stages_[end - 1].out;
    grid.lines = std::max(grid.lines, divided(shape.height, grid.scale[k - first].first));
    grid.columns = std::max(grid.columns, divided(shape.width, grid.scale[k - first].second));
  }
  grid.pitch = grid.columns + reach_columns;
  grid.reach = reach_lines * grid.pitch + reach_columns;
  const size_t used = grid.lines * grid.pitch;
  grid.n_blocks = padded(used) / kPositionBlock;
  // What lies between the values of one plane and those of the next one is 0.
  const size_t zeros = grid.n_blocks * kPositionBlock - used + grid.pitch - grid.columns;
  grid.plane =
      grid.n_blocks * kPositionBlock + (grid.reach > zeros ? padded(grid.reach - zeros) : 0);
  double nodes = 0;
  double planes = static_cast<double>(n_held + 2 * (end - first + 2)) +
                  static_cast<double>(stages_[first].in.channels) * most_scale;
  for (size_t k = first; k < end; ++k) {
    const Pair after = grid.scale[k - first + 1];
    const double phases = static_cast<double>(after.first) * after.second;
    nodes += static_cast<double>(stages_[k].nodes.size()) * phases;
    planes += static_cast<double>(stages_[k].out.channels) * phases;
  }
  const double memory = planes * static_cast<double>(grid.plane);
  grid.cycles = nodes * (kNodeCycles + block_cycles_ * static_cast<double>(grid.n_blocks)) +
                kCopyCycles * static_cast<double>(stages_[first].in.size());
  if (most_scale > kMostNodes || nodes > kMostNodes || memory > kMostBytes)
    grid.cycles = std::numeric_limits<double>::infinity();
  return grid;
}

std::pair<std::vector<size_t>, std::vector<double>> PositionPlan::grouped() const {
  const size_t n = stages_.size();
  std::vector<size_t> begin(n + 1, 0);
  std::vector<double> cycles(n + 1, std::numeric_limits<double>::infinity());
  cycles[0] = 0;
  for (size_t end = 1; end <= n; ++end)
    for (size_t first = end; first-- > 0 && end - first <= kMostInGroup;) {
      if (!std::isfinite(cycles[first])) continue;
      const double all = cycles[first] + grid_of(first, end).cycles;
      if (all < cycles[end]) {
        cycles[end] = all;
        begin[end] = first;
      }
    }
  return {begin, cycles};
}

std::vector<double> PositionPlan::cycles() const {
  std::vector<double> all = grouped().second;
  all.erase(all.begin());
  return all;
}

std::vector<size_t> PositionPlan::gates() const {
  std::vector<size_t> all;
  for (const Stage& stage : stages_)
    all.push_back(stage.nodes.size() * stage.out.height * stage.out.width);
  return all;
}

PositionPlan::Planes PositionPlan::planes(const MapShape& shape, Pair scale, const Grid& grid) {
  // Gates read up to `reach` bytes beyond what they write.
  const size_t around = padded(grid.reach);
  const Planes made{n_bytes_ + around, scale};
  n_bytes_ = made.of(shape.channels, 0, 0, grid) + around;
  return made;
}

uint32_t PositionPlan::mask(const MapShape& shape, Pair scale, size_t y, size_t x,
                            const Grid& grid) {
  std::vector<uint8_t> ones(grid.n_blocks * kPositionBlock, 0);
  for (size_t l = 0; l * scale.first + y < shape.height; ++l)
    for (size_t c = 0; c * scale.second + x < shape.width; ++c) ones[l * grid.pitch + c] = 1;
  const size_t size = ones.size();
  const auto [at, is_new] = masks_.try_emplace(std::move(ones), static_cast<uint32_t>(n_bytes_));
  if (is_new) n_bytes_ += size;
  return at->second;
}

void PositionPlan::add_copy(size_t from, size_t to) {
  const auto source = static_cast<uint32_t>(from), target = static_cast<uint32_t>(to);
  if (!copies_.empty() && groups_.back().n_copies > 0) {
    PositionCopy& last = copies_.back();
    const bool follows = last.to + last.count == target && source > last.from;
    if (follows && last.count == 1) last.step = source - last.from;
    if (follows && source == last.from + last.count * last.step) {
      ++last.count;
      return;
    }
  }
  copies_.push_back({source, target, 1, 1});
  ++groups_.back().n_copies;
}

// `from(c, y, x)`: the byte of a value of the maps.
template <typename From>
void PositionPlan::copy_into(const Planes& to, const MapShape& shape, const Grid& grid, From from) {
  for (size_t c = 0; c < shape.channels; ++c)
    for (size_t py = 0; py < to.scale.first; ++py)
      for (size_t px = 0; px < to.scale.second; ++px)
        for (size_t y = 0; y * to.scale.first + py < shape.height; ++y)
          for (size_t x = 0; x * to.scale.second + px < shape.width; ++x)
            add_copy(from(c, y * to.scale.first + py, x * to.scale.second + px),
                     to.of(c, py, px, grid) + y * grid.pitch + x);
}

void PositionPlan::add_stage(const Stage& stage, const Planes& in, const Planes& out,
                             const Grid& grid, size_t scratch) {
  const size_t value = grid.n_blocks * kPositionBlock, width = stage.size.second;
  const size_t area = stage.size.first * width;
  const MapShape whole{1, grid.lines, grid.columns};
  const uint32_t all = mask(whole, {1, 1}, 0, 0, grid);
  uint32_t n_nodes = 0;
  for (size_t t = 0; t < stage.trees.size(); ++t)
    for (size_t py = 0; py < out.scale.first; ++py)
      for (size_t px = 0; px < out.scale.second; ++px) {
        const Tree& tree = stage.trees[t];
        const auto operand = [&](uint32_t of) {
          if (of & kHeld) return static_cast<uint32_t>(scratch + (of & ~kHeld) * value);
          const size_t place = tree.leaf[of];
          const auto [down, y] = moved(py, place % area / width, stage.stride.first,
                                       stage.padding.first, in.scale.first);
          const auto [right, x] =
              moved(px, place % width, stage.stride.second, stage.padding.second, in.scale.second);
          const size_t plane = in.of(place / area, y, x, grid);
          return static_cast<uint32_t>(static_cast<int64_t>(plane) +
                                       down * static_cast<int64_t>(grid.pitch) + right);
        };
        for (size_t n = tree.first; n < tree.end; ++n, ++n_nodes) {
          const bool last = n + 1 == tree.end;
          PositionNode& node = nodes_.emplace_back(node_of(stage.nodes[n].op));
          node.a = operand(stage.nodes[n].a);
          node.b = operand(stage.nodes[n].b);
          node.mask = last ? mask(stage.out, out.scale, py, px, grid) : all;
          node.to = static_cast<uint32_t>(last ? out.of(t, py, px, grid)
                                               : scratch + stage.nodes[n].to * value);
        }
      }
  runs_.push_back({n_nodes, static_cast<uint32_t>(grid.n_blocks)});
  n_gate_blocks_ += size_t{n_nodes} * grid.n_blocks;
  ++groups_.back().n_runs;
}

void PositionPlan::add_group(size_t first, size_t end, const Grid& grid, const Grid& before,
                             const Planes& source, const std::vector<uint32_t>* input) {
  groups_.push_back({0, 0});
  const MapShape& shape = stages_[first].in;
  Planes in = planes(shape, grid.scale[0], grid);
  copy_into(in, shape, grid, [&](size_t c, size_t y, size_t x) -> size_t {
    if (input) return (*input)[(c * shape.height + y) * shape.width + x];
    return source.of(c, 0, 0, before) + y * before.pitch + x;
  });
  size_t n_held = 1;
  for (size_t k = first; k < end; ++k) n_held = std::max(n_held, stages_[k].n_held);
  const size_t scratch = n_bytes_;
  n_bytes_ += n_held * grid.n_blocks * kPositionBlock;
  for (size_t k = first; k < end; ++k) {
    const Planes out = planes(stages_[k].out, grid.scale[k - first + 1], grid);
    add_stage(stages_[k], in, out, grid, scratch);
    in = out;
  }
  last_ = in;
}

void PositionPlan::finish(size_t n_stages, const std::vector<uint32_t>& input) {
  const auto [begin, cycles] = grouped();
  if (n_stages == 0 || n_stages > stages_.size() || input.size() != n_inputs())
    throw std::invalid_argument("stages or inputs do not fit the plan");
  if (!std::isfinite(cycles[n_stages]))
    throw std::length_error("planes of positions would take too much memory");
  std::vector<size_t> ends;
  for (size_t end = n_stages; end > 0; end = begin[end]) ends.push_back(end);
  n_bytes_ = padded(size_t{1} + *std::max_element(input.begin(), input.end()));
  Grid before;
  for (size_t i = ends.size(); i-- > 0;) {
    const Grid grid = grid_of(begin[ends[i]], ends[i]);
    add_group(begin[ends[i]], ends[i], grid, before, last_, before.plane ? nullptr : &input);
    before = grid;
  }
  check_places();
  const MapShape& shape = stages_[n_stages - 1].out;
  out_start_ = last_.first;
  out_bytes_ = shape.channels * before.plane;
  for (size_t c = 0; c < shape.channels; ++c)
    for (size_t y = 0; y < shape.height; ++y)
      for (size_t x = 0; x < shape.width; ++x)
        outputs_.push_back(static_cast<uint32_t>(c * before.plane + y * before.pitch + x));
}

// Planes are laid out such that this holds; what reads elsewhere would be no plan.
void PositionPlan::check_places() const {
  const PositionNode* node = nodes_.data();
  for (const PositionRun& run : runs_)
    for (uint32_t i = 0; i < run.n_nodes; ++i, ++node)
      for (const uint32_t place : {node->a, node->b, node->mask, node->to})
        if (place + run.n_blocks * kPositionBlock > n_bytes_)
          throw std::logic_error("a gate reads or writes beyond its planes");
}

void PositionPlan::prepare(uint8_t* memory) const {
  std::memset(memory, 0, n_bytes_);
  for (const auto& [ones, place] : masks_) std::memcpy(memory + place, ones.data(), ones.size());
}

PositionView PositionPlan::view() const {
  return {groups_.data(), groups_.size(), copies_.data(), runs_.data(), nodes_.data()};
}

}  // namespace gategrad
