// In which order gates are evaluated, so that many operands are still in the first-level cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/cones.h"

namespace gategrad {

// Orders the stored gates, each after those it reads. Of the gates that are ready and read a value that
// was used a moment ago, the one comes next that reads the fewest values that have left the cache.
class CacheOrder {
 public:
  // `roots` are the signals that the sums read.
  CacheOrder(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots);
  ~CacheOrder();

  // Goes on until all gates are ordered, or until values take more than `most_slots` at a time, as
  // residence.h gives them out; false then, and at once where they did so before.
  bool run(size_t most_slots);

  // The signals of the gates, once `run` returned true.
  std::vector<uint32_t> take();

  // Gates that were considered, which is what ordering takes.
  size_t n_looks() const;

 private:
  class Ordering;
  std::unique_ptr<Ordering> ordering_;
};

}  // namespace gategrad
