#include "engine/code.h"

#include <cstring>

#if defined(__unix__)
#include <sys/mman.h>
#endif

namespace gategrad {

#if defined(__unix__)

std::shared_ptr<const Code> Code::make(const std::vector<uint8_t>& bytes, size_t n_fetches) {
  void* memory = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  std::memcpy(memory, bytes.data(), bytes.size());
  if (mprotect(memory, bytes.size(), PROT_READ | PROT_EXEC) != 0) {
    munmap(memory, bytes.size());
    return nullptr;
  }
  return std::shared_ptr<const Code>(new Code(memory, bytes.size(), n_fetches));
}

Code::~Code() { munmap(memory_, size_); }

#else

std::shared_ptr<const Code> Code::make(const std::vector<uint8_t>&, size_t) { return nullptr; }

Code::~Code() = default;

#endif

}  // namespace gategrad
