// Arrays of torch as they cross the border: the Python side (executors/cpu/arrays.py) has seen that
// one is plain, dense, on the CPU and alive, and says its type and shape, which the core compares
// with what its description of the call asks for. DLPack would do both, at 10 us an array, a tenth of
// a small network's step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace gategrad::train {

enum class ScalarType { kFloat32, kFloat64, kInt32, kInt64, kUint8 };

template <typename T>
constexpr ScalarType scalar_type() {
  if constexpr (std::is_same_v<T, float>) return ScalarType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return ScalarType::kFloat64;
  if constexpr (std::is_same_v<T, int32_t>) return ScalarType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return ScalarType::kInt64;
  return ScalarType::kUint8;
}

struct Array {
  uintptr_t address;
  ScalarType type;
  std::vector<size_t> shape;
};

// One that a call may do without.
using Given = std::optional<Array>;

inline std::string shape_text(const std::vector<size_t>& shape) {
  std::string text = "(";
  for (size_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ")";
}

// The elements of an array of T with this shape. Throws std::invalid_argument for any other.
template <typename T>
T* elements(const Array& array, std::initializer_list<size_t> shape, const char* name) {
  const std::vector<size_t> wanted(shape);
  if (array.type != scalar_type<std::remove_const_t<T>>())
    throw std::invalid_argument(std::string(name) + " has another type of numbers than the call");
  if (array.shape != wanted)
    throw std::invalid_argument(std::string(name) + " is " + shape_text(array.shape) +
                                "; expected " + shape_text(wanted));
  return reinterpret_cast<T*>(array.address);
}

// The same, or null for an array that is not given.
template <typename T>
T* elements(const std::optional<Array>& array, std::initializer_list<size_t> shape,
            const char* name) {
  return array ? elements<T>(*array, shape, name) : nullptr;
}

}  // namespace gategrad::train
