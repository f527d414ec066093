// The kernels of warped images.
#pragma once

#include "train/vec.isa.h"
#include "train/warp_kernel.h"

namespace gategrad::train::images {
namespace {

typedef uint32_t Words __attribute__((vector_size(GG_REGISTER), may_alias));
typedef uint8_t Bytes __attribute__((vector_size(GG_REGISTER / 4), may_alias));
using Places = Int<float>;
constexpr size_t kPixels = kLanes<float>;

void quads(const uint8_t* pixels, size_t rows, size_t stride, uint32_t* __restrict quads) {
  for (size_t y = 0; y < rows; ++y, quads += stride) {
    const uint8_t *upper = pixels + y * (stride + 1), *lower = upper + stride + 1;
    for (size_t x = 0; x < stride; ++x)
      quads[x] = upper[x] | uint32_t{upper[x + 1]} << 8 | uint32_t{lower[x]} << 16 |
                 uint32_t{lower[x + 1]} << 24;
  }
}

GG_INLINE Words gathered(const uint32_t* from, Places at) {
#if defined(__AVX512F__)
  return (Words)_mm512_i32gather_epi32((__m512i)at, from, 4);
#elif defined(__AVX2__)
  return (Words)_mm256_i32gather_epi32(reinterpret_cast<const int*>(from), (__m256i)at, 4);
#else
  Words v;
  for (size_t l = 0; l < kPixels; ++l) v[l] = from[at[l]];
  return v;
#endif
}

GG_INLINE Places clamped(Places v, int32_t most) {
  const Places low = Places{} - 2, high = Places{} + most;
  v = v < low ? low : v;
  return v > high ? high : v;
}

// The mean of a quad's pixels at fractions of 256 to the right and below, times 65,536.
GG_INLINE Words blend(Words quad, Words right, Words below) {
  const Words left = 256 - right, above = 256 - below;
  const Words upper = (quad & 255) * left + (quad >> 8 & 255) * right;
  const Words lower = (quad >> 16 & 255) * left + (quad >> 24) * right;
  return upper * above + lower * below;
}

void row(const WarpPlane& plane, const WarpRow& from, size_t n, uint8_t* out) {
  Words lane;
  for (size_t l = 0; l < kPixels; ++l) lane[l] = static_cast<uint32_t>(l);
  // Past the row's end places may wrap around: they are clamped, and what is read is not stored.
  const auto step_x = static_cast<uint32_t>(from.step_x),
             step_y = static_cast<uint32_t>(from.step_y);
  Words x = static_cast<uint32_t>(from.x) + lane * step_x;
  Words y = static_cast<uint32_t>(from.y) + lane * step_y;
  const uint32_t next_x = uint32_t{kPixels} * step_x, next_y = uint32_t{kPixels} * step_y;
  for (size_t at = 0; at < n; at += kPixels, x += next_x, y += next_y) {
    const Places column = clamped((Places)x >> kFraction, plane.width);
    const Places line = clamped((Places)y >> kFraction, plane.height);
    const Words quad = gathered(plane.quads, (line + 2) * plane.stride + column + 2);
    const Words mean = blend(quad, x >> (kFraction - 8) & 255, y >> (kFraction - 8) & 255);
    const Bytes bytes = __builtin_convertvector((mean + plane.half) >> kFraction, Bytes);
    const size_t left = n - at;
    if (left >= kPixels)
      __builtin_memcpy(out + at, &bytes, kPixels);
    else
      for (size_t l = 0; l < left; ++l) out[at + l] = bytes[l];
  }
}

constexpr WarpKernels kernels() { return {quads, row}; }

}  // namespace
}  // namespace gategrad::train::images
