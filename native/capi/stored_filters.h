// Filters over images as a file holds them, checked by the rules of gategrad.encoding.Filters.
#pragma once

#include <vector>

#include "capi/stored_encoder.h"

namespace gategrad::capi {

// Throws Refusal, as a bad file.
StoredEncoder read_filters(const Object& config, const std::vector<Array>& arrays);

}  // namespace gategrad::capi
