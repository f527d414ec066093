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

}  // namespace

Workspace* Workspace::make(const Program& program) noexcept {
  // malloc, since even a `new` that is told not to throw may throw inside.
  void* room = std::malloc(sizeof(Workspace));
  if (room == nullptr) return nullptr;
  auto* workspace = new (room) Workspace;
  workspace->slots_ = allocate(program.n_slots);
  workspace->planes_ = allocate(program.classes.size() * program.n_planes);
  workspace->marks_ = allocate(kTilesAtOnce * kTilePitch);
  const bool narrow = program.narrow_code != nullptr;
  if (narrow) {
    constexpr size_t kPart = kBlockWords / kNarrowWords;
    workspace->narrow_slots_ = allocate((program.n_slots + kPart - 1) / kPart);
    workspace->narrow_planes_ =
        allocate((program.classes.size() * program.n_planes + kPart - 1) / kPart);
  }
  if (!workspace->slots_ || !workspace->planes_ || !workspace->marks_ ||
      (narrow && (!workspace->narrow_slots_ || !workspace->narrow_planes_))) {
    destroy(workspace);
    return nullptr;
  }
  if (narrow) {
    constexpr size_t kNarrowBytes = kNarrowWords * sizeof(uint64_t);
    std::memset(workspace->narrow_slots_ + kFalseSlot * kNarrowWords, 0x00, kNarrowBytes);
    std::memset(workspace->narrow_slots_ + kTrueSlot * kNarrowWords, 0xFF, kNarrowBytes);
  }
  std::memset(workspace->slots_ + kFalseSlot * kBlockWords, 0x00, kBlockBytes);
  std::memset(workspace->slots_ + kTrueSlot * kBlockWords, 0xFF, kBlockBytes);
  return workspace;
}

void Workspace::destroy(Workspace* workspace) noexcept {
  system::release(workspace->slots_);
  system::release(workspace->planes_);
  system::release(workspace->narrow_slots_);
  system::release(workspace->narrow_planes_);
  system::release(workspace->marks_);
  system::release(workspace->scratch_);
  std::free(workspace);
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
