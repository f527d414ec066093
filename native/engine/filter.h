// Planes of bytes that small filters make of images of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/filter_kernel.h"

namespace gategrad {

// The filters of one encoder: `weights` are (planes, channels, size, size), of which the middle one
// is that of the pixel itself; beyond an image its border goes on.
class FilterBank {
 public:
  // Throws std::invalid_argument for sizes that don't fit together, images without pixels or of more
  // than 4096 a side, and weights whose sums 16 bits can't hold.
  FilterBank(size_t channels, size_t height, size_t width, size_t size,
             const std::vector<int16_t>& weights, std::vector<uint8_t> shift,
             std::vector<uint8_t> offset);

  size_t image_bytes() const { return channels_ * height_ * width_; }
  size_t plane_bytes() const { return shift_.size() * height_ * width_; }
  // Room that `run` needs.
  size_t room_bytes() const { return channels_ * padded_bytes(); }

  // One image (channels, height, width) to planes (planes, height, width). Allocates nothing.
  void run(const FilterKernels& kernels, const uint8_t* image, uint8_t* planes,
           uint8_t* room) const noexcept;

 private:
  struct Weight {
    size_t channel, down, right;
    int16_t weight;
  };

  size_t padded_width() const { return width_ + 2 * reach_ + kTapSlack; }
  size_t padded_bytes() const { return (height_ + 2 * reach_) * padded_width(); }
  void pad(const uint8_t* image, uint8_t* room) const noexcept;

  size_t channels_, height_, width_, reach_;
  std::vector<Weight> weights_;
  std::vector<size_t> first_;  // of each plane, and one past the last one's
  std::vector<uint8_t> shift_, offset_;
};

}  // namespace gategrad
