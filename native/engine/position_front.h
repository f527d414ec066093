// What stands in front of a single row's gates where convolutions are made position by position.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/system.h"
#include "engine/position_plan.h"
#include "engine/single_plan.h"

namespace gategrad {

class PositionFront {
 public:
  // Of the first `n_stages` of a plan that is not finished.
  PositionFront(PositionPlan plan, size_t n_stages, const EncoderView& encoder)
      : plan_(std::move(plan)) {
    std::vector<uint32_t> place;
    rows_ = plan_inputs(encoder, static_cast<uint32_t>(plan_.n_inputs()), place);
    plan_.finish(n_stages, place);
  }
  PositionFront(const PositionFront&) = delete;
  ~PositionFront() { system::release(spare_.load()); }

  const PositionPlan& plan() const { return plan_; }
  const SinglePlan& rows() const { return rows_; }

  // Prepared memory; one piece stays for the next call. Null where there is none.
  uint8_t* take() const {
    if (uint8_t* memory = spare_.exchange(nullptr)) return memory;
    auto* memory = static_cast<uint8_t*>(system::allocate(plan_.n_bytes(), kPositionBlock));
    if (memory != nullptr) plan_.prepare(memory);
    return memory;
  }
  void give_back(uint8_t* memory) const { system::release(spare_.exchange(memory)); }

 private:
  PositionPlan plan_;
  SinglePlan rows_;  // tiles, and what rows are
  mutable std::atomic<uint8_t*> spare_{nullptr};
};

}  // namespace gategrad
