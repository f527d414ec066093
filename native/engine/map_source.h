// Blocks of rows by way of maps: what the gates behind convolutions read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/blocks.h"
#include "engine/lower.h"
#include "engine/map_plan.h"

namespace gategrad {

// What stands in front of a program whose inputs are maps.
struct MapFront {
  MapPlan plan;
  std::vector<uint32_t> outputs;  // block of each value of the last maps
  Program rows;                   // no gates: from rows to the blocks of the plan's inputs

  explicit MapFront(MapPlan finished) : plan(std::move(finished)), outputs(plan.outputs()) {}

  void lower_rows(const EncoderView& encoder) {
    rows.input.resize(plan.inputs().size());
    std::iota(rows.input.begin(), rows.input.end(), 0u);
    rows.input_slot = plan.inputs();
    rows.n_slots = plan.n_blocks();
    rows.n_features = encoder.n_features;
    rows.bits = encoder.bits;
    plan_comparisons(encoder, rows);
  }

  // Blocks of maps, of a slot that nobody reads, and of what the kernels need beside them.
  size_t n_blocks() const { return rows.n_slots + plan.n_scratch(); }
};

// `Inner` makes the blocks of the inputs, and this the program's slots.
template <typename Inner>
class MapSource {
 public:
  MapSource(const BlockKernels& kernels, const Program& program, const MapFront& front, Inner inner)
      : kernels_(kernels), program_(program), front_(front), inner_(inner) {}

  size_t n_rows() const { return inner_.n_rows(); }
  Bytes upcoming(size_t block) const { return inner_.upcoming(block); }
  size_t scratch_bytes() const { return inner_.scratch_bytes(); }
  double cost() const {
    return inner_.cost() + kNodeNanoseconds * static_cast<double>(front_.plan.n_gates());
  }

  bool load(size_t block, size_t fetched, Workspace& workspace, uint64_t* slots,
            size_t words) const {
    uint64_t* maps = workspace.maps();
    uint64_t* scratch = maps + front_.rows.n_slots * kBlockWords;
    front_.plan.clear_around_inputs(maps);
    const bool good = inner_.load(block, fetched, workspace, maps, words);
    front_.plan.run(
        [&](const MapStage& stage, uint64_t* all) { kernels_.make_maps(stage, all, scratch); },
        maps);
    for (size_t i = 0; i < program_.input.size(); ++i)
      std::memcpy(slots + program_.input_slot[i] * kBlockWords,
                  maps + front_.outputs[program_.input[i]] * kBlockWords,
                  kBlockWords * sizeof(uint64_t));
    return good;
  }

 private:
  // A gate of a kernel at one position, of a block.
  static constexpr double kNodeNanoseconds = 0.5;

  const BlockKernels& kernels_;
  const Program& program_;
  const MapFront& front_;
  Inner inner_;
};

}  // namespace gategrad
