// Kernels of warped images: plain data and function pointers, as in kernel.h and for the same reason.
// All arithmetic is of integers, so every instruction set gives the same.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gategrad::train {

// Fractions of a pixel in places, and how far around an image quads go on either side together:
// where all four pixels are outside.
inline constexpr int kFraction = 16;
inline constexpr size_t kBorder = 3;

// Four neighbouring pixels are a quad, the byte at (x, y) lowest, then those right, below, and right
// below; the first of `quads` is for the pixel at (-2, -2), and rows are `stride` apart.
struct WarpPlane {
  const uint32_t* quads;
  int32_t stride, width, height;
  uint32_t half;  // added to a mean of 65,536 a pixel value before it is cut
};

// Pixels of a row: the first is read at (x, y), the next ones step_x and step_y further on.
struct WarpRow {
  int32_t x, y, step_x, step_y;
};

struct WarpKernels {
  // Quads (rows, stride) of pixels (rows + 1, stride + 1).
  void (*quads)(const uint8_t* pixels, size_t rows, size_t stride, uint32_t* quads);
  void (*row)(const WarpPlane&, const WarpRow&, size_t n, uint8_t* out);
};

}  // namespace gategrad::train
