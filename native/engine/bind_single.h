#pragma once

#include <nanobind/nanobind.h>

namespace gategrad {

void bind_single(nanobind::module_& m);

}  // namespace gategrad
