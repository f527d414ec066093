// What the configs and arrays of stored encoders have in common, read strictly: all throw Refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "capi/container.h"

namespace gategrad::capi {

using Words = std::initializer_list<std::string_view>;

inline constexpr int64_t kMostFeatures = 1 << 24;

// The text that a key holds, one of a few words.
std::string read_word(const Object& config, std::string_view key, Words known);

// Exactly "kind" and these keys, and those that say where an encoder comes from, or not.
void check_keys(const Object& config, Words keys);

// Exactly these arrays.
void check_arrays(const std::vector<Array>& arrays, Words names);

// The array of that name, dtype and number of dimensions.
const Array& read_array(const std::vector<Array>& arrays, std::string_view name,
                        std::string_view dtype, size_t n_dimensions);

// A list of distinct text, one for each column, or nothing; and the dtype that it was fitted on.
void check_origin(const Object& config, size_t n_features);

// 0 to n - 1.
std::vector<uint32_t> first_columns(size_t n);

}  // namespace gategrad::capi
