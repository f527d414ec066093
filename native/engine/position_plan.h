// From convolutions and pools to gates over planes of positions, for one image at a time.
//
// Stages are cut into groups. Maps before a stride are as many planes as it skips lines and columns,
// such as (y % 2, x % 2), and so on for strides before that: so all planes of a group have the lines
// and columns of its last maps, every leaf is a load at a fixed distance, and no value is moved. Where
// planes would become small a new group begins, for which values are copied into place; of all
// groupings the cheapest is taken. Planes follow one another and end in zeros, which are also what
// leaves read in front of the next one. What reads the last maps takes their bytes as a row of bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/map_tree.h"
#include "engine/position_lanes.h"

namespace gategrad {

class PositionPlan {
 public:
  // Inputs are maps of this shape. `block_cycles`: of a gate at 64 positions, which says how to group.
  PositionPlan(uint32_t channels, uint32_t height, uint32_t width, double block_cycles);

  // What is added reads what was added before. Throw std::invalid_argument where sizes do not fit.
  void add_kernels(const KernelsView& kernels);
  void add_pool(Pair size, Pair stride);

  // Estimates for each number of stages from 1 on that are made of planes: cycles, infinite where
  // planes would take too much memory; and gates at all positions.
  std::vector<double> cycles() const;
  std::vector<size_t> gates() const;

  // To be called once. `input`: for each value of the inputs, the byte at the start of the memory that
  // it lies in. Throws std::length_error where planes would take too much memory.
  void finish(size_t n_stages, const std::vector<uint32_t>& input);
  size_t n_inputs() const { return stages_.empty() ? 0 : stages_.front().in.size(); }
  // For each value of the last maps, its byte, from out_start() on; and how many bytes these are.
  const std::vector<uint32_t>& outputs() const { return outputs_; }
  size_t out_start() const { return out_start_; }
  size_t out_bytes() const { return out_bytes_; }
  // Blocks of 64 positions that all gates make.
  size_t n_gate_blocks() const { return n_gate_blocks_; }
  // Memory that make_positions needs, a multiple of 64 bytes.
  size_t n_bytes() const { return n_bytes_; }
  // To be called once for a piece of memory.
  void prepare(uint8_t* memory) const;
  PositionView view() const;

 private:
  struct Tree {
    std::vector<uint32_t> leaf;  // places in the field
    size_t first, end;           // into nodes
  };
  struct Stage {
    Pair size, stride, padding;
    MapShape in, out;
    std::vector<Tree> trees;
    std::vector<MapNode> nodes;  // leaf i of a tree is operand i
    size_t n_held = 1;
  };
  // What the planes of a group have in common, in bytes but for lines, columns and blocks.
  struct Grid {
    size_t lines = 1, columns = 1, pitch = 1, n_blocks = 1, plane = 0, reach = 0;
    std::vector<Pair> scale;  // lines and columns of maps to one of a plane, in front of each stage
    double cycles = 0;
  };
  // Maps as planes.
  struct Planes {
    size_t first;
    Pair scale;
    size_t of(size_t channel, size_t y, size_t x, const Grid& grid) const {
      return first + ((channel * scale.first + y) * scale.second + x) * grid.plane;
    }
  };

  Stage& new_stage(Pair size, Pair stride, Pair padding, size_t channels);
  Grid grid_of(size_t first, size_t end) const;
  // The best beginnings of groups for each number of stages, and their cycles.
  std::pair<std::vector<size_t>, std::vector<double>> grouped() const;
  // Takes memory for maps of this shape.
  Planes planes(const MapShape& shape, Pair scale, const Grid& grid);
  // The place of a mask: 1 where a plane holds a value of the maps.
  uint32_t mask(const MapShape& shape, Pair scale, size_t y, size_t x, const Grid& grid);
  void add_copy(size_t from, size_t to);
  template <typename From>
  void copy_into(const Planes& to, const MapShape& shape, const Grid& grid, From from);
  void add_stage(const Stage& stage, const Planes& in, const Planes& out, const Grid& grid,
                 size_t scratch);
  void add_group(size_t first, size_t end, const Grid& grid, const Grid& before,
                 const Planes& source, const std::vector<uint32_t>* input);

  void check_places() const;

  double block_cycles_;
  MapShape shape_;
  std::vector<Stage> stages_;
  std::vector<PositionGroup> groups_;
  std::vector<PositionCopy> copies_;
  std::vector<PositionRun> runs_;
  std::vector<PositionNode> nodes_;
  std::map<std::vector<uint8_t>, uint32_t> masks_;
  Planes last_{};
  std::vector<uint32_t> outputs_;
  size_t out_start_ = 0, out_bytes_ = 0, n_bytes_ = 0, n_gate_blocks_ = 0;
};

}  // namespace gategrad
