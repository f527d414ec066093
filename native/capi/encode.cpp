#include "capi/encode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <utility>

namespace gategrad::capi {

double as_measured(double value) noexcept {
  const float measured = static_cast<float>(value);
  if (!std::isfinite(measured)) return measured;
  char text[32];
  const auto written =
      std::to_chars(text, text + sizeof text - 1, measured, std::chars_format::scientific);
  *written.ptr = '\0';
  // As "123e-7": not every C++ library has from_chars for numbers like these, and strtod wants the
  // decimal point that the program's locale has.
  char* point = std::strchr(text, '.');
  if (!point) return std::strtod(text, nullptr);
  char* exponent = std::strchr(point, 'e');
  const int digits = static_cast<int>(exponent - point) - 1;
  const int power = std::atoi(exponent + 1) - digits;
  std::memmove(point, point + 1, static_cast<size_t>(digits));
  std::snprintf(exponent - 1, static_cast<size_t>(text + sizeof text - exponent), "e%d", power);
  return std::strtod(text, nullptr);
}

RowEncoder::RowEncoder(StoredEncoder encoder, const FilterKernels& kernels)
    : encoder_(std::move(encoder)), kernels_(kernels) {
  for (const Part& part : encoder_.parts) {
    categories_.emplace_back();
    size_t first = 0;
    for (const std::vector<double>& numbers : part.categories) {
      std::vector<size_t> order(numbers.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::sort(order.begin(), order.end(),
                [&](size_t x, size_t y) { return numbers[x] < numbers[y]; });
      Column column;
      for (const size_t i : order) {
        column.numbers.push_back(numbers[i]);
        column.bit.push_back(first + i);
      }
      first += numbers.size();
      categories_.back().push_back(std::move(column));
    }
  }
}

double RowEncoder::value_of(const double* row, uint32_t column) const noexcept {
  const double value = row[column];
  return std::isnan(value) && encoder_.missing == Missing::kFilled ? encoder_.fills[column] : value;
}

// An image, its planes, and what filters work in.
size_t RowEncoder::room_bytes() const {
  const std::optional<FilterBank>& bank = encoder_.filters;
  return bank ? bank->image_bytes() + bank->plane_bytes() + bank->room_bytes() : 0;
}

Fault RowEncoder::encode_planes(const double* row, uint8_t* bits, uint8_t* room,
                                size_t& column) const noexcept {
  const FilterBank& bank = *encoder_.filters;
  for (column = 0; column < bank.image_bytes(); ++column) {
    const double value = row[column];
    if (!(value >= 0 && value <= 255) || value != std::floor(value)) return Fault::kNoByte;
    room[column] = static_cast<uint8_t>(value);
  }
  uint8_t* planes = room + bank.image_bytes();
  const size_t n = bank.plane_bytes();
  bank.run(kernels_, room, planes, planes + n);
  const std::vector<double>& levels = encoder_.parts.front().levels;
  for (size_t i = 0; i < levels.size(); ++i) bits[i] = planes[i % n] > levels[i];
  return Fault::kNone;
}

Fault RowEncoder::encode(const double* row, bool is_float32, uint8_t* bits, uint8_t* room,
                         size_t& column) const noexcept {
  if (encoder_.filters) return encode_planes(row, bits, room, column);
  if (encoder_.missing == Missing::kError)
    for (column = 0; column < encoder_.n_features; ++column)
      if (std::isnan(row[column])) return Fault::kMissing;
  std::memset(bits, 0, encoder_.n_bits());
  for (size_t i = 0; i < encoder_.parts.size(); ++i) {
    const Fault fault = encode_part(i, row, is_float32, bits, column);
    if (fault != Fault::kNone) return fault;
    bits += encoder_.parts[i].n_bits();
  }
  for (const uint32_t marked : encoder_.marked) *bits++ = std::isnan(row[marked]);
  return Fault::kNone;
}

// A comparison with a value that is missing is false, and that is what it shall be.
Fault RowEncoder::encode_part(size_t index, const double* row, bool is_float32, uint8_t* bits,
                              size_t& column) const noexcept {
  const Part& part = encoder_.parts[index];
  const size_t n = part.columns.size(), n_levels = part.n_levels();
  if (part.kind == Part::Kind::kSplits) {
    for (size_t i = 0; i < part.levels.size(); ++i)
      bits[i] = row[part.split_feature[i]] >= part.levels[i];
    return Fault::kNone;
  }
  for (size_t f = 0; f < n; ++f) {
    double value = value_of(row, part.columns[f]);
    if (part.kind == Part::Kind::kThermometer) {
      for (size_t t = 0; t < n_levels; ++t) bits[t * n + f] = value > part.levels[t * n + f];
    } else if (part.kind == Part::Kind::kBinned) {
      size_t bin = 0;
      for (size_t t = 0; t < n_levels; ++t) bin += value > part.levels[t * n + f];
      if (!std::isnan(value)) bits[bin * n + f] = 1;
    } else if (!std::isnan(value)) {
      const Column& known = categories_[index][f];
      if (is_float32 && !std::isnan(row[part.columns[f]])) value = as_measured(value);
      const auto at = std::lower_bound(known.numbers.begin(), known.numbers.end(), value);
      if (at != known.numbers.end() && *at == value) {
        bits[known.bit[static_cast<size_t>(at - known.numbers.begin())]] = 1;
      } else if (part.unknown_is_error) {
        column = part.columns[f];
        return Fault::kUnknown;
      }
    }
  }
  return Fault::kNone;
}

}  // namespace gategrad::capi
