// Machine code for one circuit and its sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/arrange.h"
#include "engine/program.h"

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

// Writes code, input, input_slot, n_slots and n_gates of a program whose classes and planes are there;
// netlist, columns and entries are in `made`, which is arranged. Leaves the program as it is, but for
// `no_code`, where the system gives no executable memory, where runs of gates are faster, or where
// there is no machine code for `isa`.
void generate(Arrangement& made, const std::string& isa, Program& program);

// The code of a program that has an arrangement once more, for slots of 16 bytes; null where there is
// none.
std::shared_ptr<const Code> generate_narrow(const Program& program, const std::string& isa);

// Whether an instruction of code for `isa` can read and write a slot of this number.
bool code_reaches(const std::string& isa, uint64_t slot);

}  // namespace gategrad
