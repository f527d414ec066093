#include "engine/workspace.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/system.h"
#include "engine/pool.h"

namespace gategrad {
namespace {

constexpr size_t kBlockBytes = kBlockWords * sizeof(uint64_t);

// Slots are read in random order: on small pages, looking up addresses takes as long as the reads.
uint64_t* allocate(size_t n_blocks) noexcept {
  if (n_blocks > SIZE_MAX / (2 * kBlockBytes)) return nullptr;
  size_t n_bytes = std::max<size_t>(1, n_blocks) * kBlockBytes;
  const size_t alignment = n_bytes < system::kLargePage / 8 ? kBlockBytes : system::kLargePage;
  n_bytes = (n_bytes + alignment - 1) / alignment * alignment;
  return static_cast<uint64_t*>(system::allocate(n_bytes, alignment));
}

void set_constants(uint64_t* slots, size_t words) noexcept {
  std::memset(slots + kFalseSlot * words, 0x00, words * sizeof(uint64_t));
  std::memset(slots + kTrueSlot * words, 0xFF, words * sizeof(uint64_t));
}

constexpr size_t kMarkBlocks = kTilesAtOnce * kTilePitch;

}  // namespace

size_t WorkspaceSize::blocks() const {
  size_t n = slots + planes + kMarkBlocks + scratch;
  for (const size_t narrow : few) n += narrow;
  return n;
}

Workspace::Workspace(void* memory, const WorkspaceSize& size) noexcept {
  auto* next = static_cast<uint64_t*>(memory);
  const auto take = [&](size_t n_blocks) {
    uint64_t* taken = next;
    next += n_blocks * kBlockWords;
    return taken;
  };
  slots_ = take(size.slots);
  planes_ = take(size.planes);
  marks_ = take(kMarkBlocks);
  set_constants(slots_, kBlockWords);
  for (size_t width = 0; width < kFewWidths; ++width) {
    if (size.few[width] == 0) continue;
    few_[width] = take(size.few[width]);
    std::memset(few_[width], 0, size.few[width] * kBlockBytes);
    set_constants(few_[width], size_t{1} << width);
  }
  scratch_ = take(size.scratch);
  scratch_bytes_ = size.scratch * kBlockBytes;
}

Workspace* Workspace::make(const Program& program) noexcept {
  // malloc, since even a `new` that is told not to throw may throw inside.
  void* room = std::malloc(sizeof(Workspace));
  if (room == nullptr) return nullptr;
  auto* workspace = new (room) Workspace;
  workspace->slots_ = allocate(program.n_slots);
  workspace->planes_ = allocate(program.classes.size() * program.n_planes);
  workspace->marks_ = allocate(kMarkBlocks);
  const bool has_maps = program.n_map_blocks > 0;
  if (has_maps) workspace->maps_ = allocate(program.n_map_blocks);
  if (!workspace->slots_ || !workspace->planes_ || !workspace->marks_ ||
      (has_maps && !workspace->maps_)) {
    destroy(workspace);
    return nullptr;
  }
  set_constants(workspace->slots_, kBlockWords);
  return workspace;
}

void Workspace::destroy(Workspace* workspace) noexcept {
  system::release(workspace->slots_);
  system::release(workspace->planes_);
  system::release(workspace->marks_);
  system::release(workspace->maps_);
  for (uint64_t* slots : workspace->few_) system::release(slots);
  system::release(workspace->scratch_);
  std::free(workspace);
}

uint64_t* Workspace::few_slots(size_t width, size_t n_slots) noexcept {
  if (few_[width] != nullptr) return few_[width];
  const size_t n_words = n_slots << width;
  uint64_t* slots = allocate((n_words + kBlockWords - 1) / kBlockWords);
  if (slots == nullptr) return nullptr;
  std::memset(slots, 0, n_words * sizeof(uint64_t));
  set_constants(slots, size_t{1} << width);
  return few_[width] = slots;
}

bool Workspace::reserve_scratch(size_t n_bytes) noexcept {
  if (n_bytes <= scratch_bytes_) return true;
  void* larger = allocate((n_bytes + kBlockBytes - 1) / kBlockBytes);
  if (larger == nullptr) return false;
  system::release(scratch_);
  scratch_ = larger;
  scratch_bytes_ = n_bytes;
  return true;
}

Workspaces::~Workspaces() {
  while (idle_ != nullptr) {
    Workspace* next = idle_->next_;
    Workspace::destroy(idle_);
    idle_ = next;
  }
}

Workspace* Workspaces::borrow(const Program& program) noexcept {
  {
    ForkLock lock;
    if (idle_ != nullptr) {
      Workspace* workspace = idle_;
      idle_ = workspace->next_;
      return workspace;
    }
  }
  return Workspace::make(program);
}

void Workspaces::give_back(Workspace* workspace) noexcept {
  ForkLock lock;
  workspace->next_ = idle_;
  idle_ = workspace;
}

}  // namespace gategrad
