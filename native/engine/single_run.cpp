#include "engine/single_run.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "common/system.h"
#include "engine/forest_walk.h"
#include "isa/isa.h"

namespace gategrad {
namespace {

// Room that is aligned to 64 bytes: on the stack where that is enough.
class Room {
 public:
  explicit Room(size_t n_bytes) {
    if (n_bytes <= sizeof(here_)) return;
    there_.reset(system::allocate(n_bytes, 64));
    if (there_ == nullptr) throw std::bad_alloc();
  }
  void* get() { return there_ ? there_.get() : here_; }

 private:
  struct Free {
    void operator()(void* p) const { system::release(p); }
  };
  alignas(64) unsigned char here_[1 << 15];
  std::unique_ptr<void, Free> there_;
};

// About how many gates a gate at 64 positions is worth.
constexpr size_t kGatesABlock = 4;

constexpr size_t padded(size_t n_bytes) { return (n_bytes + 63) / 64 * 64; }

template <typename T>
EncodeRow<T> encoder_of(const SingleKernels& kernels) {
  if constexpr (sizeof(T) == 1) return kernels.encode_u8;
  if constexpr (sizeof(T) == 4) return kernels.encode_f32;
  if constexpr (sizeof(T) == 8) return kernels.encode_f64;
}

template <typename T>
bool encode_row(const SingleKernels& kernels, const SinglePlan& plan, const Rows& rows, size_t r,
                void* copies, uint64_t* words) {
  const T* row = static_cast<const T*>(rows.data) + static_cast<ptrdiff_t>(r) * rows.row_stride;
  Check check = check_of(plan.row_of_bits, rows.type);
  auto encode = encoder_of<T>(kernels);
  if (rows.column_stride == 1 && plan.n_features >= 64)
    return encode(plan.tiles.data(), plan.tiles.size(), row, check, words);
  const size_t padded_row = std::max<size_t>(64, plan.n_features);
  T* copy = static_cast<T*>(copies);
  for (size_t i = 0; i < plan.n_features; ++i)
    copy[i] = row[static_cast<ptrdiff_t>(i) * rows.column_stride];
  std::fill(copy + plan.n_features, copy + padded_row, T{});
  return encode(plan.tiles.data(), plan.tiles.size(), copy, check, words);
}

bool encode_any(const SingleKernels& kernels, const SinglePlan& plan, const Rows& rows, size_t r,
                void* copies, uint64_t* words) {
  switch (rows.type) {
    case Type::kFloat32: return encode_row<float>(kernels, plan, rows, r, copies, words);
    case Type::kFloat64: return encode_row<double>(kernels, plan, rows, r, copies, words);
    default: return encode_row<uint8_t>(kernels, plan, rows, r, copies, words);
  }
}

// Rows as values of type T, one after the other.
template <typename T, typename From>
void copy_rows(const Rows& rows, size_t n_features, T* out) {
  for (size_t r = 0; r < rows.n_rows; ++r) {
    const From* row =
        static_cast<const From*>(rows.data) + static_cast<ptrdiff_t>(r) * rows.row_stride;
    for (size_t i = 0; i < n_features; ++i)
      *out++ = static_cast<T>(row[static_cast<ptrdiff_t>(i) * rows.column_stride]);
  }
}

template <typename T>
bool any_nan(const T* rows, ptrdiff_t stride, size_t n_rows, size_t n_features) {
  bool found = false;
  for (size_t r = 0; r < n_rows; ++r, rows += stride)
    for (size_t i = 0; i < n_features; ++i) found |= rows[i] != rows[i];
  return found;
}

// False where a value is NaN and that is no value.
template <typename T, typename From>
bool walk(const ForestPlan& forest, const Rows& rows, const SinglePlan& plan, bool missing,
          void* copies, uint32_t* sums) {
  const bool plain = std::is_same_v<T, From> && rows.column_stride == 1;
  const T* first = static_cast<const T*>(plain ? rows.data : copies);
  const ptrdiff_t stride = plain ? rows.row_stride : static_cast<ptrdiff_t>(plan.n_features);
  if (!plain) copy_rows<T, From>(rows, plan.n_features, static_cast<T*>(copies));
  if (!missing && any_nan(first, stride, rows.n_rows, plan.n_features)) return false;
  walk_forest(forest, first, stride, rows.n_rows, plan.bias.size(), sums);
  return true;
}

}  // namespace

Single::Single(const CircuitView& circuit, const ReadoutView& readout, const EncoderView& encoder,
               const std::string& isa, const std::string& layout)
    : kernels_(instruction_set(isa).single), missing_(encoder.missing) {
  const bool has_permutes = kernels_->bit_gates != nullptr;
  if (layout == "bits" && !has_permutes)
    throw std::invalid_argument(isa + " has no kernels for the layout in bits");
  if (!layout.empty() && layout != "bits" && layout != "bytes" && layout != "trees")
    throw std::invalid_argument("unknown layout '" + layout + "'; known: bits, bytes, trees");
  plan_.n_features = encoder.n_features;
  plan_.argmax = readout.argmax;
  if (layout.empty() || layout == "trees")
    forest_ = plan_forest(circuit, readout, encoder, layout == "trees", plan_.bias);
  if (forest_) plan_.n_gates = forest_->n_gates;
  if (forest_ || (missing_ && layout.empty())) return;
  if (layout == "trees" || missing_)
    throw std::invalid_argument(missing_ ? "missing values need the layout in trees"
                                         : "the circuit is no forest");
  const Layout wanted = layout == "bits"                     ? Layout::kBits
                        : layout == "bytes" || !has_permutes ? Layout::kBytes
                                                             : Layout::kFaster;
  plan_ = plan_single(circuit, readout, encoder, wanted);
}

Single::Single(const CircuitView& circuit, const ReadoutView& readout, const std::string& isa,
               std::unique_ptr<const PositionFront> front)
    : kernels_(instruction_set(isa).single), front_(std::move(front)), missing_(false) {
  const PositionPlan& maps = front_->plan();
  const std::vector<double> threshold(maps.outputs().size(), 0.5);
  const EncoderView bytes{maps.outputs().data(), threshold.data(), maps.out_bytes(), true, false};
  plan_ = plan_single(circuit, readout, bytes,
                      kernels_->bit_gates != nullptr ? Layout::kFaster : Layout::kBytes);
}

// benchmarks/latency.py prints both sides of these.
size_t Single::most_rows() const {
  if (forest_) return forest_->most_rows();
  return missing_ ? 0 : plan_.in_bits ? 7 : 2;
}

size_t Single::work() const {
  if (forest_) return 4 * forest_->n_steps;
  return plan_.n_gates + (front_ ? kGatesABlock * front_->plan().n_gate_blocks() : 0);
}

bool Single::copies_rows(const Rows& rows) const {
  if (rows.column_stride != 1) return true;
  return forest_ ? size_of(rows.type) == 1 : n_features() < 64;
}

// Rows go one by one, but for those of a forest.
Single::Sizes Single::sizes(size_t n_rows, bool copies_rows) const {
  const size_t n = forest_ ? n_rows : 1, n_sums = n * plan_.bias.size();
  const size_t n_words = std::max(
      {plan_.n_signals / 64, plan_.tiles.size(), front_ ? front_->rows().tiles.size() : 0});
  const size_t n_copied = n * std::max<size_t>(64, n_features());
  return {padded(n_words * sizeof(uint64_t)), padded(plan_.in_bits ? 0 : plan_.n_signals),
          padded(n_sums * sizeof(int32_t)), padded(copies_rows ? n_copied * sizeof(double) : 0)};
}

size_t Single::room_bytes() const { return sizes(most_rows(), true).total(); }

bool Single::run(const Rows& rows, const Results& results) const {
  Room room(sizes(rows.n_rows, copies_rows(rows)).total());
  if (!front_) return run_in(room.get(), rows, results);
  uint8_t* maps = front_->take();
  if (maps == nullptr) throw std::bad_alloc();
  const bool good = run_rows(room.get(), maps, rows, results);
  front_->give_back(maps);
  return good;
}

bool Single::run_forest(void* room, const Rows& rows, const Results& results) const noexcept {
  const size_t n = plan_.bias.size();
  auto* own_sums = static_cast<uint8_t*>(room);
  void* copies = own_sums + sizes(rows.n_rows, true).sums;
  int32_t* sums = results.sums ? results.sums : reinterpret_cast<int32_t*>(own_sums);
  for (size_t r = 0; r < rows.n_rows; ++r) std::copy_n(plan_.bias.data(), n, sums + r * n);
  auto* const added = reinterpret_cast<uint32_t*>(sums);
  const auto go = [&](auto walk_rows, bool missing) {
    return walk_rows(*forest_, rows, plan_, missing, copies, added);
  };
  const bool good = rows.type == Type::kFloat64   ? go(walk<double, double>, missing_)
                    : rows.type == Type::kFloat32 ? go(walk<float, float>, missing_)
                                                  : go(walk<float, uint8_t>, true);
  if (!good) return false;
  for (size_t r = 0; results.labels && r < rows.n_rows; ++r)
    results.labels[r] = std::max_element(sums + r * n, sums + r * n + n) - (sums + r * n);
  return true;
}

bool Single::run_in(void* room, const Rows& rows, const Results& results) const noexcept {
  return forest_ ? run_forest(room, rows, results) : run_rows(room, nullptr, rows, results);
}

// A row's bits, or those of its maps; false where a value does not pass the check.
bool Single::load(const Rows& rows, size_t row, void* copies, uint8_t* maps,
                  uint64_t* words) const {
  if (!front_) return encode_any(*kernels_, plan_, rows, row, copies, words);
  const SinglePlan& inputs = front_->rows();
  if (!encode_any(*kernels_, inputs, rows, row, copies, words)) return false;
  kernels_->byte_inputs(words, inputs.tiles.size(), maps);
  kernels_->positions(front_->plan().view(), maps);
  return kernels_->encode_u8(plan_.tiles.data(), plan_.tiles.size(),
                             maps + front_->plan().out_start(), Check::kNothing, words);
}

bool Single::run_rows(void* room, uint8_t* maps, const Rows& rows,
                      const Results& results) const noexcept {
  const Sizes size = sizes(1, true);
  const size_t n_classes = plan_.bias.size();
  auto* start = static_cast<uint8_t*>(room);
  auto* words = reinterpret_cast<uint64_t*>(start);
  uint8_t* signals = start + size.words;
  auto* own_sums = reinterpret_cast<int32_t*>(signals + size.signals);
  void* copies = signals + size.signals + size.sums;
  const BitPlan in_bits = plan_.bit_plan();
  const BytePlan in_bytes = plan_.byte_plan();
  for (size_t r = 0; r < rows.n_rows; ++r) {
    int32_t* sums = results.sums ? results.sums + r * n_classes : own_sums;
    if (!load(rows, r, copies, maps, words)) return false;
    if (plan_.in_bits) {
      kernels_->bit_gates(in_bits, words);
      kernels_->bit_sums(in_bits, words, sums);
    } else {
      kernels_->byte_inputs(words, plan_.tiles.size(), signals);
      kernels_->byte_gates(in_bytes, signals);
      kernels_->byte_sums(in_bytes, signals, sums);
    }
    if (results.labels)
      results.labels[r] = std::max_element(sums, sums + n_classes) - sums;  // the first of equals
  }
  return true;
}

void Single::run_gates(size_t times) const {
  if (forest_) {
    const std::vector<float> row(plan_.n_features, 0.0f);
    std::vector<uint32_t> sums(plan_.bias.size());
    for (size_t i = 0; i < times; ++i)
      walk_forest(*forest_, row.data(), 0, 1, sums.size(), sums.data());
    return;
  }
  const size_t n_bytes = std::max(plan_.n_signals, plan_.tiles.size() * 64);
  Room room(padded(n_bytes));
  std::memset(room.get(), 0, n_bytes);
  for (size_t i = 0; i < times; ++i) {
    if (plan_.in_bits)
      kernels_->bit_gates(plan_.bit_plan(), static_cast<uint64_t*>(room.get()));
    else
      kernels_->byte_gates(plan_.byte_plan(), static_cast<uint8_t*>(room.get()));
  }
}

}  // namespace gategrad
