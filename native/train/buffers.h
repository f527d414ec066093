// Memory that is used again: fresh pages cost as much as the arithmetic done on them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

namespace gategrad::train {

// A block of at least `n_bytes`, aligned to 64, that goes back to a stock when its last owner lets
// go of it. Contents are undefined.
std::shared_ptr<void> borrow(size_t n_bytes);

// Room for n elements (at least one) from the stock.
template <typename T>
class Buffer {
 public:
  explicit Buffer(size_t n) : block_(borrow(std::max<size_t>(1, n) * sizeof(T))) {}
  T* data() { return static_cast<T*>(block_.get()); }

 private:
  std::shared_ptr<void> block_;
};

// Bytes that wait in the stock, and a way to free them.
size_t stocked_bytes();
void release_stock();

}  // namespace gategrad::train
