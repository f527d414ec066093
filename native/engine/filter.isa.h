// The kernels of filtered images.
#pragma once

#include "engine/filter_kernel.h"
#include "isa/register.h"

namespace gategrad::filters {
namespace {

typedef int16_t Sums __attribute__((vector_size(GG_REGISTER), may_alias));
typedef uint8_t Pixels __attribute__((vector_size(GG_REGISTER / 2), may_alias));
constexpr size_t kPixels = GG_REGISTER / 2;
static_assert(kPixels <= kTapSlack, "a load may not leave its row's room");

GG_INLINE Sums between(Sums v, int16_t least, int16_t most) {
  const Sums low = Sums{} + least, high = Sums{} + most;
  v = v < low ? low : v;
  return v > high ? high : v;
}

void row(const Tap* taps, size_t n_taps, int16_t shift, int16_t offset, size_t n,
         uint8_t* __restrict out) {
  // GCC takes no expression of other integers for a 16-bit scalar.
  const int16_t most = static_cast<int16_t>((1 << shift) - 1);
  const Sums round = Sums{} + most;
  for (size_t at = 0; at < n; at += kPixels) {
    Sums sum = {};
    for (size_t t = 0; t < n_taps; ++t) {
      Pixels pixels;
      __builtin_memcpy(&pixels, taps[t].pixels + at, sizeof pixels);
      sum += __builtin_convertvector(pixels, Sums) * taps[t].weight;
    }
    // A negative sum is rounded up: towards zero.
    sum = ((sum + ((sum >> 15) & round)) >> shift) + offset;
    const Pixels bytes = __builtin_convertvector(between(sum, 0, 255), Pixels);
    const size_t left = n - at;
    if (left >= kPixels)
      __builtin_memcpy(out + at, &bytes, kPixels);
    else
      for (size_t l = 0; l < left; ++l) out[at + l] = bytes[l];
  }
}

constexpr FilterKernels kernels() { return {row}; }

}  // namespace
}  // namespace gategrad::filters
