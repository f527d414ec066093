#include "engine/map_plan.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/kernel.h"

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
  check_field(size, stride, padding, shape_);
  place(padding);
  Stage& stage = stages_.emplace_back();
  stage.view.n_trees = n_trees;
  stage.view.in_down = stride.first * maps_.back().down;
  stage.view.in_right = stride.second;
  stage.view.window_lines = stage.view.window_columns = 1;
  stage.view.window_down = stage.view.window_right = 1;
  shape_ = shape_behind(size, stride, padding, shape_, n_trees);
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
  check_kernels(kernels, shape_);
  Stage& stage = new_stage(kernels.size, kernels.stride, kernels.padding, kernels.out_channels);
  for (size_t c = 0; c < kernels.out_channels; ++c) add_tree(kernels, c, stage);
}

void MapPlan::add_tree(const KernelsView& kernels, size_t channel, Stage& stage) {
  const Map& map = maps_.back();
  std::vector<uint32_t> leaf(kernels.n_leaves);
  const uint32_t width = kernels.size.second, area = kernels.size.first * width;
  for (size_t i = 0; i < leaf.size(); ++i) {
    const uint32_t place = kernels.leaves[i * kernels.out_channels + channel];
    leaf[i] = static_cast<uint32_t>(place / area * map.plane + place % area / width * map.down +
                                    place % width);
  }
  stage.n_held = std::max(stage.n_held, append_tree(kernels, channel, leaf, stage.nodes));
  stage.tree_end.push_back(static_cast<uint32_t>(stage.nodes.size()));
}

void MapPlan::add_pool(Pair size, Pair stride) {
  check_field(size, stride, {0, 0}, shape_);
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
  shape_ = shape_behind(size, stride, {0, 0}, shape_, shape_.channels);
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
