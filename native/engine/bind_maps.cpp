// Convolutions by their kernels at the Python border: a plan is made stage by stage, and then lowered
// with the gates behind it.
#include "engine/bind_maps.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <stdexcept>

#include "engine/bind_kernels.h"
#include "engine/lower.h"
#include "engine/map_source.h"
#include "engine/run.h"
#include "engine/source.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

// `tail`: what reads the last maps. `rows`: from rows to the inputs of the plan; its circuit is not
// looked at. The plan is used up.
Engine* lower_maps(MapPlan& plan, const Source& tail, const Source& rows, const std::string& isa,
                   bool code) {
  nb::gil_scoped_release release;
  plan.finish();
  auto front = std::make_unique<MapFront>(std::move(plan));
  if (rows.n_inputs != front->plan.inputs().size() || tail.n_inputs != front->outputs.size())
    throw std::invalid_argument("circuits and maps differ in their inputs");
  Program program =
      lower(tail.circuit(), tail.readout(), tail.encoder(), code ? isa : std::string());
  program.arrangement = nullptr;  // few rows go through maps, too
  front->lower_rows(rows.encoder());
  program.n_map_blocks = front->n_blocks();
  return new Engine(std::move(program), instruction_set(isa).kernels->blocks, std::move(front));
}

}  // namespace

void bind_maps(nb::module_& m) {
  nb::class_<MapPlan>(m, "Maps")
      .def(nb::init<uint32_t, uint32_t, uint32_t>())
      .def("add_kernels", add_kernels<MapPlan>)
      .def("add_pool", &MapPlan::add_pool)
      .def_prop_ro("n_gates", &MapPlan::n_gates);
  m.def("lower_maps", lower_maps);
}

}  // namespace gategrad
