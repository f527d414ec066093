#include "arrays.h"
#include "circuit/decompose.h"
#include "circuit/depth.h"

namespace gategrad {

void bind_circuit(nb::module_& m) {
  m.def("decompose", [](uint32_t n_inputs, In<uint32_t, 2> fanin, In<uint64_t, 1> table,
                        In<uint32_t, 1> outputs) {
    NarrowCircuit result;
    {
      nb::gil_scoped_release release;
      result = decompose(n_inputs, fanin.data(), table.data(), table.size(), fanin.shape(1),
                         outputs.data(), outputs.size());
    }
    size_t n = result.table.size(), n_outputs = result.outputs.size();
    return nb::make_tuple(to_numpy(std::move(result.fanin), {n, 2}),
                          to_numpy(std::move(result.table), {n}),
                          to_numpy(std::move(result.outputs), {n_outputs}));
  });
  m.def("depth", [](uint32_t n_inputs, In<uint32_t, 2> fanin, In<uint32_t, 1> cost,
                    In<uint32_t, 1> outputs) {
    nb::gil_scoped_release release;
    return depth(n_inputs, fanin.data(), cost.data(), cost.size(), fanin.shape(1), outputs.data(),
                 outputs.size());
  });
}

}  // namespace gategrad
