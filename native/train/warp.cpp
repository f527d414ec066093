#include "train/warp.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "train/parallel.h"

namespace gategrad::train {
namespace {

constexpr int kFraction = 16;
constexpr double kOne = 1 << kFraction;
// Places around an image where all four neighbours are outside, on either side.
constexpr size_t kBorder = 3;
constexpr size_t kLargestSide = 4096;

int32_t fixed(double value) { return static_cast<int32_t>(std::lrint(value * kOne)); }

// So that no coordinate leaves an int32: 4 * 2,048 + 4,096 pixels are a third of its range.
void check(const Images& shape, const float* matrices) {
  if (shape.height > kLargestSide || shape.width > kLargestSide)
    throw std::invalid_argument("an image has more than 4096 pixels a side");
  for (size_t i = 0; i < 6 * shape.n; ++i)
    if (!(std::fabs(matrices[i]) <= (i % 3 == 2 ? 4096.0f : 4.0f)))
      throw std::invalid_argument("a warp moves by more than 4096 pixels or resizes more than 4 times");
}

struct Place {
  int32_t x, y;
};

// Four neighbouring pixels, the byte at (x, y) lowest, then those right, below, and right below;
// entry (0, 0) is for the pixel at (-2, -2).
class Quads {
 public:
  Quads(size_t height, size_t width)
      : height_(height), width_(width), stride_(width + kBorder),
        pixels_((height + kBorder + 1) * (stride_ + 1)), quads_((height + kBorder) * stride_) {}

  void fill(const uint8_t* image) {
    const size_t wide = stride_ + 1;
    for (size_t y = 0; y < height_; ++y)
      std::copy_n(image + y * width_, width_, &pixels_[(y + 2) * wide + 2]);
    for (size_t y = 0; y < height_ + kBorder; ++y) {
      const uint8_t *upper = &pixels_[y * wide], *lower = upper + wide;
      uint32_t* quads = &quads_[y * stride_];
      for (size_t x = 0; x < stride_; ++x)
        quads[x] = upper[x] | uint32_t{upper[x + 1]} << 8 | uint32_t{lower[x]} << 16 |
                   uint32_t{lower[x + 1]} << 24;
    }
  }

  const uint32_t* first() const { return quads_.data(); }
  int32_t stride() const { return static_cast<int32_t>(stride_); }

 private:
  size_t height_, width_, stride_;
  std::vector<uint8_t> pixels_;
  std::vector<uint32_t> quads_;
};

// The mean of a quad's pixels at fractions of 256 to the right and below, times 65,536.
uint32_t blend(uint32_t quad, uint32_t right, uint32_t below) {
  uint32_t left = 256 - right, above = 256 - below;
  uint32_t upper = (quad & 255) * left + (quad >> 8 & 255) * right;
  uint32_t lower = (quad >> 16 & 255) * left + (quad >> 24) * right;
  return upper * above + lower * below;
}

// `width` pixels, the first one read at (x, y) and the next ones step_x and step_y further on.
void warp_row(const Quads& quads, Place most, Place at, Place step, uint32_t half,
              uint8_t* __restrict out, size_t width) {
  const uint32_t* __restrict first = quads.first();
  const int32_t stride = quads.stride();
  for (size_t column = 0; column < width; ++column, at.x += step.x, at.y += step.y) {
    int32_t x = std::clamp(at.x >> kFraction, -2, most.x);
    int32_t y = std::clamp(at.y >> kFraction, -2, most.y);
    auto right = static_cast<uint32_t>(at.x >> (kFraction - 8)) & 255;
    auto below = static_cast<uint32_t>(at.y >> (kFraction - 8)) & 255;
    uint32_t value = blend(first[(y + 2) * stride + x + 2], right, below);
    out[column] = static_cast<uint8_t>((value + half) >> kFraction);
  }
}

void warp_plane(const Quads& quads, size_t height, size_t width, const float* m, uint32_t half,
                uint8_t* out) {
  double cx = (static_cast<double>(width) - 1) / 2, cy = (static_cast<double>(height) - 1) / 2;
  Place step{fixed(m[0]), fixed(m[3])};
  Place most{static_cast<int32_t>(width), static_cast<int32_t>(height)};
  for (size_t row = 0; row < height; ++row) {
    double dy = static_cast<double>(row) - cy;
    Place at{fixed(m[1] * dy - m[0] * cx + m[2] + cx), fixed(m[4] * dy - m[3] * cx + m[5] + cy)};
    warp_row(quads, most, at, step, half, out + row * width, width);
  }
}

bool leaves_all_in_place(const float* m) {
  return m[0] == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 1 && m[5] == 0;
}

}  // namespace

void warp(const Images& shape, const uint8_t* images, const float* matrices, bool bits,
          uint8_t* out, size_t n_threads) {
  check(shape, matrices);
  size_t plane = shape.height * shape.width;
  // A bit is 1 above a half, not at it; a byte is rounded.
  uint32_t half = bits ? 32767 : 32768;
  parallel(n_threads, [&](size_t thread) {
    Quads quads(shape.height, shape.width);
    Part part = part_of(shape.n, thread, n_threads);
    for (size_t i = part.begin * shape.channels; i < part.end * shape.channels; ++i) {
      const float* matrix = matrices + i / shape.channels * 6;
      if (leaves_all_in_place(matrix)) {
        std::copy_n(images + i * plane, plane, out + i * plane);
        continue;
      }
      quads.fill(images + i * plane);
      warp_plane(quads, shape.height, shape.width, matrix, half, out + i * plane);
    }
  });
}

}  // namespace gategrad::train
