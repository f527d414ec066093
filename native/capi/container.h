// The bytes of a .gg file taken apart and checked: docs/model-file.md is the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "capi/json.h"

namespace gategrad::capi {

// An array inside the file's bytes, wherever these lie.
struct Array {
  std::string name, dtype;  // as the file calls it, such as "F64"
  std::vector<uint64_t> shape;
  const uint8_t* data;
  size_t count;

  // A copy of the values, which are Ts.
  template <typename T>
  std::vector<T> values() const {
    std::vector<T> out(count);
    if (count > 0) std::memcpy(out.data(), data, count * sizeof(T));
    return out;
  }
};

struct Container {
  Object header;  // without "format", "sha256" and a convolution
  std::vector<Array> arrays;
};

// Throws Refusal where these are not the bytes that some version of gategrad wrote.
Container unpack(const uint8_t* bytes, size_t n);

}  // namespace gategrad::capi
