// The Python module gategrad._core: one bind function a folder.
#include <nanobind/nanobind.h>

namespace gategrad {
void bind_arrays(nanobind::module_& m);
void bind_bit_maps(nanobind::module_& m);
void bind_choice(nanobind::module_& m);
void bind_circuit(nanobind::module_& m);
void bind_engine(nanobind::module_& m);
void bind_filter(nanobind::module_& m);
void bind_learned(nanobind::module_& m);
void bind_passes(nanobind::module_& m);
void bind_pruning(nanobind::module_& m);
void bind_train(nanobind::module_& m);
void bind_trees(nanobind::module_& m);
void bind_warp(nanobind::module_& m);
}  // namespace gategrad

NB_MODULE(_core, m) {
  // Programs may live in caches until the interpreter ends; that is no leak worth a warning.
  nanobind::set_leak_warnings(false);
  m.doc() = "Native core of gategrad.";
  gategrad::bind_bit_maps(m);
  gategrad::bind_choice(m);
  gategrad::bind_circuit(m);
  gategrad::bind_engine(m);
  gategrad::bind_filter(m);
  gategrad::bind_learned(m);
  gategrad::bind_passes(m);
  gategrad::bind_pruning(m);
  gategrad::bind_train(m);
  gategrad::bind_trees(m);
  gategrad::bind_warp(m);
  gategrad::bind_arrays(m);
}
