// Kernels of a convolution as plans take them at the Python border.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "arrays.h"
#include "engine/map_tree.h"

namespace gategrad {

template <typename Plan>
void add_kernels(Plan& plan, In<uint32_t, 2> leaves, In<uint64_t, 1> table, Pair size, Pair stride,
                 Pair padding, uint32_t inputs) {
  const size_t out_channels = leaves.shape(1);
  if (out_channels == 0 || table.shape(0) % out_channels != 0)
    throw std::invalid_argument("every tree has as many gates as the others");
  plan.add_kernels({leaves.data(), table.data(), leaves.shape(0), out_channels,
                    table.shape(0) / out_channels, size, stride, padding, inputs});
}

}  // namespace gategrad
