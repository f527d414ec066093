// Kernels of filtered images: plain data and function pointers, as in kernel.h and for the same
// reason. All arithmetic is of integers, so every instruction set gives the same.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad {

// A weight and the pixels of a padded row that it is for, one for each pixel of the plane's row.
struct Tap {
  const uint8_t* pixels;
  int16_t weight;
};

// Bytes behind the last pixel of a padded row that a kernel may read.
inline constexpr size_t kTapSlack = 64;

struct FilterKernels {
  // n bytes: the weighted pixels, divided by 2^shift towards zero, plus `offset`, cut at 0 and 255.
  // 255 times all weights, as they are without their signs, and the offset fit 16 bits.
  void (*row)(const Tap* taps, size_t n_taps, int16_t shift, int16_t offset, size_t n,
              uint8_t* out);
};

}  // namespace gategrad
