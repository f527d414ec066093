// An encoder as a file holds it, checked by the rules of gategrad.encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capi/container.h"
#include "engine/filter.h"

namespace gategrad::capi {

// What a missing value, NaN, becomes.
enum class Missing { kError, kZero, kIndicator, kFilled };

// One encoder of some columns. Bits follow one another level by level, and column by column within
// one; those of categories and of splits column by column.
struct Part {
  enum class Kind { kThermometer, kBinned, kCategories, kSplits } kind;
  std::vector<uint32_t> columns;
  std::vector<double> levels;  // (n_levels, columns); of splits the least value of each bit
  std::vector<std::vector<double>> categories;  // of each column, none of them NaN
  bool unknown_is_error = false;
  std::vector<uint32_t> split_feature;  // of each bit

  size_t n_levels() const { return columns.empty() ? 0 : levels.size() / columns.size(); }
  size_t n_bits() const;
};

// Parts side by side, then a bit for each marked column that says "missing". An encoder that is no
// table is one part of all columns.
struct StoredEncoder {
  std::vector<Part> parts;
  size_t n_features = 0;
  Missing missing = Missing::kError;
  std::vector<uint32_t> marked;
  std::vector<double> fills;  // of each column, where gaps are filled
  // Of images: the part's columns are the pixels of their planes, and rows are other ones.
  std::optional<FilterBank> filters;

  size_t n_bits() const;
};

// From the header's "encoder", an object, and the arrays whose names follow "encoder.". Throws
// Refusal: as a bad file, and as unsupported where the encoder has text.
StoredEncoder read_encoder(const Value& config, const std::vector<Array>& arrays);

}  // namespace gategrad::capi
