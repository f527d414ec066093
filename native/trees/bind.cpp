#include <stdexcept>
#include <utility>

#include "arrays.h"
#include "trees/grow.h"

namespace gategrad {
namespace {

nb::tuple arrays_of(TreeDigits&& digits) {
  const size_t n = digits.tree.size(), n_trees = digits.constant.size();
  return nb::make_tuple(
      to_numpy(std::move(digits.tree), {n}), to_numpy(std::move(digits.place), {n}),
      to_numpy(std::move(digits.signal), {n}), to_numpy(std::move(digits.inverted), {n}),
      to_numpy(std::move(digits.constant), {n_trees}));
}

// Operands, tables, and the digits of each value.
nb::tuple grow(In<bool, 1> leaf, In<int64_t, 2> child, In<int64_t, 1> roots,
               In<int64_t, 1> decision, In<int64_t, 2> value, uint32_t first_gate) {
  const size_t n = leaf.size();
  if (child.shape(0) != n || child.shape(1) != 2 || decision.size() != n || value.shape(0) != n)
    throw std::invalid_argument("arrays of nodes differ in length");
  GrownTrees grown;
  {
    nb::gil_scoped_release release;
    grown = grow_trees({n, roots.size(), value.shape(1), leaf.data(), child.data(), decision.data(),
                        value.data(), roots.data()},
                       first_gate);
  }
  nb::list digits;
  for (TreeDigits& of_value : grown.digits) digits.append(arrays_of(std::move(of_value)));
  const size_t n_gates = grown.table.size();
  return nb::make_tuple(to_numpy(std::move(grown.fanin), {n_gates, 2}),
                        to_numpy(std::move(grown.table), {n_gates}), digits);
}

}  // namespace

void bind_trees(nb::module_& m) { m.def("grow_trees", &grow); }

}  // namespace gategrad
