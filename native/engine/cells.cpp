// Only what Python's limited API has is called here: wheels serve several versions of Python.
#include "engine/cells.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>

#include "engine/array_view.h"

namespace gategrad {
namespace {

namespace nb = nanobind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnknown = -1;
constexpr int64_t kExact = int64_t{1} << 53;  // from here on float64 has gaps
// Digits whose number, and powers of ten which are float64: their quotient is then the nearest one.
constexpr int kMostDigits = 15, kMostPlaces = 22;

// Rows whose objects are fetched ahead: they lie anywhere in memory. The letters of a text come behind
// what every object begins with, and so often in its second line.
constexpr Py_ssize_t kAhead = 8;
constexpr size_t kLetters = 47;

void prefetch([[maybe_unused]] const char* object) {
#if defined(__GNUC__)
  __builtin_prefetch(object);
  __builtin_prefetch(object + kLetters);
#endif
}

// Text of plain digits, such as " -12.50", exactly as float() reads it; nothing for any other.
template <typename Char>
std::optional<double> plain_number(const Char* text, size_t size) {
  const Char* end = text + size;
  while (text != end && *text == ' ') ++text;
  while (text != end && end[-1] == ' ') --end;
  const bool negative = text != end && *text == '-';
  if (negative) ++text;
  int64_t digits = 0;
  double scale = 1;
  int n_digits = 0, n_places = 0;
  bool point = false;
  for (; text != end; ++text) {
    if (*text == '.' && !point) {
      point = true;
      continue;
    }
    if (*text < '0' || *text > '9' || ++n_digits > kMostDigits) return std::nullopt;
    digits = 10 * digits + static_cast<int64_t>(*text - '0');
    if (!point) continue;
    if (++n_places > kMostPlaces) return std::nullopt;
    scale *= 10;
  }
  if (!n_digits) return std::nullopt;
  const double value = static_cast<double>(digits) / scale;
  // No number is -0.0, which has the same place as 0.0.
  return negative && digits ? -value : value;
}

// What one call has found out about the texts of a column, so that each is resolved once.
class Reading {
 public:
  explicit Reading(const CellColumn& how) : how_(&how) {}

  // False: there is no number for the cell, or the core can't tell.
  bool read_object(PyObject* cell, double* to) {
    // A null pointer is None to NumPy.
    if (!cell || cell == Py_None) return *to = kMissing, true;
    if (PyUnicode_CheckExact(cell)) return read_text(cell, to);
    if (PyFloat_CheckExact(cell)) return place(PyFloat_AsDouble(cell), to);
    if (PyLong_CheckExact(cell)) {
      int overflow = 0;
      const int64_t value = PyLong_AsLongLongAndOverflow(cell, &overflow);
      if (overflow || value >= kExact || value <= -kExact) return false;
      return place(static_cast<double>(value), to);
    }
    return resolve(cell, to);
  }

  // A cell of an array of text: `size` letters of which those at the end may be padding.
  bool read_letters(const uint32_t* cell, size_t size, double* to) {
    size = letters_of(cell, size);
    if (how_->numeric()) {
      if (std::optional<double> value = plain_number(cell, size)) return *to = *value, true;
    }
    if (seen_.empty()) seen_.resize(256);
    Seen& seen = seen_[hash(cell, size)];
    if (seen.cell && seen.size == size && !std::memcmp(seen.cell, cell, size * sizeof *cell))
      return *to = seen.value, true;
    // Not 0, with which a mark of byte order would be looked for, and taken away.
    int order = std::endian::native == std::endian::little ? -1 : 1;
    nb::object text = nb::steal(PyUnicode_DecodeUTF32(reinterpret_cast<const char*>(cell),
                                                      static_cast<Py_ssize_t>(size * sizeof *cell),
                                                      "surrogatepass", &order));
    if (!text.is_valid()) return PyErr_Clear(), false;
    if (!read_text(text.ptr(), to)) return false;
    seen = {cell, size, *to};
    return true;
  }

 private:
  // A text of the array that is read, and its number.
  struct Seen {
    const uint32_t* cell = nullptr;
    size_t size = 0;
    double value = 0;
  };

  // Without the padding, of which there are often many.
  static size_t letters_of(const uint32_t* cell, size_t size) {
    while (size >= 4 && !(cell[size - 1] | cell[size - 2] | cell[size - 3] | cell[size - 4]))
      size -= 4;
    while (size && !cell[size - 1]) --size;
    return size;
  }

  static size_t hash(const uint32_t* cell, size_t size) {
    uint64_t found = size;
    size_t i = 0;
    for (; i + 2 <= size; i += 2)
      found = (found ^ cell[i] ^ uint64_t{cell[i + 1]} << 32) * 0x9E3779B97F4A7C15u;
    if (i < size) found = (found ^ cell[i]) * 0x9E3779B97F4A7C15u;
    return (found ^ found >> 32) * 0x9E3779B97F4A7C15u >> 56;
  }

  bool read_text(PyObject* text, double* to) {
    if (how_->numeric() || !how_->texts.empty()) {
      if (read_ascii(text, to)) return true;
    }
    if (!how_->numeric() && find(how_->known.ptr(), text, to)) return true;
    if (!resolved_.is_valid()) resolved_ = nb::dict();
    if (find(resolved_.ptr(), text, to)) return true;
    // `resolve` lets other threads run, which may take the text out of the array.
    nb::object kept = nb::borrow(text);
    if (!resolve(text, to)) return false;
    nb::object number = nb::steal(PyFloat_FromDouble(*to));
    if (PyDict_SetItem(resolved_.ptr(), text, number.ptr())) PyErr_Clear();
    return true;
  }

  bool read_ascii(PyObject* text, double* to) {
    Py_ssize_t n = 0;
    const char* letters = PyUnicode_AsUTF8AndSize(text, &n);
    if (!letters) return PyErr_Clear(), false;
    const auto size = static_cast<size_t>(n);
    if (how_->numeric()) {
      const std::optional<double> value = plain_number(letters, size);
      return value ? (*to = *value, true) : false;
    }
    const double* found = how_->texts.find({letters, size});
    return found ? (*to = *found, true) : false;
  }

  static bool find(PyObject* dict, PyObject* text, double* to) {
    PyObject* found = PyDict_GetItemWithError(dict, text);
    if (!found) return PyErr_Clear(), false;
    *to = PyFloat_AsDouble(found);
    return true;
  }

  bool place(double value, double* to) {
    if (how_->numeric() || std::isnan(value)) return *to = value + 0.0, true;
    auto found = std::lower_bound(how_->values.begin(), how_->values.end(), value);
    if (found != how_->values.end() && *found == value)
      return *to = how_->places[static_cast<size_t>(found - how_->values.begin())], true;
    // Whether an unknown category is an error, Python knows.
    nb::object cell = nb::steal(PyFloat_FromDouble(value));
    return unknown_ || resolve(cell.ptr(), to) ? (unknown_ = true, *to = kUnknown, true) : false;
  }

  bool resolve(PyObject* cell, double* to) {
    // Meanwhile other threads run, which may take the cell out of the array.
    nb::object kept = nb::borrow(cell);
    nb::object found = nb::steal(PyObject_CallFunctionObjArgs(how_->resolve.ptr(), cell, nullptr));
    if (!found.is_valid()) {
      // Any other error, such as that of a signal, is not about the cell.
      if (!PyErr_ExceptionMatches(PyExc_ValueError)) nb::raise_python_error();
      return PyErr_Clear(), false;
    }
    *to = PyFloat_AsDouble(found.ptr());
    return true;
  }

  const CellColumn* how_;
  nb::object resolved_;
  bool unknown_ = false;    // an unknown number came, and is no error
  std::vector<Seen> seen_;  // by their hash
};

std::vector<double> doubles(nb::handle list) {
  std::vector<double> found;
  for (nb::handle item : list) found.push_back(nb::cast<double>(item));
  return found;
}

// None where one of the known texts is not ASCII.
CellTexts texts_of(nb::handle known) {
  CellTexts found;
  if (known.is_none()) return found;
  for (auto [text, place] : nb::borrow<nb::dict>(known)) {
    Py_ssize_t size = 0;
    const char* letters = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (!letters) return PyErr_Clear(), CellTexts();
    if (PyUnicode_GetLength(text.ptr()) != size) return {};
    found.add({letters, static_cast<size_t>(size)}, nb::cast<double>(place));
  }
  return found;
}

}  // namespace

CellReader::CellReader(nb::list columns) {
  for (nb::handle column : columns)
    columns_.push_back(
        {column[0], column[3], doubles(column[1]), doubles(column[2]), texts_of(column[0])});
}

bool CellReader::read(nb::handle x, nb::handle out, size_t first) const {
  ArrayView view(x), to(out);
  if (!view || !to) nb::raise_python_error();
  const bool text = view->kind == 'U' && view.has(ArrayView::kNotSwapped);
  if ((!text && view->kind != 'O') || !view.has(ArrayView::kAligned) || view->nd != 2) return false;
  const auto n_columns = static_cast<size_t>(view->shape[1]);
  if (to->nd != 2 || to->kind != 'f' || to->itemsize != 8 || to->shape[0] != view->shape[0] ||
      to->shape[1] != view->shape[1] || !to.has(ArrayView::kAligned | ArrayView::kWriteable) ||
      first > columns_.size() || n_columns > columns_.size() - first)
    throw std::invalid_argument("numbers of cells need another array");
  std::vector<Reading> state;
  for (size_t i = 0; i < n_columns; ++i) state.emplace_back(columns_[first + i]);
  const size_t letters = static_cast<size_t>(view->itemsize) / sizeof(uint32_t);
  for (Py_ssize_t row = 0; row < view->shape[0]; ++row) {
    const char* cell = static_cast<const char*>(view->data) + row * view->strides[0];
    char* number = static_cast<char*>(to->data) + row * to->strides[0];
    if (!text && row + kAhead < view->shape[0]) {
      const char* later = cell + kAhead * view->strides[0];
      for (size_t i = 0; i < n_columns; ++i, later += view->strides[1])
        prefetch(*reinterpret_cast<const char* const*>(later));
    }
    for (Reading& column : state) {
      double* value = reinterpret_cast<double*>(number);
      const bool good =
          text ? column.read_letters(reinterpret_cast<const uint32_t*>(cell), letters, value)
               : column.read_object(*reinterpret_cast<PyObject* const*>(cell), value);
      if (!good) return false;
      cell += view->strides[1];
      number += to->strides[1];
    }
  }
  return true;
}

}  // namespace gategrad
