// The path of a few rows at the Python border, with as little work a call as can be: arrays are
// read through NumPy's array interface, and results go to arrays that the caller made.
#include <nanobind/nanobind.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "engine/bind_single.h"
#include "engine/single_run.h"

namespace nb = nanobind;

namespace gategrad {
namespace {

// Gates times rows from which on other Python threads may run meanwhile: some ten microseconds.
// Below, taking the lock of the interpreter back could cost more than the work itself.
constexpr size_t kLongWork = size_t{1} << 17;

// What `__array_struct__` gives: NumPy's array interface protocol, version 3.
struct ArrayInterface {
  int two, nd;
  char kind;
  int itemsize, flags;
  Py_ssize_t *shape, *strides;
  void* data;
  PyObject* descr;
};
constexpr int kAligned = 0x100, kNotSwapped = 0x200, kWriteable = 0x400;

class Array {
 public:
  explicit Array(nb::handle x) {
    static PyObject* name = PyUnicode_InternFromString("__array_struct__");
    capsule_ = nb::steal(PyObject_GetAttr(x.ptr(), name));
    if (!capsule_.is_valid()) nb::raise_python_error();
    interface_ = static_cast<ArrayInterface*>(PyCapsule_GetPointer(capsule_.ptr(), nullptr));
    if (interface_ == nullptr) nb::raise_python_error();
  }
  const ArrayInterface* operator->() const { return interface_; }
  bool has(int flags) const { return (interface_->flags & flags) == flags; }

 private:
  nb::object capsule_;
  ArrayInterface* interface_;
};

std::optional<Type> type_of(const Array& x) {
  if (x->kind == 'b' && x->itemsize == 1) return Type::kBool;
  if (x->kind == 'u' && x->itemsize == 1) return Type::kUint8;
  if (x->kind == 'f' && x->itemsize == 4) return Type::kFloat32;
  if (x->kind == 'f' && x->itemsize == 8) return Type::kFloat64;
  return std::nullopt;
}

// The rows of `x`; nothing where they need a conversion first or have another shape.
std::optional<Rows> rows_of(const Array& x, size_t n_features) {
  std::optional<Type> type = type_of(x);
  if (!type || x->nd != 2 || !x.has(kAligned | kNotSwapped)) return std::nullopt;
  if (n_features == 0 || static_cast<size_t>(x->shape[1]) != n_features) return std::nullopt;
  if (x->strides[0] % x->itemsize || x->strides[1] % x->itemsize) return std::nullopt;
  return Rows{x->data, *type, static_cast<size_t>(x->shape[0]), x->strides[0] / x->itemsize,
              x->strides[1] / x->itemsize};
}

// The elements of `out`, which must be `n` C-contiguous integers of type T.
template <typename T>
T* elements_of(const Array& out, size_t n) {
  size_t count = 1;
  Py_ssize_t stride = sizeof(T);
  bool good = out->kind == 'i' && out->itemsize == sizeof(T) &&
              out.has(kAligned | kNotSwapped | kWriteable);
  for (int i = out->nd - 1; i >= 0; --i) {
    good = good && (out->shape[i] <= 1 || out->strides[i] == stride);
    stride *= out->shape[i];
    count *= static_cast<size_t>(out->shape[i]);
  }
  if (!good || count != n) throw std::invalid_argument("results need another array");
  return static_cast<T*>(out->data);
}

bool run(const Single& single, const Rows& rows, const Results& results) {
  if (rows.n_rows * single.plan().n_gates < kLongWork) return single.run(rows, results);
  nb::gil_scoped_release release;
  return single.run(rows, results);
}

// Both write to `out` and return True; False where the rows need conversion or an error message.
bool labels(const Single& single, nb::handle x, nb::handle out) {
  if (!single.plan().argmax) throw std::invalid_argument("labels need an argmax readout");
  Array in(x), to(out);
  std::optional<Rows> rows = rows_of(in, single.plan().n_features);
  return rows && run(single, *rows, {nullptr, elements_of<int64_t>(to, rows->n_rows)});
}

bool sums(const Single& single, nb::handle x, nb::handle out) {
  Array in(x), to(out);
  std::optional<Rows> rows = rows_of(in, single.plan().n_features);
  size_t n_classes = single.plan().bias.size();
  return rows && run(single, *rows, {elements_of<int32_t>(to, rows->n_rows * n_classes), nullptr});
}

double time_gates(const Single& single, size_t times) {
  nb::gil_scoped_release release;
  auto start = std::chrono::steady_clock::now();
  single.run_gates(times);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void bind_single(nb::module_& m) {
  nb::class_<Single>(m, "Single")
      .def("labels", labels)
      .def("sums", sums)
      .def("time_gates", time_gates)
      .def_prop_ro("most_rows", &Single::most_rows)
      .def_prop_ro("n_gates", [](const Single& s) { return s.plan().n_gates; })
      .def_prop_ro("n_bytes", [](const Single& s) { return s.plan().n_bytes(); })
      .def_prop_ro("layout", [](const Single& s) { return s.plan().in_bits ? "bits" : "bytes"; });
}

}  // namespace gategrad
