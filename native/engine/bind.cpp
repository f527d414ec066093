#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "arrays.h"
#include "engine/array_view.h"
#include "engine/bind_maps.h"
#include "engine/bind_single.h"
#include "engine/cells.h"
#include "engine/generate.h"
#include "engine/lower.h"
#include "engine/pool.h"
#include "engine/run.h"
#include "engine/single_run.h"
#include "engine/source.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

const BlockKernels& kernels_named(const std::string& isa) {
  return instruction_set(isa).kernels->blocks;
}

// Ctrl-C and the like: a handler that raises ends the call.
bool interrupted() {
  nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

// Where results of `n_rows` rows go; either may be None.
Results results_of(const Program& program, nb::handle sums, nb::handle labels, size_t n_rows) {
  Results results{nullptr, nullptr};
  if (!sums.is_none()) {
    ArrayView view(sums);
    if (!view) nb::raise_python_error();
    results.sums = elements_of<int32_t>(view, n_rows * program.classes.size());
  }
  if (!labels.is_none()) {
    if (!program.argmax) throw std::invalid_argument("labels need an argmax readout");
    ArrayView view(labels);
    if (!view) nb::raise_python_error();
    results.labels = elements_of<int64_t>(view, n_rows);
  }
  return results;
}

// `threads`: so many at most; where it is negative, fewer where they don't pay. Every way that a call may
// end has a name in Python, but an interrupt, which raises what its handler raised.
template <typename AnyRows>
int run(Engine& engine, const AnyRows& rows, int64_t threads, bool may_interrupt,
        const Results& results) {
  const bool as_pays = threads < 0;
  const Calling calling{static_cast<size_t>(as_pays ? -threads : threads), as_pays,
                        may_interrupt ? interrupted : nullptr};
  Outcome outcome;
  {
    nb::gil_scoped_release release;
    outcome = engine.run(rows, calling, results);
  }
  if (outcome == Outcome::kInterrupted) nb::raise_python_error();
  return static_cast<int>(outcome);
}

// Rows of another type, shape or alignment.
constexpr int kNotPlain = -1;

int run_rows(Engine& engine, nb::handle x, nb::handle sums, nb::handle labels, int64_t threads,
             bool may_interrupt) {
  ArrayView view(x);
  if (!view) nb::raise_python_error();
  std::optional<Rows> rows = rows_of(view, engine.rows_program().n_features);
  if (!rows) return kNotPlain;
  const Results results = results_of(engine.program(), sums, labels, rows->n_rows);
  return run(engine, *rows, threads, may_interrupt, results);
}

int run_packed(Engine& engine, In<uint64_t, 2> words, size_t n_rows, nb::handle sums,
               nb::handle labels, int64_t threads, bool may_interrupt) {
  for (uint32_t input : engine.rows_program().input)
    if (input >= words.shape(0)) throw std::invalid_argument("too few packed inputs");
  if (words.shape(1) < (n_rows + 63) / 64) throw std::invalid_argument("too few packed words");
  const Results results = results_of(engine.program(), sums, labels, n_rows);
  return run(engine, PackedRows{words.data(), n_rows, words.shape(1)}, threads, may_interrupt,
             results);
}

// Seconds to read `data` once, plain or prefetching, and the XOR of what was read.
std::pair<double, uint64_t> time_read(In<uint8_t, 1> data, const std::string& isa,
                                      bool prefetching) {
  const BlockKernels& kernels = kernels_named(isa);
  nb::gil_scoped_release release;
  auto start = std::chrono::steady_clock::now();
  auto read = prefetching ? kernels.read_prefetching : kernels.read_plain;
  uint64_t value = read(data.data(), data.size());
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return {elapsed.count(), value};
}

template <typename Array>
auto copied(const Array& array) {
  using T = std::remove_const_t<typename Array::Scalar>;
  return std::vector<T>(array.data(), array.data() + array.size());
}

Source* copy_source(uint32_t n_inputs, In<uint32_t, 2> fanin, In<uint64_t, 1> table,
                    In<uint32_t, 1> outputs, In<int64_t, 1> indptr, In<uint32_t, 1> index,
                    In<int32_t, 1> weight, In<int32_t, 1> bias, bool argmax,
                    In<uint32_t, 1> feature, In<double, 1> threshold, size_t n_features, bool bits,
                    bool missing) {
  auto source = std::make_unique<Source>(
      Source{n_inputs, fanin.shape(1), copied(fanin), copied(table), copied(outputs),
             copied(indptr), copied(index), copied(weight), copied(bias), argmax, copied(feature),
             copied(threshold), n_features, bits, missing});
  source->check();
  return source.release();
}

// With the kernels of `isa`, and as machine code for it where that is wanted and possible.
Engine* lower_source(const Source& source, const std::string& isa, bool code) {
  nb::gil_scoped_release release;
  return new Engine(
      lower(source.circuit(), source.readout(), source.encoder(), code ? isa : std::string()),
      kernels_named(isa));
}

Single* lower_single(const Source& source, const std::string& isa, const std::string& layout) {
  nb::gil_scoped_release release;
  return new Single(source.circuit(), source.readout(), source.encoder(), isa, layout);
}

}  // namespace

void bind_engine(nb::module_& m) {
  nb::class_<Engine>(m, "Engine")
      .def("run_rows", run_rows, nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(),
           nb::arg())
      .def("run_packed", run_packed, nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg(), nb::arg())
      .def("prepare_few",
           [](Engine& e, const Source& source) {
             nb::gil_scoped_release release;
             e.prepare_few(source);
             return e.few() != nullptr;
           })
      .def_prop_ro("n_gates", &Engine::n_gates)
      .def_prop_ro("n_runs", [](const Engine& e) { return e.program().runs.size(); })
      .def_prop_ro("code_bytes",
                   [](const Engine& e) { return e.program().code ? e.program().code->size() : 0; })
      .def_prop_ro("no_code",
                   [](const Engine& e) {
                     constexpr const char* kNames[] = {"unwanted", "too large", "refused"};
                     return e.program().code ? ""
                                             : kNames[static_cast<size_t>(e.program().no_code)];
                   })
      .def_prop_ro("n_looks", [](const Engine& e) { return e.program().n_looks; })
      .def_prop_ro("n_slots", [](const Engine& e) { return e.program().n_slots; })
      .def_prop_ro("ranks", [](const Engine& e) { return e.program().ranks.used(); });
  bind_single(m);
  bind_maps(m);
  m.attr("GOOD") = static_cast<int>(Outcome::kGood);
  m.attr("BAD_VALUE") = static_cast<int>(Outcome::kBadValue);
  m.attr("NOT_PLAIN") = kNotPlain;
  m.attr("NO_MEMORY") = static_cast<int>(Outcome::kNoMemory);
  m.def("pool_size", pool_size);
  m.def("code_reaches", code_reaches);
  m.attr("MAKES_CODE") = kMakesCode;
  nb::class_<Source>(m, "Source");
  m.def("source", copy_source, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
        nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
        nb::arg("missing") = false);
  m.def("lower", lower_source);
  m.def("lower_single", lower_single);
  nb::class_<CellReader>(m, "CellReader").def(nb::init<nb::list>()).def("read", &CellReader::read);
  m.def("time_read", [](In<uint8_t, 1> data, const std::string& isa, bool prefetching) {
    auto [seconds, value] = time_read(data, isa, prefetching);
    return nb::make_tuple(seconds, value);
  });
  m.def("isas", [] {
    std::vector<std::string> names;
    for (const InstructionSet& set : instruction_sets()) names.emplace_back(set.name);
    return names;
  });
}

}  // namespace gategrad
