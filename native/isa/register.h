// The widest registers of the instruction set that a file is compiled for; included by all headers
// named *.isa.h.
//
// These are compiled once an instruction set (isa/table.def), each time with other flags, so all that
// they define has internal linkage, and they include no library header but those of C: a library
// template that the compiler instantiates there could be the one that the linker keeps, and would
// crash older machines.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(GG_NEON)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define GG_REGISTER 64
#elif defined(__AVX2__)
#define GG_REGISTER 32
#else
#define GG_REGISTER 16
#endif

#define GG_INLINE inline __attribute__((always_inline))

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define GG_HAS_SHUFFLEVECTOR
#endif
#endif
// The elements of vectors a and b, numbered through, whose numbers follow; `Numbers` is a vector of
// integers of their size.
#if defined(GG_HAS_SHUFFLEVECTOR)
#define GG_SHUFFLE(Numbers, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define GG_SHUFFLE(Numbers, a, b, ...) __builtin_shuffle(a, b, Numbers{__VA_ARGS__})
#endif
