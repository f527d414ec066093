// The path of single rows at the Python border; results go to arrays that the caller made.
#include <nanobind/nanobind.h>

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/array_view.h"
#include "engine/bind_kernels.h"
#include "engine/bind_single.h"
#include "engine/single_run.h"
#include "engine/source.h"
#include "isa/isa.h"

namespace nb = nanobind;

namespace gategrad {
namespace {

// Gates times rows from which on other Python threads may run meanwhile: some ten microseconds.
// Below, taking the lock of the interpreter back could cost more than the work itself.
constexpr size_t kLongWork = size_t{1} << 17;

bool run(const Single& single, const Rows& rows, const Results& results) {
  if (rows.n_rows * single.work() < kLongWork) return single.run(rows, results);
  nb::gil_scoped_release release;
  return single.run(rows, results);
}

// Both write to `out` and return True; False where the rows need conversion or an error message.
bool labels(const Single& single, nb::handle x, nb::handle out) {
  if (!single.plan().argmax) throw std::invalid_argument("labels need an argmax readout");
  ArrayView in(x), to(out);
  if (!in || !to) nb::raise_python_error();
  std::optional<Rows> rows = rows_of(in, single.n_features());
  return rows && run(single, *rows, {nullptr, elements_of<int64_t>(to, rows->n_rows)});
}

bool sums(const Single& single, nb::handle x, nb::handle out) {
  ArrayView in(x), to(out);
  if (!in || !to) nb::raise_python_error();
  std::optional<Rows> rows = rows_of(in, single.n_features());
  size_t n_classes = single.plan().bias.size();
  return rows && run(single, *rows, {elements_of<int32_t>(to, rows->n_rows * n_classes), nullptr});
}

// `tail`: what reads the maps that the first `n_stages` make. `rows`: from rows to the inputs of the
// plan, which is used up.
Single* lower_positions(PositionPlan& plan, size_t n_stages, const Source& tail, const Source& rows,
                        const std::string& isa) {
  nb::gil_scoped_release release;
  if (rows.n_inputs != plan.n_inputs() || rows.missing)
    throw std::invalid_argument("rows and maps differ in their inputs");
  auto front = std::make_unique<const PositionFront>(std::move(plan), n_stages, rows.encoder());
  if (tail.n_inputs != front->plan().outputs().size())
    throw std::invalid_argument("circuit and maps differ in their inputs");
  return new Single(tail.circuit(), tail.readout(), isa, std::move(front));
}

double time_gates(const Single& single, size_t times) {
  nb::gil_scoped_release release;
  auto start = std::chrono::steady_clock::now();
  single.run_gates(times);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void bind_single(nb::module_& m) {
  nb::class_<PositionPlan>(m, "Positions")
      .def(nb::init<uint32_t, uint32_t, uint32_t, double>())
      .def("add_kernels", add_kernels<PositionPlan>)
      .def("add_pool", &PositionPlan::add_pool)
      .def_prop_ro("cycles", &PositionPlan::cycles)
      .def_prop_ro("gates", &PositionPlan::gates);
  m.def("lower_positions", lower_positions);
  m.def("single_bits",
        [](const std::string& isa) { return instruction_set(isa).single->bit_gates != nullptr; });
  nb::class_<Single>(m, "Single")
      .def("labels", labels)
      .def("sums", sums)
      .def("time_gates", time_gates)
      .def_prop_ro("most_rows", &Single::most_rows)
      .def_prop_ro("n_gates", [](const Single& s) { return s.plan().n_gates; })
      .def_prop_ro("n_bytes", &Single::n_bytes)
      .def_prop_ro("layout", &Single::layout);
}

}  // namespace gategrad
