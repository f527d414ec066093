// NumPy arrays at the Python border: typed views in, owned arrays out.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace gategrad {

namespace nb = nanobind;

template <typename T, int NDim>
using In = nb::ndarray<const T, nb::ndim<NDim>, nb::c_contig, nb::device::cpu>;

// Hands `data` over to a new NumPy array of the given shape, without a copy.
template <typename T>
nb::ndarray<nb::numpy, T> to_numpy(std::vector<T>&& data, std::initializer_list<size_t> shape) {
  auto* owned = new std::vector<T>(std::move(data));
  nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::ndarray<nb::numpy, T>(owned->data(), shape, owner);
}

}  // namespace gategrad
