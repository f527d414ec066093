// A circuit and its readout, lowered: what the kernels run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/code.h"
#include "engine/kernel.h"
#include "engine/rank_plan.h"

namespace gategrad {

struct Arrangement;

// Slots 0 and 1 hold false and true; the others are reused as soon as their signal is dead.
inline constexpr uint32_t kFalseSlot = 0, kTrueSlot = 1;

// Why a program is no machine code: none was asked for, it would be too large, or the system gives no
// executable memory.
enum class NoCode : uint8_t { kUnwanted, kTooLarge, kRefused };

// Either runs of gates, for the kernels of any instruction set, or code, which is for one of them.
struct Program {
  std::vector<Gate> gates;
  std::vector<Run> runs;
  std::vector<Tile> tiles;
  std::vector<Lane> lanes;
  RankPlan ranks;  // in place of tiles, where it is used
  std::vector<ClassSum> classes;
  std::vector<Column> columns;
  std::vector<uint32_t> entries;
  // For packed input: slot of each circuit input that is used.
  std::vector<uint32_t> input, input_slot;
  std::shared_ptr<const Code> code;
  // What code was made of, until code for few rows was made of it too.
  std::shared_ptr<const Arrangement> arrangement;
  NoCode no_code = NoCode::kUnwanted;  // where there is no code
  size_t n_gates = 0;
  size_t n_looks = 0;  // gates considered while code was ordered: what lowering takes
  size_t n_features = 0;
  size_t n_slots = 2;
  size_t n_map_blocks = 0;  // of convolutions in front of the gates; see map_source.h
  uint32_t n_planes = 2;
  bool argmax = false;
  bool bits = false;     // rows are bits, there is no encoder
  bool missing = false;  // NaN is a value: above no threshold

  KernelProgram view() const {
    return {gates.data(),   runs.data(),    runs.size(),    tiles.data(),
            tiles.size(),   lanes.data(),   classes.data(), classes.size(),
            columns.data(), entries.data(), n_planes};
  }
};

}  // namespace gategrad
