// Memory of one thread at work on one program, aligned to blocks.
//
// It is made and given back by the thread that a call comes from, before and after others help: see
// engine/pool.h. Where memory has run out, functions here say so by their result.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/program.h"

namespace gategrad {

// How much calls of a program take, in blocks of 64 bytes.
struct WorkspaceSize {
  size_t slots = 0, planes = 0, scratch = 0;
  size_t few[kFewWidths] = {};  // of narrow slots; 0 where no call takes any

  size_t blocks() const;
};

class Workspace {
 public:
  // One in `memory` that is a caller's, aligned to blocks, of size.blocks() of them.
  Workspace(void* memory, const WorkspaceSize& size) noexcept;
  // Null where there is no memory.
  static Workspace* make(const Program& program) noexcept;
  static void destroy(Workspace* workspace) noexcept;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  uint64_t* slots() { return slots_; }
  uint64_t* planes() { return planes_; }
  uint64_t* marks() { return marks_; }
  void* scratch() { return scratch_; }
  // Blocks of maps, `n_map_blocks` of the program.
  uint64_t* maps() { return maps_; }
  // Slots of 1 << width words for a call of few rows, made where they are missing; null where there is
  // no memory. All that is never written stays 0, but for the slot of true.
  uint64_t* few_slots(size_t width, size_t n_slots) noexcept;

  // Whether scratch has room for `n_bytes` now.
  bool reserve_scratch(size_t n_bytes) noexcept;

 private:
  friend class Workspaces;
  Workspace() = default;
  uint64_t *slots_ = nullptr, *planes_ = nullptr, *marks_ = nullptr, *maps_ = nullptr;
  uint64_t* few_[kFewWidths] = {};
  void* scratch_ = nullptr;
  size_t scratch_bytes_ = 0;
  Workspace* next_ = nullptr;
};

// Workspaces of a program that no call uses.
class Workspaces {
 public:
  Workspaces() = default;
  ~Workspaces();
  Workspaces(const Workspaces&) = delete;
  Workspaces& operator=(const Workspaces&) = delete;

  // An idle one, or a new one; null where there is no memory.
  Workspace* borrow(const Program& program) noexcept;
  void give_back(Workspace* workspace) noexcept;

 private:
  Workspace* idle_ = nullptr;
};

}  // namespace gategrad
