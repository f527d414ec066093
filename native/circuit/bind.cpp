#include <nanobind/stl/optional.h>

#include <optional>

#include "arrays.h"
#include "circuit/arrays_view.h"
#include "circuit/decompose.h"
#include "circuit/levels.h"
#include "circuit/live.h"

namespace gategrad {
namespace {

nb::tuple narrow(uint32_t n_inputs, In<uint32_t, 2> fanin, In<uint64_t, 1> table,
                 In<uint32_t, 1> outputs, int width) {
  NarrowCircuit result;
  {
    nb::gil_scoped_release release;
    result = decompose(checked_view(n_inputs, fanin, table, outputs), outputs.data(),
                       outputs.size(), width);
  }
  size_t n = result.table.size(), n_outputs = result.outputs.size();
  return nb::make_tuple(to_numpy(std::move(result.fanin), {n, static_cast<size_t>(width)}),
                        to_numpy(std::move(result.table), {n}),
                        to_numpy(std::move(result.outputs), {n_outputs}));
}

nb::ndarray<nb::numpy, uint32_t> levels(uint32_t n_inputs, In<uint32_t, 2> fanin,
                                        std::optional<In<uint32_t, 1>> cost) {
  size_t n_gates = fanin.shape(0);
  if (cost && cost->size() != n_gates) throw std::invalid_argument("a cost for each gate, please");
  std::vector<uint32_t> level;
  {
    nb::gil_scoped_release release;
    GatesView view{n_inputs, fanin.data(), nullptr, n_gates, fanin.shape(1)};
    check_gates(view, nullptr, 0);
    level = gate_levels(view, cost ? cost->data() : nullptr);
  }
  return to_numpy(std::move(level), {n_gates});
}

nb::ndarray<nb::numpy, uint8_t> needed(uint32_t n_inputs, In<uint32_t, 2> fanin,
                                       In<uint64_t, 1> table, In<uint32_t, 1> roots) {
  std::vector<uint8_t> found;
  {
    nb::gil_scoped_release release;
    found = needed_gates(checked_view(n_inputs, fanin, table, roots), roots.data(), roots.size());
  }
  return to_numpy(std::move(found), {table.size()});
}

}  // namespace

void bind_circuit(nb::module_& m) {
  m.def("decompose", &narrow);
  m.def("needed_gates", &needed);
  m.def("gate_levels", &levels, nb::arg(), nb::arg(), nb::arg().none() = nb::none());
}

}  // namespace gategrad
