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
#include "engine/bind_single.h"
#include "engine/generate.h"
#include "engine/lower.h"
#include "engine/run.h"
#include "engine/single_run.h"
#include "engine/source.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

using AnyRows = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;

const Kernels& kernels_named(const std::string& isa) {
  return instruction_set(isa).kernels->blocks;
}

void check_code(const Program& program, const std::string& isa) {
  if (program.code && isa != program.code_isa)
    throw std::invalid_argument("the program is machine code for " + program.code_isa +
                                ", not for " + isa);
}

Type type_of(const AnyRows& x) {
  if (x.dtype() == nb::dtype<bool>()) return Type::kBool;
  if (x.dtype() == nb::dtype<uint8_t>()) return Type::kUint8;
  if (x.dtype() == nb::dtype<float>()) return Type::kFloat32;
  if (x.dtype() == nb::dtype<double>()) return Type::kFloat64;
  throw std::invalid_argument("rows must be bool, uint8, float32 or float64");
}

// Runs `run(results)` without the GIL into new arrays, those that are wanted: (sums, labels).
template <typename Run>
nb::object collect(const Program& program, size_t n_rows, bool want_sums, bool want_labels,
                   const Run& run) {
  size_t n_classes = program.classes.size();
  if (want_sums && n_classes && n_rows > SIZE_MAX / n_classes) throw std::bad_alloc();
  std::vector<int32_t> sums(want_sums ? n_rows * n_classes : 0);
  std::vector<int64_t> labels(want_labels ? n_rows : 0);
  if (want_labels && !program.argmax) throw std::invalid_argument("labels need an argmax readout");
  bool good;
  {
    nb::gil_scoped_release release;
    good = run(Results{want_sums ? sums.data() : nullptr, want_labels ? labels.data() : nullptr});
  }
  if (!good) return nb::none();
  return nb::make_tuple(to_numpy(std::move(sums), {want_sums ? n_rows : 0, n_classes}),
                        to_numpy(std::move(labels), {want_labels ? n_rows : 0}));
}

nb::object run_rows(Engine& engine, const AnyRows& x, const std::string& isa, size_t threads,
                    bool want_sums, bool want_labels) {
  const Program& program = engine.program();
  check_code(program, isa);
  if (x.shape(1) != program.n_features) throw std::invalid_argument("wrong number of features");
  Rows rows{x.data(), type_of(x), x.shape(0), x.stride(0), x.stride(1)};
  return collect(program, rows.n_rows, want_sums, want_labels, [&](const Results& results) {
    return engine.run(kernels_named(isa), rows, threads, results);
  });
}

nb::object run_packed(Engine& engine, In<uint64_t, 2> words, size_t n_rows, const std::string& isa,
                      size_t threads, bool want_sums, bool want_labels) {
  check_code(engine.program(), isa);
  for (uint32_t input : engine.program().input)
    if (input >= words.shape(0)) throw std::invalid_argument("too few packed inputs");
  if (words.shape(1) < (n_rows + 63) / 64) throw std::invalid_argument("too few packed words");
  PackedRows rows{words.data(), n_rows, words.shape(1)};
  return collect(engine.program(), n_rows, want_sums, want_labels, [&](const Results& results) {
    engine.run(kernels_named(isa), rows, threads, results);
    return true;
  });
}

// Seconds to read `data` once, plain or prefetching, and the XOR of what was read.
std::pair<double, uint64_t> time_read(In<uint8_t, 1> data, const std::string& isa,
                                      bool prefetching) {
  const Kernels& kernels = kernels_named(isa);
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
                    In<uint32_t, 1> feature, In<double, 1> threshold, size_t n_features,
                    bool bits) {
  auto source = std::make_unique<Source>(
      Source{n_inputs, fanin.shape(1), copied(fanin), copied(table), copied(outputs),
             copied(indptr), copied(index), copied(weight), copied(bias), argmax, copied(feature),
             copied(threshold), n_features, bits});
  source->check();
  return source.release();
}

Engine* lower_source(const Source& source, const std::string& code_isa) {
  nb::gil_scoped_release release;
  return new Engine(lower(source.circuit(), source.readout(), source.encoder(), code_isa));
}

Single* lower_single(const Source& source, const std::string& isa, const std::string& layout) {
  nb::gil_scoped_release release;
  return new Single(source.circuit(), source.readout(), source.encoder(), isa, layout);
}

}  // namespace

void bind_engine(nb::module_& m) {
  nb::class_<Engine>(m, "Engine")
      .def("run_rows", run_rows)
      .def("run_packed", run_packed)
      .def_prop_ro("n_gates", [](const Engine& e) { return e.program().n_gates; })
      .def_prop_ro("n_runs", [](const Engine& e) { return e.program().runs.size(); })
      .def_prop_ro("code_bytes",
                   [](const Engine& e) { return e.program().code ? e.program().code->size() : 0; })
      .def_prop_ro("no_code",
                   [](const Engine& e) {
                     constexpr const char* kNames[] = {"unwanted", "too large", "refused"};
                     return e.program().code ? "" : kNames[static_cast<size_t>(e.program().no_code)];
                   })
      .def_prop_ro("n_looks", [](const Engine& e) { return e.program().n_looks; })
      .def_prop_ro("n_slots", [](const Engine& e) { return e.program().n_slots; });
  bind_single(m);
  m.def("code_reaches", code_reaches);
  nb::class_<Source>(m, "Source");
  m.def("source", copy_source);
  m.def("lower", lower_source);
  m.def("lower_single", lower_single);
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
