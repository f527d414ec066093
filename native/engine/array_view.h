// NumPy arrays read through NumPy's array interface: as little work a call as can be, and no exception
// where memory has run out, which a thread's first exception would turn into the end of the process.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include "engine/run.h"

namespace gategrad {

// What `__array_struct__` gives: NumPy's array interface protocol, version 3.
struct ArrayInterface {
  int two, nd;
  char kind;
  int itemsize, flags;
  Py_ssize_t *shape, *strides;
  void* data;
  PyObject* descr;
};

class ArrayView {
 public:
  static constexpr int kAligned = 0x100, kNotSwapped = 0x200, kWriteable = 0x400;

  explicit ArrayView(nanobind::handle x) {
    static PyObject* name = PyUnicode_InternFromString("__array_struct__");
    capsule_ = nanobind::steal(PyObject_GetAttr(x.ptr(), name));
    if (!capsule_.is_valid()) return;
    interface_ = static_cast<ArrayInterface*>(PyCapsule_GetPointer(capsule_.ptr(), nullptr));
  }
  // False: Python knows the error.
  explicit operator bool() const { return interface_ != nullptr; }
  const ArrayInterface* operator->() const { return interface_; }
  bool has(int flags) const { return (interface_->flags & flags) == flags; }

 private:
  nanobind::object capsule_;
  ArrayInterface* interface_ = nullptr;
};

inline std::optional<Type> type_of(const ArrayView& x) {
  if (x->kind == 'b' && x->itemsize == 1) return Type::kBool;
  if (x->kind == 'u' && x->itemsize == 1) return Type::kUint8;
  if (x->kind == 'f' && x->itemsize == 4) return Type::kFloat32;
  if (x->kind == 'f' && x->itemsize == 8) return Type::kFloat64;
  return std::nullopt;
}

// The rows of `x`; nothing where they need a conversion first or have another shape.
inline std::optional<Rows> rows_of(const ArrayView& x, size_t n_features) {
  using View = ArrayView;
  std::optional<Type> type = type_of(x);
  if (!type || x->nd != 2 || !x.has(View::kAligned | View::kNotSwapped)) return std::nullopt;
  if (static_cast<size_t>(x->shape[1]) != n_features) return std::nullopt;
  if (x->strides[0] % x->itemsize || x->strides[1] % x->itemsize) return std::nullopt;
  return Rows{x->data, *type, static_cast<size_t>(x->shape[0]), x->strides[0] / x->itemsize,
              x->strides[1] / x->itemsize};
}

// The elements of `out`, which must be `n` C-contiguous integers of type T.
template <typename T>
T* elements_of(const ArrayView& out, size_t n) {
  using View = ArrayView;
  size_t count = 1;
  Py_ssize_t stride = sizeof(T);
  bool good = out->kind == 'i' && out->itemsize == sizeof(T) &&
              out.has(View::kAligned | View::kNotSwapped | View::kWriteable);
  for (int i = out->nd - 1; i >= 0; --i) {
    good = good && (n == 0 || out->shape[i] <= 1 || out->strides[i] == stride);
    stride *= out->shape[i];
    count *= static_cast<size_t>(out->shape[i]);
  }
  if (!good || count != n) throw std::invalid_argument("results need another array");
  return static_cast<T*>(out->data);
}

}  // namespace gategrad
