// Affine warps of images of bytes, bilinear, in fixed point: the same result on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/warp_kernel.h"

namespace gategrad::train {

struct Images {
  size_t n, channels, height, width;
};

// Reads pixel (x, y) of image i at matrices[i] * (x, y, 1), in pixels from the image's centre; 0
// outside. `images` and `out` are shaped (n, channels, height, width), `matrices` (n, 2, 3).
// Pixels are 0 and 1, cut above a half, where `bits`; else 0 to 255, rounded. Throws
// std::invalid_argument for images and warps beyond all reason.
void warp(const WarpKernels& kernels, const Images& shape, const uint8_t* images,
          const float* matrices, bool bits, uint8_t* out, size_t n_threads);

}  // namespace gategrad::train
