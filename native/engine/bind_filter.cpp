#include <nanobind/stl/string.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.h"
#include "engine/filter.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

template <typename T>
std::vector<T> copied(const T* from, size_t n) {
  return {from, from + n};
}

FilterBank bank_of(const In<int16_t, 4>& weights, size_t height, size_t width,
                   const In<uint8_t, 1>& shift, const In<uint8_t, 1>& offset) {
  if (weights.shape(2) != weights.shape(3) || weights.shape(0) != shift.shape(0))
    throw std::invalid_argument("weights must be (planes, channels, size, size)");
  return {weights.shape(1),
          height,
          width,
          weights.shape(2),
          copied(weights.data(), weights.size()),
          copied(shift.data(), shift.size()),
          copied(offset.data(), offset.size())};
}

void filter(const FilterBank& bank, const std::string& isa, const In<uint8_t, 2>& images,
            const nb::ndarray<uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>& out) {
  const size_t n = images.shape(0);
  if (images.shape(1) != bank.image_bytes() || out.shape(0) != n ||
      out.shape(1) != bank.plane_bytes())
    throw std::invalid_argument("images and planes must be rows of the bank's sizes");
  const FilterKernels& kernels = instruction_set(isa).kernels->filters;
  const uint8_t* from = images.data();
  uint8_t* to = out.data();
  nb::gil_scoped_release release;
  std::vector<uint8_t> room(bank.room_bytes());
  for (size_t i = 0; i < n; ++i)
    bank.run(kernels, from + i * bank.image_bytes(), to + i * bank.plane_bytes(), room.data());
}

}  // namespace

void bind_filter(nb::module_& m) {
  nb::class_<FilterBank>(m, "FilterBank")
      .def("run", filter)
      .def_prop_ro("plane_bytes", &FilterBank::plane_bytes);
  m.def("filter_bank", bank_of);
}

}  // namespace gategrad
