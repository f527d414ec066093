#include "train/buffers.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>

#include "common/system.h"

namespace gategrad::train {
namespace {

// Bytes above which the stock frees what comes back: a quarter of the memory, where it is known.
// A network of five million gates works with 4 GB a step, and fresh pages for them would take as
// long as the step itself.
size_t most_stocked() { return std::max(size_t{1} << 30, system::memory_bytes() / 4); }

struct Stock {
  std::mutex mutex;
  std::multimap<size_t, void*> blocks;
  size_t bytes = 0;
};

// Never destroyed: blocks may come back while the process ends.
Stock& stock() {
  static Stock* const instance = new Stock;
  return *instance;
}

void give_back(void* block, size_t size) {
  Stock& s = stock();
  try {
    std::lock_guard lock(s.mutex);
    static const size_t most = most_stocked();
    if (s.bytes + size <= most) {
      s.blocks.emplace(size, block);
      s.bytes += size;
      return;
    }
  } catch (const std::bad_alloc&) {
    // No memory for the stock's own entry, and this may run in a destructor.
  }
  system::release(block);
}

// Rows are read in random order: on small pages, looking up addresses takes as long as the reads.
constexpr size_t kHugePage = system::kLargePage;

size_t alignment(size_t n_bytes) { return n_bytes < kHugePage / 2 ? 64 : kHugePage; }

size_t rounded(size_t n_bytes) {
  size_t step = alignment(n_bytes);
  return (std::max<size_t>(1, n_bytes) + step - 1) / step * step;
}

void* allocate(size_t size) {
  void* block = system::allocate(size, alignment(size));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

std::shared_ptr<void> borrow(size_t n_bytes) {
  const size_t size = rounded(n_bytes);
  Stock& s = stock();
  void* block = nullptr;
  {
    std::lock_guard lock(s.mutex);
    if (auto found = s.blocks.find(size); found != s.blocks.end()) {
      block = found->second;
      s.bytes -= size;
      s.blocks.erase(found);
    }
  }
  if (block == nullptr) block = allocate(size);
  return std::shared_ptr<void>(block, [size](void* p) { give_back(p, size); });
}

size_t stocked_bytes() {
  std::lock_guard lock(stock().mutex);
  return stock().bytes;
}

void release_stock() {
  Stock& s = stock();
  std::lock_guard lock(s.mutex);
  for (auto& [size, block] : s.blocks) system::release(block);
  s.blocks.clear();
  s.bytes = 0;
}

}  // namespace gategrad::train
