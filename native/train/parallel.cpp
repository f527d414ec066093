#include "train/parallel.h"

#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "common/system.h"

namespace gategrad::train {
namespace {

// The interface of compiler-outlined parallel regions, the same in libgomp and in LLVM's and
// Intel's runtimes.
struct Runtime {
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
  int (*thread_number)() = nullptr;
};

// Other packages may load runtimes of their own: torch's is the one in its folder, or else, where
// torch uses the system's, the first.
void find_openmp(const char* path_of_library, void* data) {
  auto& found = *static_cast<std::string*>(data);
  std::string path = path_of_library;
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const char* known : {"libgomp", "libiomp5", "libomp"})
    if (name.rfind(known, 0) == 0 && (found.empty() || path.find("/torch") != std::string::npos))
      found = path;
}

Runtime load_runtime() {
  std::string path;
  system::each_library(find_openmp, &path);
  Runtime runtime;
  if (path.empty()) return runtime;
  auto symbol = [&](const char* name) { return system::symbol_of(path.c_str(), name); };
  runtime.parallel = reinterpret_cast<decltype(runtime.parallel)>(symbol("GOMP_parallel"));
  runtime.thread_number =
      reinterpret_cast<decltype(runtime.thread_number)>(symbol("omp_get_thread_num"));
  if (runtime.thread_number == nullptr) runtime.parallel = nullptr;
  return runtime;
}

// Looked up again until it is there: torch may be imported after this library.
Runtime runtime() {
  static std::mutex mutex;
  static Runtime found;
  std::lock_guard lock(mutex);
  if (found.parallel == nullptr) found = load_runtime();
  return found;
}

struct Region {
  const std::function<void(size_t)>* body;
  int (*thread_number)();
  std::vector<std::exception_ptr> errors;
  std::vector<char> done;
};

void enter(void* data) {
  Region& region = *static_cast<Region*>(data);
  auto thread = static_cast<size_t>(region.thread_number());
  try {
    region.done[thread] = 1;
    (*region.body)(thread);
  } catch (...) {
    region.errors[thread] = std::current_exception();
  }
}

}  // namespace

bool shares_openmp() { return runtime().parallel != nullptr; }

void parallel(size_t n_threads, const std::function<void(size_t)>& body) {
  const Runtime omp = runtime();
  if (n_threads == 1 || omp.parallel == nullptr) {
    for (size_t i = 0; i < n_threads; ++i) body(i);
    return;
  }
  Region region{&body, omp.thread_number, std::vector<std::exception_ptr>(n_threads),
                std::vector<char>(n_threads, 0)};
  omp.parallel(enter, &region, static_cast<unsigned>(n_threads), 0);
  // The runtime may give fewer threads than asked for, such as inside another region.
  for (size_t i = 0; i < n_threads; ++i)
    if (!region.done[i]) body(i);
  for (const std::exception_ptr& error : region.errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace gategrad::train
