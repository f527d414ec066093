#include "engine/source.h"

#include <stdexcept>
#include <string>

namespace gategrad {
namespace {

void require(bool good, const std::string& what) {
  if (!good) throw std::invalid_argument(what);
}

void check_circuit(const Source& s) {
  require(s.fanin.size() == s.table.size() * s.width, "fan-in and tables differ in length");
  const uint64_t first_gate = uint64_t{2} + s.n_inputs;
  require(first_gate + s.table.size() <= UINT32_MAX, "the circuit has more than 2**32 signals");
  // Messages are made where there is one: this goes over all operands of any circuit.
  for (size_t g = 0; g < s.table.size(); ++g)
    for (size_t i = 0; i < s.width; ++i)
      if (s.fanin[g * s.width + i] >= first_gate + g)
        require(false,
                "gate " + std::to_string(g) + " reads a signal that does not come before it");
  for (uint32_t output : s.outputs)
    require(output < first_gate + s.table.size(), "an output is no signal of the circuit");
}

void check_readout(const Source& s) {
  require(s.indptr.size() == s.bias.size() + 1 && s.indptr[0] == 0 &&
              s.indptr.back() == static_cast<int64_t>(s.index.size()) &&
              s.index.size() == s.weight.size(),
          "the readout's arrays differ in length");
  for (size_t c = 0; c < s.bias.size(); ++c)
    require(s.indptr[c] <= s.indptr[c + 1], "the readout's rows are out of order");
  for (uint32_t index : s.index)
    require(index < s.outputs.size(), "the readout reads an output that the circuit lacks");
}

void check_encoder(const Source& s) {
  require(s.feature.size() == s.n_inputs && s.threshold.size() == s.n_inputs,
          "the encoder gives " + std::to_string(s.feature.size()) +
              " bits, but the circuit takes " + std::to_string(s.n_inputs));
  for (size_t i = 0; i < s.n_inputs; ++i)
    if (s.feature[i] >= s.n_features)
      require(false, "bit " + std::to_string(i) + " of the encoder reads feature " +
                         std::to_string(s.feature[i]) + " of " + std::to_string(s.n_features));
}

}  // namespace

CircuitView Source::circuit() const {
  return {n_inputs, fanin.data(),   table.data(),  table.size(),
          width,    outputs.data(), outputs.size()};
}

ReadoutView Source::readout() const {
  return {indptr.data(), index.data(), weight.data(), bias.data(), bias.size(), argmax};
}

EncoderView Source::encoder() const {
  return {feature.data(), threshold.data(), n_features, bits, missing};
}

void Source::check() const {
  check_circuit(*this);
  check_readout(*this);
  check_encoder(*this);
}

}  // namespace gategrad
