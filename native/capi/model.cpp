#include "capi/model.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "capi/front.h"
#include "capi/refusal.h"
#include "engine/lower.h"
#include "isa/isa.h"

namespace gategrad::capi {
namespace {

// A file says in a few bytes how wide its rows are, and lowering takes some 60 bytes a column.
constexpr size_t kMostFeatures = size_t{1} << 20;
// Memory for rows that are converted, encoded or summed at a time, of a block of rows at most.
constexpr size_t kPieceBytes = size_t{1} << 20;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

const InstructionSet& wanted_isa() {
  const std::string_view name = variable("GATEGRAD_ISA");
  try {
    return name.empty() ? instruction_sets().back() : instruction_set(std::string(name));
  } catch (const std::invalid_argument& error) {
    throw Refusal{GG_BAD_ARGUMENT, std::string("GATEGRAD_ISA: ") + error.what()};
  }
}

// The instruction set that circuits become machine code for; empty for none.
std::string wanted_code(const std::string& isa) {
  const std::string_view choice = variable("GATEGRAD_CODE");
  if (!choice.empty() && choice != "on" && choice != "off")
    throw Refusal{GG_BAD_ARGUMENT, "GATEGRAD_CODE is neither on nor off"};
  return choice != "off" && (isa == "avx2" || isa == "avx512") ? isa : "";
}

void check_width(size_t n_features) {
  if (n_features > kMostFeatures)
    refuse_unsupported("rows have " + std::to_string(n_features) +
                       " columns; libgategrad takes at most 2**20: leave out those that no gate "
                       "reads");
}

// An encoder with more to it than comparisons of numbers that are there.
bool sees_rows(const StoredEncoder& encoder) {
  return encoder.missing != Missing::kError && encoder.parts.front().kind != Part::Kind::kSplits;
}

}  // namespace

Lowered::Lowered(const Source& source) : isa_(wanted_isa().name) {
  const InstructionSet& isa = wanted_isa();
  engine_ = std::make_unique<Engine>(
      lower(source.circuit(), source.readout(), source.encoder(), wanted_code(isa.name)),
      isa.kernels->blocks);
  engine_->prepare_few(source);
  single_ =
      std::make_unique<Single>(source.circuit(), source.readout(), source.encoder(), isa.name, "");
  size_ = engine_->workspace_size();
}

// A workspace and, behind it, the room of single rows.
size_t Lowered::memory_bytes() const {
  return size_.blocks() * kBlockWords * sizeof(uint64_t) + single_->room_bytes();
}

void Lowered::place(std::optional<Workspace>& workspace, void* memory) const noexcept {
  workspace.emplace(memory, size_);
}

bool Lowered::run(const Rows& rows, void* memory, Workspace& workspace,
                  const Results& results) const noexcept {
  if (rows.n_rows <= single_->most_rows()) {
    void* room = static_cast<uint64_t*>(memory) + size_.blocks() * kBlockWords;
    return single_->run_in(room, rows, results);
  }
  return engine_->run(rows, Calling{1, false, nullptr, &workspace}, results) == Outcome::kGood;
}

std::unique_ptr<gg_model> make_model(const uint8_t* bytes, size_t n) {
  StoredModel stored = read_model(bytes, n);
  auto model = std::make_unique<gg_model>();
  const StoredReadout& readout = stored.readout;
  model->kind = readout.kind;
  model->n_classes = readout.bias.size();
  model->n_gates = stored.circuit.table.size();
  model->takes_bits = !stored.encoder;
  model->n_features = stored.encoder ? stored.encoder->n_features : stored.circuit.n_inputs;
  check_width(model->n_features);
  check_width(stored.circuit.n_inputs);
  if (!stored.encoder) {
    model->direct.emplace(source_of_bits(stored));
  } else {
    if (const std::optional<Source> source = source_of_numbers(stored))
      model->direct.emplace(*source);
    if (!model->direct || sees_rows(*stored.encoder)) {
      model->on_bits.emplace(source_of_bits(stored));
      model->encoder.emplace(std::move(*stored.encoder), wanted_isa().kernels->filters);
    }
  }
  const size_t row_bytes = std::max({model->n_classes * sizeof(int32_t),
                                     model->n_features * sizeof(double), stored.circuit.n_inputs});
  model->piece_rows =
      std::clamp<size_t>(kPieceBytes / std::max<size_t>(row_bytes, 1), 1, kBlockRows);
  model->scale = readout.scale;
  model->offset = readout.offset;
  model->names = std::move(stored.names);
  return model;
}

}  // namespace gategrad::capi

size_t gg_model::n_labels() const {
  if (kind == GG_REGRESSION) return 0;
  return kind == GG_MULTILABEL ? n_classes : 1;
}
