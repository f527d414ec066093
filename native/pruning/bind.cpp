#include "arrays.h"
#include "circuit/arrays_view.h"
#include "pruning/effects.h"

namespace gategrad {
namespace {

using Floats = In<float, 2>;

void check_terms(const In<int64_t, 1>& indptr, const In<float, 1>& weight, size_t n_entries) {
  bool fits = indptr.size() > 0 && indptr.data()[0] == 0 && weight.size() == n_entries;
  for (size_t c = 0; fits && c + 1 < indptr.size(); ++c)
    fits = indptr.data()[c] <= indptr.data()[c + 1];
  if (!fits || indptr.data()[indptr.size() - 1] != static_cast<int64_t>(n_entries))
    throw std::invalid_argument("the entries of a readout don't fit each other");
}

nb::tuple gate_effects(uint32_t n_inputs, In<uint32_t, 2> fanin, In<uint64_t, 1> table,
                       In<int64_t, 1> indptr, In<uint32_t, 1> signal, In<float, 1> weight,
                       In<uint8_t, 2> bits, Floats slope, Floats curve) {
  GatesView gates = checked_view(n_inputs, fanin, table, signal);
  if (gates.width > 2) throw std::invalid_argument("effects are those of gates of two inputs");
  check_terms(indptr, weight, signal.size());
  size_t n = bits.shape(0), n_classes = indptr.size() - 1;
  auto fits = [&](const Floats& f) { return f.shape(0) == n_classes && f.shape(1) == n; };
  if (bits.shape(1) != n_inputs || !fits(slope) || !fits(curve))
    throw std::invalid_argument("the rows don't fit the circuit");
  pruning::Effects sums;
  {
    nb::gil_scoped_release release;
    sums = pruning::effects(gates, {n_classes, indptr.data(), signal.data(), weight.data()},
                            {n, bits.data(), slope.data(), curve.data()});
  }
  return nb::make_tuple(to_numpy(std::move(sums.slope), {gates.n_gates, 4}),
                        to_numpy(std::move(sums.curve), {gates.n_gates, 4}));
}

}  // namespace

void bind_pruning(nb::module_& m) { m.def("gate_effects", &gate_effects); }

}  // namespace gategrad
