#include "engine/code.h"

#include "common/system.h"

namespace gategrad {

std::shared_ptr<const Code> Code::make(const std::vector<uint8_t>& bytes, size_t n_fetches) {
  void* memory = system::executable_copy(bytes.data(), bytes.size());
  if (memory == nullptr) return nullptr;
  return std::shared_ptr<const Code>(new Code(memory, bytes.size(), n_fetches));
}

Code::~Code() { system::release_executable(memory_, size_); }

}  // namespace gategrad
