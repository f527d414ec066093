#include <nanobind/stl/string.h>

#include <stdexcept>
#include <string>

#include "arrays.h"
#include "train/bind.h"
#include "train/warp.h"

namespace gategrad {

using namespace train;

void bind_warp(nb::module_& m) {
  m.def("warp", [](const std::string& isa, const In<uint8_t, 4>& images,
                   const In<float, 3>& matrices, bool bits,
                   const nb::ndarray<uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>& out,
                   size_t n_threads) {
    for (size_t i = 0; i < 4; ++i)
      if (out.shape(i) != images.shape(i)) throw std::invalid_argument("out is not like images");
    if (matrices.shape(0) != images.shape(0) || matrices.shape(1) != 2 || matrices.shape(2) != 3)
      throw std::invalid_argument("matrices must be (n, 2, 3)");
    if (n_threads == 0) throw std::invalid_argument("n_threads must be at least 1");
    nb::gil_scoped_release release;
    warp(instruction_set(isa).kernels->images,
         {images.shape(0), images.shape(1), images.shape(2), images.shape(3)}, images.data(),
         matrices.data(), bits, out.data(), n_threads);
  });
}

}  // namespace gategrad
