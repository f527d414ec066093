// A model as a file holds it, checked by the rules of Circuit, Readout, encoders and Model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capi/gategrad.h"
#include "capi/stored_encoder.h"

namespace gategrad::capi {

struct StoredCircuit {
  size_t n_inputs = 0, width = 0;  // operands of the widest gate
  std::vector<uint32_t> fanin;     // (n_gates, width)
  std::vector<uint64_t> table;
  std::vector<uint32_t> outputs;
};

struct StoredReadout {
  gg_kind kind = GG_ARGMAX;
  std::vector<int64_t> indptr;
  std::vector<uint32_t> index;
  std::vector<int32_t> weight, bias;
  std::vector<float> scale, offset;
};

struct StoredModel {
  StoredCircuit circuit;
  StoredReadout readout;
  std::optional<StoredEncoder> encoder;
  std::vector<std::string> names;  // of classes; numbers as text; empty without labels
};

// Throws Refusal: as a bad file where Python refuses it too, else as unsupported.
StoredModel read_model(const uint8_t* bytes, size_t n);

}  // namespace gategrad::capi
