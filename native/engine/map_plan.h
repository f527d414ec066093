// From convolutions and pools, as circuit/kernels.py has them, to the stages of maps.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/map_tree.h"
#include "engine/maps.h"

namespace gategrad {

// Stages that make maps of maps, and where all maps lie in one piece of memory.
class MapPlan {
 public:
  // Inputs are maps of this shape.
  MapPlan(uint32_t channels, uint32_t height, uint32_t width);
  MapPlan(MapPlan&&) = default;

  // What is added reads what was added before. Throw std::invalid_argument where sizes do not fit, and
  // std::length_error where maps would take more than kMostBlocks.
  void add_kernels(const KernelsView& kernels);
  void add_pool(Pair size, Pair stride);
  // To be called once, when all is added.
  void finish();

  // For each input, and for each value of the last maps, the number of its block.
  const std::vector<uint32_t>& inputs() const { return inputs_; }
  std::vector<uint32_t> outputs() const;
  // Blocks that maps take, and what stages need beside them.
  size_t n_blocks() const { return room_[0] + room_[1]; }
  size_t n_scratch() const;
  // Gates at all positions, ORs of windows among them.
  size_t n_gates() const;
  // Sets what lies around the inputs to 0; what is inside is written whole.
  void clear_around_inputs(uint64_t* maps) const { clear_around(maps_[0], maps); }
  // Calls make(stage, maps) for one stage after the other, each of which makes all of its maps.
  template <typename Make>
  void run(Make make, uint64_t* maps) const {
    for (size_t i = 0; i < stages_.size(); ++i) {
      clear_around(maps_[i + 1], maps);
      MapStage view = stages_[i].view;
      view.nodes = stages_[i].nodes.data();
      view.tree_end = stages_[i].tree_end.data();
      make(view, maps);
    }
  }

 private:
  // Maps of one shape: steps in blocks from channel to channel and from line to line.
  struct Map {
    MapShape shape;
    Pair border;
    size_t first, plane, down;
    // The first value inside the border.
    size_t inside() const { return first + border.first * down + border.second; }
  };
  struct Stage {
    std::vector<MapNode> nodes;
    std::vector<uint32_t> tree_end;
    size_t n_held = 1;
    MapStage view{};
  };

  // Room within a border for what the last stage makes, or for the inputs.
  void place(Pair border);
  // A stage of trees that read fields of `size` of the last maps, which get their place.
  Stage& new_stage(Pair size, Pair stride, Pair padding, size_t n_trees);
  // The block of each value, channel by channel and line by line.
  static std::vector<uint32_t> blocks_of(const Map& map);
  static void clear_around(const Map& map, uint64_t* maps);
  void add_tree(const KernelsView& kernels, size_t channel, Stage& stage);

  MapShape shape_;  // of what the last stage makes
  std::vector<Stage> stages_;
  std::vector<Map> maps_;  // inputs, and what each stage makes
  std::vector<uint32_t> inputs_;
  // A stage reads one half of the memory and writes the other, so that all of it stays in a
  // second-level cache: blocks of each.
  size_t room_[2] = {0, 0};
};

}  // namespace gategrad
