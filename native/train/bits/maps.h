// Consecutive convolutions and pools, straight-through, on inputs that are bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/bits/batch.h"
#include "train/bits/map_kernel.h"
#include "train/conv/window.h"

namespace gategrad::train {

// One layer's arrays, all of the caller's; none for a pool.
struct MapLayer {
  Window window;  // depth 1, or 0 for a pool
  size_t inputs;  // of a gate
  float grad_factor;
  const int64_t* places;  // (inputs, out_channels), in the window
  const float* forward;   // (out_channels, 2^inputs), each 0 or 1
  const float* entries;   // likewise, those to differentiate
  float* grad_entries;    // backward only
};

struct MapStack {
  const LearnedKernels* packing;
  const MapKernels* kernels;
  std::vector<MapLayer> layers;
  size_t batch, threads;

  size_t n_words() const { return (batch + kWord - 1) / kWord; }
};

// Words that forward keeps for backward: the maps that the layers read, with their borders.
size_t kept_words(const MapStack& stack);

// out is (n_out, batch). False where the input is no bits; then nothing else is done. Raises
// std::out_of_range where a place is outside its window.
bool maps_forward(const MapStack& stack, const LearnedInput& x, uint64_t* kept, float* out);

// grad_out is as an input of the last layer's width. grad_x, (n_in, batch) or null, and the
// gradients of entries are overwritten.
void maps_backward(const MapStack& stack, const uint64_t* kept, const LearnedInput& grad_out,
                   float* grad_x);

}  // namespace gategrad::train
