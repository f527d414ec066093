// What the engine lowers: the circuit behind comparisons of columns with numbers.
#pragma once

#include <optional>

#include "capi/stored_model.h"
#include "engine/source.h"

namespace gategrad::capi {

// For rows of numbers, where each bit of the encoder is an interval of one of them: of two
// comparisons and a gate. None where it is more than that: an unknown category that is an error, or
// one that float32 has another number for. A missing value is refused, but for Splits.
std::optional<Source> source_of_numbers(const StoredModel& model);

// For rows of bits, as the encoder gives them, or without one.
Source source_of_bits(const StoredModel& model);

}  // namespace gategrad::capi
