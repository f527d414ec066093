// A call on rows: which way they take through a model, in memory of the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "capi/gategrad.h"
#include "capi/model.h"

// At the beginning of the caller's memory; what it points to follows.
struct gg_scratch {
  const gg_model* model;
  uint8_t *direct_memory, *bits_memory;
  std::optional<gategrad::Workspace> direct, on_bits;
  int32_t* sums;     // of a piece
  double* values;    // of a piece
  uint8_t* encoded;  // of a piece; null without an encoder of rows
};

namespace gategrad::capi {

size_t scratch_bytes(const gg_model& model);

// `memory` is aligned to 64 bytes.
gg_scratch* place_scratch(const gg_model& model, uint8_t* memory) noexcept;

// Rows, results and scratch are what the header says they must be.
gg_code predict(const gg_rows& rows, int64_t* labels, int32_t* sums, gg_scratch& scratch,
                gg_error* error) noexcept;

}  // namespace gategrad::capi
