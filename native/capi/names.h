// The names of a model's classes, by the rules of gategrad.model.labels.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "capi/json.h"

namespace gategrad::capi {

// From the header's "labels": text, or whole numbers as text; none where they are null. Throws
// Refusal.
std::vector<std::string> read_names(const Value& labels, size_t n_classes);

}  // namespace gategrad::capi
