#include "isa/isa.h"

#include <stdexcept>

// Rows of other processors vanish.
#define GG_ON_any(...) __VA_ARGS__
#if defined(__x86_64__)
#define GG_ON_x86_64(...) __VA_ARGS__
#define GG_HAS(feature) __builtin_cpu_supports(feature)
#else
#define GG_ON_x86_64(...)
#endif
#if defined(__aarch64__)
#define GG_ON_aarch64(...) __VA_ARGS__
#else
#define GG_ON_aarch64(...)
#endif

namespace gategrad {
namespace {

std::vector<InstructionSet> find() {
  std::vector<InstructionSet> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
#define GG_ISA(processor, name, kernels, flags, features) \
  GG_ON_##processor(if (features) found.push_back({#name, &kernels, &kernels.single});)
#define GG_SINGLE(processor, name, kernels, flags, features) \
  GG_ON_##processor(if (features) found.back().single = &kernels;)
#include "isa/table.def"
  return found;
}

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
  static const std::vector<InstructionSet> sets = find();
  return sets;
}

const InstructionSet& instruction_set(const std::string& name) {
  std::string known;
  for (const InstructionSet& set : instruction_sets()) {
    if (set.name == name) return set;
    known += std::string(known.empty() ? "" : ", ") + set.name;
  }
  throw std::invalid_argument("this machine has no kernels for '" + name + "'; it has " + known);
}

}  // namespace gategrad
