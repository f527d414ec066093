// Threads that stay: they sleep until a call has work that is worth waking them for.
//
// A helper neither allocates nor throws: where memory has run out, its first use of the heap or of an
// exception would end the process. It may also come too late, when cores are busy: so the caller
// does whatever no helper has begun, and waits only for those that have.
#pragma once

#include <cstddef>

namespace gategrad {

// Calls work(context, 0) on this thread, and work(context, i), with i from 1 to at most
// n_threads - 1, on as many others as come in time; returns when all have. `work` must do all there is
// left to do, whoever comes, and must not throw.
void share(size_t n_threads, void (*work)(void* context, size_t thread), void* context);

// Threads that the pool has started in this process.
size_t pool_size();

// A lock that a child process finds open, whoever held it in the parent. For moments only: a fork
// waits for it.
class ForkLock {
 public:
  ForkLock();
  ~ForkLock();
  ForkLock(const ForkLock&) = delete;
  ForkLock& operator=(const ForkLock&) = delete;
};

}  // namespace gategrad
