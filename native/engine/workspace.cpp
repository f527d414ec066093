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
  if (!workspace->slots_ || !workspace->planes_ || !workspace->marks_) {
    destroy(workspace);
    return nullptr;
  }
  std::memset(workspace->slots_ + kFalseSlot * kBlockWords, 0x00, kBlockBytes);
  std::memset(workspace->slots_ + kTrueSlot * kBlockWords, 0xFF, kBlockBytes);
  return workspace;
}

void Workspace::destroy(Workspace* workspace) noexcept {
  system::release(workspace->slots_);
  system::release(workspace->planes_);
  system::release(workspace->marks_);
  for (uint64_t* slots : workspace->few_) system::release(slots);
  system::release(workspace->scratch_);
  std::free(workspace);
}

uint64_t* Workspace::few_slots(size_t width, size_t n_slots) noexcept {
  if (few_[width] != nullptr) return few_[width];
  const size_t n_words = n_slots << width, words = size_t{1} << width;
  uint64_t* slots = allocate((n_words + kBlockWords - 1) / kBlockWords);
  if (slots == nullptr) return nullptr;
  std::memset(slots, 0, n_words * sizeof(uint64_t));
  std::memset(slots + kTrueSlot * words, 0xFF, words * sizeof(uint64_t));
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
