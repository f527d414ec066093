// Parallel regions on the OpenMP runtime that torch loaded.
//
// A pool of our own would compete with torch's workers, which spin for a while after every
// operation. The runtime is found at run time, so that this library links to none.
#pragma once

#include <cstddef>
#include <functional>

namespace gategrad::train {

// Runs body(0) .. body(n_threads - 1), each on its own thread; n_threads must be at least 1. On one
// thread, or where no OpenMP runtime is loaded, they run one after the other.
void parallel(size_t n_threads, const std::function<void(size_t)>& body);

// Whether a runtime that torch loaded was found.
bool shares_openmp();

// Thread `thread`'s part of [0, n): first and one past its last element.
struct Part {
  size_t begin, end;
};
inline Part part_of(size_t n, size_t thread, size_t n_threads) {
  return {n * thread / n_threads, n * (thread + 1) / n_threads};
}

}  // namespace gategrad::train
