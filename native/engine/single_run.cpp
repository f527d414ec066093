#include "engine/single_run.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

#include "common/system.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

// Room that is aligned to 64 bytes: on the stack where little is enough.
class Room {
 public:
  explicit Room(size_t n_bytes) {
    if (n_bytes <= sizeof(here_)) return;
    there_.reset(system::allocate((n_bytes + 63) / 64 * 64, 64));
    if (there_ == nullptr) throw std::bad_alloc();
  }
  template <typename T>
  T* as() {
    return static_cast<T*>(there_ ? there_.get() : here_);
  }

 private:
  struct Free {
    void operator()(void* p) const { system::release(p); }
  };
  alignas(64) unsigned char here_[1 << 13];
  std::unique_ptr<void, Free> there_;
};

template <typename T>
EncodeRow<T> encoder_of(const SingleKernels& kernels) {
  if constexpr (sizeof(T) == 1) return kernels.encode_u8;
  if constexpr (sizeof(T) == 4) return kernels.encode_f32;
  if constexpr (sizeof(T) == 8) return kernels.encode_f64;
}

template <typename T>
bool encode_row(const SingleKernels& kernels, const SinglePlan& plan, const Rows& rows, size_t r,
                uint64_t* words) {
  const T* row = static_cast<const T*>(rows.data) + static_cast<ptrdiff_t>(r) * rows.row_stride;
  Check check = check_of(plan.row_of_bits, rows.type);
  auto encode = encoder_of<T>(kernels);
  if (rows.column_stride == 1 && plan.n_features >= 64)
    return encode(plan.tiles.data(), plan.tiles.size(), row, check, words);
  size_t padded = std::max<size_t>(64, plan.n_features);
  Room room(padded * sizeof(T));
  T* copy = room.as<T>();
  for (size_t i = 0; i < plan.n_features; ++i)
    copy[i] = row[static_cast<ptrdiff_t>(i) * rows.column_stride];
  std::fill(copy + plan.n_features, copy + padded, T{});
  return encode(plan.tiles.data(), plan.tiles.size(), copy, check, words);
}

bool encode_any(const SingleKernels& kernels, const SinglePlan& plan, const Rows& rows, size_t r,
                uint64_t* words) {
  switch (rows.type) {
    case Type::kFloat32: return encode_row<float>(kernels, plan, rows, r, words);
    case Type::kFloat64: return encode_row<double>(kernels, plan, rows, r, words);
    default: return encode_row<uint8_t>(kernels, plan, rows, r, words);
  }
}

}  // namespace

Single::Single(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
               const std::string& isa, const std::string& layout)
    : kernels_(instruction_set(isa).single) {
  bool has_permutes = kernels_->bit_gates != nullptr;
  Layout wanted = has_permutes ? Layout::kFaster : Layout::kBytes;
  if (layout == "bits" && !has_permutes)
    throw std::invalid_argument(isa + " has no kernels for the layout in bits");
  if (layout == "bits")
    wanted = Layout::kBits;
  else if (layout == "bytes")
    wanted = Layout::kBytes;
  else if (!layout.empty())
    throw std::invalid_argument("unknown layout '" + layout + "'; known: bits, bytes");
  plan_ = plan_single(circuit, readout, encoder, wanted);
}

// benchmarks/latency.py prints both sides of these.
size_t Single::most_rows() const { return plan_.in_bits ? 7 : 2; }

bool Single::run(const Rows& rows, const Results& results) const {
  const size_t n_classes = plan_.bias.size(), n_words = plan_.n_signals / 64;
  const size_t input_words = std::max(n_words, plan_.tiles.size());
  Room words(input_words * sizeof(uint64_t));
  Room signals(plan_.in_bits ? 0 : plan_.n_signals);
  Room own_sums(results.sums ? 0 : n_classes * sizeof(int32_t));
  const BitPlan in_bits = plan_.bit_plan();
  const BytePlan in_bytes = plan_.byte_plan();
  for (size_t r = 0; r < rows.n_rows; ++r) {
    int32_t* sums = results.sums ? results.sums + r * n_classes : own_sums.as<int32_t>();
    if (!encode_any(*kernels_, plan_, rows, r, words.as<uint64_t>())) return false;
    if (plan_.in_bits) {
      kernels_->bit_gates(in_bits, words.as<uint64_t>());
      kernels_->bit_sums(in_bits, words.as<uint64_t>(), sums);
    } else {
      kernels_->byte_inputs(words.as<uint64_t>(), plan_.tiles.size(), signals.as<uint8_t>());
      kernels_->byte_gates(in_bytes, signals.as<uint8_t>());
      kernels_->byte_sums(in_bytes, signals.as<uint8_t>(), sums);
    }
    if (results.labels)
      results.labels[r] = std::max_element(sums, sums + n_classes) - sums;  // the first of equals
  }
  return true;
}

void Single::run_gates(size_t times) const {
  const size_t n_bytes = std::max(plan_.n_signals, plan_.tiles.size() * 64);
  Room signals(n_bytes);
  std::memset(signals.as<uint8_t>(), 0, n_bytes);
  for (size_t i = 0; i < times; ++i) {
    if (plan_.in_bits)
      kernels_->bit_gates(plan_.bit_plan(), signals.as<uint64_t>());
    else
      kernels_->byte_gates(plan_.byte_plan(), signals.as<uint8_t>());
  }
}

}  // namespace gategrad
