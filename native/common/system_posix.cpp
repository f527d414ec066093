// POSIX: Linux, macOS and the BSDs.
#include "common/system.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#elif defined(__linux__)
#include <link.h>
#endif

namespace gategrad::system {
namespace {

// Kernels hold some kilobytes of vectors each; sanitizers multiply them.
constexpr size_t kStackBytes = size_t{1} << 20;

void* enter(void* body) {
  reinterpret_cast<void (*)()>(body)();
  return nullptr;
}

}  // namespace

void* allocate(size_t n_bytes, size_t alignment) noexcept {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, n_bytes) != 0) return nullptr;
#if defined(__linux__)
  if (alignment == kLargePage) madvise(memory, n_bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void release(void* memory) noexcept { std::free(memory); }

void* executable_copy(const uint8_t* code, size_t n_bytes) noexcept {
  void* memory = mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  std::memcpy(memory, code, n_bytes);
  if (mprotect(memory, n_bytes, PROT_READ | PROT_EXEC) == 0) return memory;
  munmap(memory, n_bytes);
  return nullptr;
}

void release_executable(void* memory, size_t n_bytes) noexcept { munmap(memory, n_bytes); }

// No std::thread: it allocates, throws, and frees in the new thread, whose first use of the heap or
// of an exception may need memory that there is not, which ends the process.
bool start_thread(void (*body)()) noexcept {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, enter, reinterpret_cast<void*>(body));
  pthread_attr_destroy(&attributes);
  return failed == 0;
}

void around_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  pthread_atfork(before, in_parent, in_child);
}

#if defined(__APPLE__)

void each_library(void (*visit)(const char*, void*), void* data) {
  for (uint32_t i = 0; i < _dyld_image_count(); ++i) visit(_dyld_get_image_name(i), data);
}

#elif defined(__linux__)

void each_library(void (*visit)(const char*, void*), void* data) {
  struct Call {
    void (*visit)(const char*, void*);
    void* data;
  } call{visit, data};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* raw) {
        const Call& to = *static_cast<Call*>(raw);
        to.visit(info->dlpi_name ? info->dlpi_name : "", to.data);
        return 0;
      },
      &call);
}

#else

void each_library(void (*)(const char*, void*), void*) {}

#endif

size_t memory_bytes() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<size_t>(pages) * static_cast<size_t>(size) : 0;
}

void* symbol_of(const char* library, const char* name) noexcept {
  void* handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
  return handle == nullptr ? nullptr : dlsym(handle, name);
}

}  // namespace gategrad::system
