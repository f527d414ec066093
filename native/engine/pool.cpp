#include "engine/pool.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>

#include "common/system.h"

namespace gategrad {
namespace {

constexpr size_t kMostHelpers = 1023;

// A call that helpers may join; it lives on its caller's stack.
struct Job {
  void (*work)(void*, size_t);
  void* context;
  size_t invited;  // helpers that may still come
  size_t joined = 0, active = 0;
  std::condition_variable done;
  Job* next = nullptr;
};

struct Pool {
  std::mutex mutex;
  std::condition_variable wake;
  Job* jobs = nullptr;
  size_t n_helpers = 0;
};

// Never destroyed: helpers sleep in it when the process ends. A child process has no helpers and
// begins with a new one in its place.
alignas(Pool) unsigned char room[sizeof(Pool)];
alignas(std::mutex) unsigned char lock_room[sizeof(std::mutex)];
Pool& pool = *new (room) Pool;
std::mutex& fork_lock = *new (lock_room) std::mutex;

const bool registered = [] {
  system::around_fork([] { fork_lock.lock(); }, [] { fork_lock.unlock(); },
                      [] {
                        new (lock_room) std::mutex;
                        new (room) Pool;
                      });
  return true;
}();

Job* open_job() {
  Job* job = pool.jobs;
  while (job != nullptr && job->invited == 0) job = job->next;
  return job;
}

void help() {
  std::unique_lock lock(pool.mutex);
  for (;;) {
    Job* job = open_job();
    if (job == nullptr) {
      pool.wake.wait(lock);
      continue;
    }
    --job->invited;
    ++job->active;
    const size_t thread = ++job->joined;
    lock.unlock();
    job->work(job->context, thread);
    lock.lock();
    if (--job->active == 0) job->done.notify_one();
  }
}

// Has as many helpers as that, where the system gives them.
void grow(size_t n_helpers) {
  while (pool.n_helpers < std::min(n_helpers, kMostHelpers) && system::start_thread(help))
    ++pool.n_helpers;
}

void leave(Job& job) {
  for (Job** at = &pool.jobs; *at != nullptr; at = &(*at)->next)
    if (*at == &job) {
      *at = job.next;
      return;
    }
}

}  // namespace

void share(size_t n_threads, void (*work)(void*, size_t), void* context) {
  if (n_threads <= 1) {
    work(context, 0);
    return;
  }
  Job job{work, context, n_threads - 1, 0, 0, {}, nullptr};
  {
    std::lock_guard lock(pool.mutex);
    grow(n_threads - 1);
    job.next = pool.jobs;
    pool.jobs = &job;
  }
  for (size_t i = 1; i < n_threads; ++i) pool.wake.notify_one();
  work(context, 0);
  std::unique_lock lock(pool.mutex);
  leave(job);
  job.done.wait(lock, [&] { return job.active == 0; });
}

size_t pool_size() {
  std::lock_guard lock(pool.mutex);
  return pool.n_helpers;
}

ForkLock::ForkLock() { fork_lock.lock(); }
ForkLock::~ForkLock() { fork_lock.unlock(); }

}  // namespace gategrad
