// The types of values that rows may have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "capi/gategrad.h"
#include "engine/run.h"

namespace gategrad::capi {

// Calls what(T{}) with the type of one value.
template <typename What>
auto with_type(gg_dtype dtype, const What& what) {
  switch (dtype) {
    case GG_FLOAT32: return what(float{});
    case GG_FLOAT64: return what(double{});
    case GG_INT8: return what(int8_t{});
    case GG_INT16: return what(int16_t{});
    case GG_UINT16: return what(uint16_t{});
    case GG_INT32: return what(int32_t{});
    case GG_UINT32: return what(uint32_t{});
    case GG_INT64: return what(int64_t{});
    case GG_UINT64: return what(uint64_t{});
    default: return what(uint8_t{});
  }
}

inline bool is_known(int dtype) { return dtype >= GG_BOOL && dtype <= GG_UINT64; }

inline size_t size_of(gg_dtype dtype) {
  return with_type(dtype, [](auto zero) { return sizeof(zero); });
}

// What the engine reads in place.
inline std::optional<Type> in_place(gg_dtype dtype) {
  switch (dtype) {
    case GG_BOOL: return Type::kBool;
    case GG_UINT8: return Type::kUint8;
    case GG_FLOAT32: return Type::kFloat32;
    case GG_FLOAT64: return Type::kFloat64;
    default: return std::nullopt;
  }
}

// Integers that float64 holds, all of them.
inline bool is_exact(double) { return true; }
inline bool is_exact(int64_t value) {
  constexpr int64_t kLargest = int64_t{1} << 53;
  return -kLargest <= value && value <= kLargest;
}
inline bool is_exact(uint64_t value) { return value <= uint64_t{1} << 53; }

}  // namespace gategrad::capi
