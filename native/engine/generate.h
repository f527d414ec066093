// Machine code for one circuit and its sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/program.h"
#include "engine/schedule.h"

namespace gategrad {

// Whether there is machine code on this system: it is that of x86-64, called as Linux, macOS and the
// BSDs call functions.
#if defined(__x86_64__) && !defined(_WIN32)
inline constexpr bool kMakesCode = true;
#else
inline constexpr bool kMakesCode = false;
#endif
// Beyond so many gates, code comes from memory more slowly than the shorter runs of gates.
inline constexpr size_t kMostCodeGates = 500'000;
// Entries and planes of all classes that become code, at most. A weight in a file may be 31 entries
// and an empty class 32 planes: code would be a hundred times as large as the file.
inline constexpr size_t kMostCodeSums = 500'000;

// Writes code, for slots of 16 bytes where it is `narrow`, input, input_slot, n_slots and n_gates of a program whose classes, columns and
// planes are there and whose entries are signals, as many as there are `roots`. Leaves it as it is,
// but for `no_code`, where the system gives no executable memory, where runs of gates are faster, or
// where there is no machine code for `isa`.
void generate(const Netlist& net, const std::vector<uint32_t>& roots, const std::string& isa,
              bool narrow, Program& program);

// Whether an instruction of code for `isa` can read and write a slot of this number.
bool code_reaches(const std::string& isa, uint64_t slot);

}  // namespace gategrad
