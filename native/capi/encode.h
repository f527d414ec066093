// An encoder applied to rows one by one: whatever its kind, and to missing values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "capi/stored_encoder.h"

namespace gategrad::capi {

// What is wrong with a value.
enum class Fault { kNone, kMissing, kUnknown, kNoByte };

// The shortest decimal that a float32 stands for, so that 0.1 is one category in both types.
double as_measured(double value) noexcept;

class RowEncoder {
 public:
  RowEncoder(StoredEncoder encoder, const FilterKernels& kernels);
  const StoredEncoder& encoder() const { return encoder_; }
  // What `encode` works in.
  size_t room_bytes() const;

  // One row of values as bits, bytes of 0 and 1. `is_float32`: the values were that, and stand for
  // decimals where they are categories. Returns a fault, and in `column` where it is. Allocates
  // nothing.
  Fault encode(const double* row, bool is_float32, uint8_t* bits, uint8_t* room,
               size_t& column) const noexcept;

 private:
  // The categories of a column in order, and the bit of each.
  struct Column {
    std::vector<double> numbers;
    std::vector<size_t> bit;
  };

  Fault encode_part(size_t part, const double* row, bool is_float32, uint8_t* bits,
                    size_t& column) const noexcept;
  Fault encode_planes(const double* row, uint8_t* bits, uint8_t* room,
                      size_t& column) const noexcept;
  double value_of(const double* row, uint32_t column) const noexcept;

  StoredEncoder encoder_;
  const FilterKernels& kernels_;
  std::vector<std::vector<Column>> categories_;  // of each part
};

}  // namespace gategrad::capi
