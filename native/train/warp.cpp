#include "train/warp.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

constexpr double kOne = 1 << kFraction;
constexpr size_t kLargestSide = 4096;

int32_t fixed(double value) { return static_cast<int32_t>(std::lrint(value * kOne)); }

// So that no coordinate leaves an int32: 4 * 2,048 + 4,096 pixels are a third of its range.
void check(const Images& shape, const float* matrices) {
  if (shape.height > kLargestSide || shape.width > kLargestSide)
    throw std::invalid_argument("an image has more than 4096 pixels a side");
  for (size_t i = 0; i < 6 * shape.n; ++i)
    if (!(std::fabs(matrices[i]) <= (i % 3 == 2 ? 4096.0f : 4.0f)))
      throw std::invalid_argument(
          "a warp moves by more than 4096 pixels or resizes more than 4 times");
}

// Room for the quads of one image after the other.
class Quads {
 public:
  Quads(const WarpKernels& kernels, size_t height, size_t width)
      : kernels_(kernels), height_(height), width_(width), stride_(width + kBorder),
        pixels_((height + kBorder + 1) * (stride_ + 1)), quads_((height + kBorder) * stride_) {}

  void fill(const uint8_t* image) {
    for (size_t y = 0; y < height_; ++y)
      std::copy_n(image + y * width_, width_, &pixels_[(y + 2) * (stride_ + 1) + 2]);
    kernels_.quads(pixels_.data(), height_ + kBorder, stride_, quads_.data());
  }

  WarpPlane plane(uint32_t half) const {
    return {quads_.data(), static_cast<int32_t>(stride_), static_cast<int32_t>(width_),
            static_cast<int32_t>(height_), half};
  }

 private:
  const WarpKernels& kernels_;
  size_t height_, width_, stride_;
  std::vector<uint8_t> pixels_;
  std::vector<uint32_t> quads_;
};

void warp_plane(const WarpKernels& kernels, const WarpPlane& plane, const float* m, uint8_t* out) {
  const double cx = (plane.width - 1.0) / 2, cy = (plane.height - 1.0) / 2;
  const auto width = static_cast<size_t>(plane.width);
  for (int32_t y = 0; y < plane.height; ++y, out += width) {
    const double dy = y - cy;
    const WarpRow row{fixed(m[1] * dy - m[0] * cx + m[2] + cx),
                      fixed(m[4] * dy - m[3] * cx + m[5] + cy), fixed(m[0]), fixed(m[3])};
    kernels.row(plane, row, width, out);
  }
}

bool leaves_all_in_place(const float* m) {
  return m[0] == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 1 && m[5] == 0;
}

}  // namespace

void warp(const WarpKernels& kernels, const Images& shape, const uint8_t* images,
          const float* matrices, bool bits, uint8_t* out, size_t n_threads) {
  check(shape, matrices);
  size_t plane = shape.height * shape.width;
  // A bit is 1 above a half, not at it; a byte is rounded.
  uint32_t half = bits ? 32767 : 32768;
  // Of each thread: none of them may be the first to hear that there is no more memory.
  std::vector<Quads> rooms(n_threads, Quads(kernels, shape.height, shape.width));
  parallel(n_threads, [&](size_t thread) {
    Quads& quads = rooms[thread];
    Part part = part_of(shape.n, thread, n_threads);
    for (size_t i = part.begin * shape.channels; i < part.end * shape.channels; ++i) {
      const float* matrix = matrices + i / shape.channels * 6;
      if (leaves_all_in_place(matrix)) {
        std::copy_n(images + i * plane, plane, out + i * plane);
        continue;
      }
      quads.fill(images + i * plane);
      warp_plane(kernels, quads.plane(half), matrix, out + i * plane);
    }
  });
}

}  // namespace gategrad::train
