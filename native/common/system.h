// What differs from one operating system to the next, in one place. Nothing here throws.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gategrad::system {

// Memory aligned to `alignment`, a power of two that `n_bytes` is a multiple of; null where there is
// none. Large pages are asked for where the alignment is that of one.
inline constexpr size_t kLargePage = size_t{2} << 20;
void* allocate(size_t n_bytes, size_t alignment) noexcept;
void release(void* memory) noexcept;

// Bytes of memory that this machine has; 0 where that is not known.
size_t memory_bytes() noexcept;

// A copy of `n_bytes` of machine code that can be run and no longer be written; null where the system
// gives no such memory.
void* executable_copy(const uint8_t* code, size_t n_bytes) noexcept;
void release_executable(void* memory, size_t n_bytes) noexcept;

// Starts a thread that nobody waits for; false where the system refuses.
bool start_thread(void (*body)()) noexcept;

// What to call around a fork: before it, and after it in the parent and in the child. Other threads of
// the parent are not in the child, and their locks stay as they were.
void around_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept;

// Calls visit(path, data) for every library that this process has loaded.
void each_library(void (*visit)(const char* path, void* data), void* data);
// The address of `name` in a library that is loaded; null where there is none.
void* symbol_of(const char* library, const char* name) noexcept;

}  // namespace gategrad::system
