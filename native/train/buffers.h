// Memory that is used again: fresh pages cost as much as the arithmetic done on them.
#pragma once

#include <cstddef>
#include <memory>

namespace gategrad::train {

// A block of at least `n_bytes`, aligned to 64, that goes back to a stock when its last owner lets
// go of it. Contents are undefined.
std::shared_ptr<void> borrow(size_t n_bytes);

// Bytes that wait in the stock, and a way to free them.
size_t stocked_bytes();
void release_stock();

}  // namespace gategrad::train
