#include "arrays.h"
#include "circuit/arrays_view.h"
#include "passes/dead.h"
#include "passes/sweep.h"

namespace gategrad {
namespace {

using namespace passes;

using Fanin = In<uint32_t, 2>;
using Table = In<uint64_t, 1>;
using Outputs = In<uint32_t, 1>;

// The literals of the outputs as two arrays.
struct OutputLiterals {
  std::vector<uint32_t> signal;
  std::vector<uint8_t> inverted;

  OutputLiterals(const Literals& literal, const Outputs& outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      signal.push_back(literal[outputs.data()[i]].signal);
      inverted.push_back(literal[outputs.data()[i]].inverted);
    }
  }
};

template <Swept (*Sweep)(const GatesView&)>
nb::tuple sweep(uint32_t n_inputs, Fanin fanin, Table table, Outputs outputs) {
  auto run = [&] {
    nb::gil_scoped_release release;
    Swept swept = Sweep(checked_view(n_inputs, fanin, table, outputs));
    OutputLiterals of_outputs(swept.literal, outputs);
    return std::pair(std::move(swept), std::move(of_outputs));
  };
  auto [swept, of_outputs] = run();
  size_t n_gates = swept.table.size(), n_outputs = outputs.size();
  return nb::make_tuple(to_numpy(std::move(swept.fanin), {n_gates, fanin.shape(1)}),
                        to_numpy(std::move(swept.table), {n_gates}),
                        to_numpy(std::move(of_outputs.signal), {n_outputs}),
                        to_numpy(std::move(of_outputs.inverted), {n_outputs}));
}

nb::tuple output_literals(uint32_t n_inputs, Fanin fanin, Table table, Outputs outputs) {
  auto run = [&] {
    nb::gil_scoped_release release;
    return OutputLiterals(literals(checked_view(n_inputs, fanin, table, outputs)), outputs);
  };
  OutputLiterals of_outputs = run();
  return nb::make_tuple(to_numpy(std::move(of_outputs.signal), {outputs.size()}),
                        to_numpy(std::move(of_outputs.inverted), {outputs.size()}));
}

nb::tuple live_part(uint32_t n_inputs, Fanin fanin, Table table, Outputs outputs) {
  auto run = [&] {
    nb::gil_scoped_release release;
    return remove_dead(checked_view(n_inputs, fanin, table, outputs), outputs.data(),
                       outputs.size());
  };
  Live live = run();
  size_t n_gates = live.table.size(), n_outputs = live.outputs.size();
  return nb::make_tuple(to_numpy(std::move(live.fanin), {n_gates, fanin.shape(1)}),
                        to_numpy(std::move(live.table), {n_gates}),
                        to_numpy(std::move(live.outputs), {n_outputs}));
}

// What `strash` looks at, which grows with the gates alone, whatever circuit it is given.
uint64_t strash_steps(uint32_t n_inputs, Fanin fanin, Table table, Outputs outputs) {
  nb::gil_scoped_release release;
  return strash(checked_view(n_inputs, fanin, table, outputs)).steps;
}

}  // namespace

void bind_passes(nb::module_& m) {
  m.def("fold", &sweep<fold>);
  m.def("strash", &sweep<strash>);
  m.def("strash_steps", &strash_steps);
  m.def("output_literals", &output_literals);
  m.def("remove_dead", &live_part);
}

}  // namespace gategrad
