#include "capi/stored_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

#include "capi/names.h"
#include "capi/refusal.h"

namespace gategrad::capi {
namespace {

constexpr size_t kMostWidth = 6;
constexpr uint64_t kSignals = uint64_t{1} << 32, kConstants = 2, kMostInputs = kSignals - 4;
constexpr std::string_view kEncoder = "encoder.";

struct Known {
  std::string_view name, dtype;
};
constexpr Known kArrays[] = {
    {"circuit.fanin", "U32"},  {"circuit.table", "U64"}, {"circuit.outputs", "U32"},
    {"readout.indptr", "I64"}, {"readout.index", "U32"}, {"readout.weight", "I32"},
    {"readout.bias", "I32"},   {"readout.scale", "F32"}, {"readout.offset", "F32"}};
constexpr std::string_view kHeader[] = {"encoder",  "kind",    "labels", "meta",
                                        "n_inputs", "n_state", "neurons"};

void check_header(const Object& header) {
  bool good = header.size() == std::size(kHeader);
  for (const std::string_view key : kHeader) good = good && find(header, key) != nullptr;
  require(good, "its header has other keys than a model's; pass a file that Model.save wrote");
  const int64_t* state = find(header, "n_state")->as<int64_t>();
  require(state && *state == 0, "its circuit has state, or none is said; take a newer libgategrad");
  const int64_t* neurons = find(header, "neurons")->as<int64_t>();
  const Object* meta = find(header, "meta")->as<Object>();
  require(neurons && *neurons >= 0 && meta, "its neurons or meta are malformed");
  for (const auto& [key, value] : *meta)
    require(value.is<std::string>(), "its meta holds something else than text");
}

// The arrays of circuit and readout, in the order of kArrays; the others, of the encoder, without
// what their names begin with.
std::vector<Array> sort_arrays(std::vector<Array> arrays, std::vector<Array>& of_encoder) {
  std::vector<Array> found;
  for (const Known& known : kArrays) {
    const auto at = std::find_if(arrays.begin(), arrays.end(),
                                 [&](const Array& array) { return array.name == known.name; });
    if (at == arrays.end()) refuse("its array '" + std::string(known.name) + "' is missing");
    if (at->dtype != known.dtype)
      refuse("array '" + at->name + "' has dtype " + at->dtype + "; expected " +
             std::string(known.dtype));
    found.push_back(std::move(*at));
    arrays.erase(at);
  }
  for (Array& array : arrays) {
    if (!array.name.starts_with(kEncoder)) refuse("its array '" + array.name + "' is unknown");
    array.name.erase(0, kEncoder.size());
    of_encoder.push_back(std::move(array));
  }
  return found;
}

// The values of an array of one dimension; one without elements may have none.
template <typename T>
std::vector<T> vector_of(const Array& array) {
  if (array.shape.size() != 1) refuse("array '" + array.name + "' has another shape than (n)");
  return array.values<T>();
}

// Without the columns that no gate uses.
void read_fanin(const Array& array, StoredCircuit& circuit) {
  const size_t n_gates = circuit.table.size();
  const bool flat = array.count == 0 && array.shape.size() == 1;
  require(flat || array.shape.size() == 2, "fanin has another shape than (gates, operands)");
  require(array.shape[0] == n_gates, "fanin and table have other numbers of gates");
  const std::vector<uint32_t> all = array.values<uint32_t>();
  const size_t n_columns = n_gates == 0 || flat ? 0 : static_cast<size_t>(array.shape[1]);
  for (size_t g = 0; g < n_gates; ++g)
    for (size_t i = n_columns; i > circuit.width; --i)
      if (all[g * n_columns + i - 1] != 0) circuit.width = i;
  if (circuit.width > kMostWidth)
    refuse("a gate has " + std::to_string(circuit.width) + " operands; at most 6 are possible");
  circuit.fanin.resize(n_gates * circuit.width);
  for (size_t g = 0; g < n_gates; ++g)
    std::copy_n(all.data() + g * n_columns, circuit.width,
                circuit.fanin.data() + g * circuit.width);
}

void check_gates(const StoredCircuit& circuit) {
  const uint64_t first_gate = kConstants + circuit.n_inputs, n_gates = circuit.table.size();
  require(first_gate + n_gates <= kSignals, "more than 2**32 signals");
  for (uint64_t g = 0; g < n_gates; ++g) {
    const uint32_t* operands = circuit.fanin.data() + g * circuit.width;
    size_t arity = 0;
    for (size_t i = 0; i < circuit.width; ++i) {
      if (operands[i] >= first_gate + g)
        refuse("gate " + std::to_string(g) + " (signal " + std::to_string(first_gate + g) +
               "): operand " + std::to_string(i) + " is signal " + std::to_string(operands[i]) +
               ", but operands must be below the gate's own signal");
      if (operands[i] != 0) arity = i + 1;
    }
    if (arity < kMostWidth && circuit.table[g] >> (size_t{1} << arity) != 0)
      refuse("gate " + std::to_string(g) + ": its table has bits that its operands can't select");
  }
  for (const uint32_t output : circuit.outputs)
    if (output >= first_gate + n_gates)
      refuse("an output is signal " + std::to_string(output) + ", which the circuit lacks");
}

StoredCircuit read_circuit(const Object& header, const std::vector<Array>& arrays) {
  const int64_t* n_inputs = find(header, "n_inputs")->as<int64_t>();
  require(n_inputs && *n_inputs >= 0 && static_cast<uint64_t>(*n_inputs) <= kMostInputs,
          "n_inputs is no number of signals");
  StoredCircuit circuit;
  circuit.n_inputs = static_cast<size_t>(*n_inputs);
  circuit.table = vector_of<uint64_t>(arrays[1]);
  circuit.outputs = vector_of<uint32_t>(arrays[2]);
  read_fanin(arrays[0], circuit);
  check_gates(circuit);
  return circuit;
}

gg_kind read_kind(const Value& value) {
  constexpr std::string_view kKinds[] = {"argmax", "binary", "multilabel", "regression"};
  const std::string* kind = value.as<std::string>();
  const auto* at = std::find_if(std::begin(kKinds), std::end(kKinds),
                                [&](std::string_view known) { return kind && *kind == known; });
  require(at != std::end(kKinds), "its readout has an unknown kind");
  return static_cast<gg_kind>(at - std::begin(kKinds));
}

void check_rows(const StoredReadout& r) {
  const size_t n = r.bias.size();
  require(n >= 1, "a readout needs at least one sum");
  require(r.kind != GG_BINARY || n == 1, "a binary readout has one sum");
  require(r.indptr.size() == n + 1 && r.scale.size() == n && r.offset.size() == n &&
              r.weight.size() == r.index.size(),
          "the readout's arrays differ in length");
  require(r.indptr.front() == 0 && r.indptr.back() == static_cast<int64_t>(r.index.size()) &&
              std::is_sorted(r.indptr.begin(), r.indptr.end()),
          "readout indptr must rise from 0 to the number of entries");
  for (size_t c = 0; c < n; ++c)
    for (int64_t i = r.indptr[c] + 1; i < r.indptr[c + 1]; ++i)
      if (r.index[static_cast<size_t>(i)] <= r.index[static_cast<size_t>(i - 1)])
        refuse("readout entry " + std::to_string(i) + ": indices must rise within a row");
}

void check_ranges(const StoredReadout& r) {
  using Limits = std::numeric_limits<int32_t>;
  for (size_t c = 0; c < r.bias.size(); ++c) {
    require(std::isfinite(r.scale[c]) && std::isfinite(r.offset[c]),
            "readout scale and offset must be finite");
    int64_t lowest = r.bias[c], highest = r.bias[c];
    for (auto i = static_cast<size_t>(r.indptr[c]); i < static_cast<size_t>(r.indptr[c + 1]); ++i)
      (r.weight[i] < 0 ? lowest : highest) += r.weight[i];
    if (lowest < Limits::min() || highest > Limits::max())
      refuse("readout row " + std::to_string(c) + " can sum to more than int32 holds");
  }
}

StoredReadout read_readout(const Object& header, const std::vector<Array>& arrays,
                           size_t n_outputs) {
  StoredReadout readout{read_kind(*find(header, "kind")), vector_of<int64_t>(arrays[3]),
                        vector_of<uint32_t>(arrays[4]),   vector_of<int32_t>(arrays[5]),
                        vector_of<int32_t>(arrays[6]),    vector_of<float>(arrays[7]),
                        vector_of<float>(arrays[8])};
  check_rows(readout);
  check_ranges(readout);
  for (const uint32_t index : readout.index)
    if (index >= n_outputs)
      refuse("the readout reads output " + std::to_string(index) + ", but the circuit has " +
             std::to_string(n_outputs));
  return readout;
}

}  // namespace

StoredModel read_model(const uint8_t* bytes, size_t n) {
  Container file = unpack(bytes, n);
  check_header(file.header);
  std::vector<Array> of_encoder;
  const std::vector<Array> arrays = sort_arrays(std::move(file.arrays), of_encoder);
  StoredModel model;
  model.circuit = read_circuit(file.header, arrays);
  model.readout = read_readout(file.header, arrays, model.circuit.outputs.size());
  const size_t n_classes = model.readout.kind == GG_BINARY ? 2 : model.readout.bias.size();
  model.names = read_names(*find(file.header, "labels"), n_classes);
  const Value& encoder = *find(file.header, "encoder");
  if (encoder.is<Null>()) {
    require(of_encoder.empty(), "it has arrays of an encoder but no encoder");
    return model;
  }
  model.encoder = read_encoder(encoder, of_encoder);
  if (model.encoder->n_bits() != model.circuit.n_inputs)
    refuse("the encoder gives " + std::to_string(model.encoder->n_bits()) +
           " bits, but the circuit takes " + std::to_string(model.circuit.n_inputs));
  return model;
}

}  // namespace gategrad::capi
