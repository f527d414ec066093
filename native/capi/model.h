// A model as it runs: lowered once, or twice where its encoder sees rows that the core can't take.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capi/encode.h"
#include "capi/stored_model.h"
#include "engine/run.h"
#include "engine/single_run.h"

namespace gategrad::capi {

// A circuit lowered for blocks, for few rows and for single ones.
class Lowered {
 public:
  explicit Lowered(const Source& source);

  // What a call takes, in bytes; a multiple of 64.
  size_t memory_bytes() const;
  const Program& program() const { return engine_->program(); }
  const char* isa() const { return isa_; }

  // A workspace in so much memory, which is aligned to 64 bytes.
  void place(std::optional<Workspace>& workspace, void* memory) const noexcept;
  // `memory`: where the workspace was placed.
  bool run(const Rows& rows, void* memory, Workspace& workspace,
           const Results& results) const noexcept;

 private:
  const char* isa_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Single> single_;
  WorkspaceSize size_;
};

}  // namespace gategrad::capi

struct gg_model {
  gg_kind kind = GG_ARGMAX;
  size_t n_features = 0, n_classes = 0, n_gates = 0;
  bool takes_bits = false;
  std::vector<float> scale, offset;
  std::vector<std::string> names;
  // For rows of numbers, or of bits without an encoder; none where each row is encoded first.
  std::optional<gategrad::capi::Lowered> direct;
  // Rows that `direct` does not take are encoded, and their bits run here.
  std::optional<gategrad::capi::RowEncoder> encoder;
  std::optional<gategrad::capi::Lowered> on_bits;
  // Rows that are converted, encoded or summed at a time.
  size_t piece_rows = 0;

  size_t n_labels() const;
  const gategrad::capi::Lowered& main() const { return direct ? *direct : *on_bits; }
};

namespace gategrad::capi {

// Throws Refusal, or what lowering throws.
std::unique_ptr<gg_model> make_model(const uint8_t* bytes, size_t n);

}  // namespace gategrad::capi
