// Windows.
#include "common/system.h"

#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
// After the types of Windows.
#include <malloc.h>
#include <psapi.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace gategrad::system {
namespace {

// Kernels hold some kilobytes of vectors each.
constexpr size_t kStackBytes = size_t{1} << 20;

DWORD WINAPI enter(void* body) {
  reinterpret_cast<void (*)()>(body)();
  return 0;
}

}  // namespace

void* allocate(size_t n_bytes, size_t alignment) noexcept {
  return _aligned_malloc(n_bytes, alignment);
}

void release(void* memory) noexcept { _aligned_free(memory); }

void* executable_copy(const uint8_t* code, size_t n_bytes) noexcept {
  void* memory = VirtualAlloc(nullptr, n_bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, code, n_bytes);
  DWORD before;
  if (VirtualProtect(memory, n_bytes, PAGE_EXECUTE_READ, &before)) {
    FlushInstructionCache(GetCurrentProcess(), memory, n_bytes);
    return memory;
  }
  VirtualFree(memory, 0, MEM_RELEASE);
  return nullptr;
}

void release_executable(void* memory, size_t) noexcept { VirtualFree(memory, 0, MEM_RELEASE); }

bool start_thread(void (*body)()) noexcept {
  HANDLE thread = CreateThread(nullptr, kStackBytes, enter, reinterpret_cast<void*>(body),
                               STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread == nullptr) return false;
  CloseHandle(thread);
  return true;
}

// Processes are not forked.
void around_fork(void (*)(), void (*)(), void (*)()) noexcept {}

void each_library(void (*visit)(const char*, void*), void* data) {
  HMODULE modules[1024];
  DWORD n_bytes = 0;
  if (!EnumProcessModules(GetCurrentProcess(), modules, sizeof modules, &n_bytes)) return;
  const size_t n = std::min(n_bytes / sizeof(HMODULE), std::size(modules));
  for (size_t i = 0; i < n; ++i) {
    char path[MAX_PATH];
    const DWORD length = GetModuleFileNameA(modules[i], path, MAX_PATH);
    if (length > 0 && length < MAX_PATH) visit(path, data);
  }
}

void* symbol_of(const char* library, const char* name) noexcept {
  HMODULE module = GetModuleHandleA(library);
  return module == nullptr ? nullptr : reinterpret_cast<void*>(GetProcAddress(module, name));
}

size_t memory_bytes() noexcept {
  MEMORYSTATUSEX status;
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? static_cast<size_t>(status.ullTotalPhys) : 0;
}

}  // namespace gategrad::system
