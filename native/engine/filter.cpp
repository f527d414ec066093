#include "engine/filter.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace gategrad {
namespace {

constexpr size_t kLargestSide = 4096;
// Weights without their signs sum up to no more, so that 255 times that and an offset are 16 bits.
constexpr int kMostWeight = 127;
constexpr uint8_t kMostShift = 7;

}  // namespace

FilterBank::FilterBank(size_t channels, size_t height, size_t width, size_t size,
                       const std::vector<int16_t>& weights, std::vector<uint8_t> shift,
                       std::vector<uint8_t> offset)
    : channels_(channels), height_(height), width_(width), reach_(size / 2),
      shift_(std::move(shift)), offset_(std::move(offset)) {
  const size_t sides[] = {channels, height, width, size};
  for (const size_t side : sides)
    if (side == 0 || side > kLargestSide)
      throw std::invalid_argument("an image or a filter has no pixels, or more than 4096 a side");
  const size_t each = channels * size * size;
  if (size % 2 == 0) throw std::invalid_argument("the side of a filter is even; it needs a middle");
  if (shift_.empty() || shift_.size() != offset_.size() || weights.size() != shift_.size() * each)
    throw std::invalid_argument("filters are of other sizes than they say");
  for (size_t p = 0; p < shift_.size(); ++p) {
    first_.push_back(weights_.size());
    int all = 0;
    for (size_t i = 0; i < each; ++i) {
      const int16_t weight = weights[p * each + i];
      if (weight == 0) continue;
      all = std::min(all + std::abs(int{weight}), kMostWeight + 1);
      weights_.push_back({i / (size * size), i / size % size, i % size, weight});
    }
    if (shift_[p] > kMostShift) throw std::invalid_argument("a shift is more than 7");
    if (all > kMostWeight)
      throw std::invalid_argument("the weights of a filter sum up to more than 127");
  }
  first_.push_back(weights_.size());
}

void FilterBank::pad(const uint8_t* image, uint8_t* room) const noexcept {
  for (size_t c = 0; c < channels_; ++c)
    for (size_t y = 0; y < height_ + 2 * reach_; ++y, room += padded_width()) {
      const size_t line = std::clamp(y, reach_, height_ + reach_ - 1) - reach_;
      const uint8_t* from = image + (c * height_ + line) * width_;
      std::fill_n(room, reach_, from[0]);
      std::copy_n(from, width_, room + reach_);
      std::fill_n(room + reach_ + width_, reach_ + kTapSlack, from[width_ - 1]);
    }
}

void FilterBank::run(const FilterKernels& kernels, const uint8_t* image, uint8_t* planes,
                     uint8_t* room) const noexcept {
  pad(image, room);
  std::array<Tap, kMostWeight> taps;
  for (size_t p = 0; p < shift_.size(); ++p) {
    const size_t n = first_[p + 1] - first_[p];
    for (size_t y = 0; y < height_; ++y, planes += width_) {
      for (size_t t = 0; t < n; ++t) {
        const Weight& w = weights_[first_[p] + t];
        taps[t] = {room + w.channel * padded_bytes() + (y + w.down) * padded_width() + w.right,
                   w.weight};
      }
      kernels.row(taps.data(), n, shift_[p], offset_[p], width_, planes);
    }
  }
}

}  // namespace gategrad
