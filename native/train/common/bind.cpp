#include "train/common/arrays.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

namespace gategrad {

void bind_arrays(nanobind::module_& m) {
  namespace nb = nanobind;
  using namespace train;
  if (nb::hasattr(m, "Array")) return;
  nb::enum_<ScalarType>(m, "ScalarType")
      .value("float32", ScalarType::kFloat32)
      .value("float64", ScalarType::kFloat64)
      .value("int32", ScalarType::kInt32)
      .value("int64", ScalarType::kInt64)
      .value("uint8", ScalarType::kUint8);
  nb::class_<Array>(m, "Array")
      .def(nb::init<uintptr_t, ScalarType, std::vector<size_t>>(), nb::arg("address"),
           nb::arg("type"), nb::arg("shape"));
}

}  // namespace gategrad
