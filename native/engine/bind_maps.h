// Convolutions by their kernels at the Python border.
#pragma once

#include <nanobind/nanobind.h>

namespace gategrad {

void bind_maps(nanobind::module_& m);

}  // namespace gategrad
