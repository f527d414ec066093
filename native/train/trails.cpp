#include "train/trails.h"

namespace gategrad::train {
namespace {

class Graph {
 public:
  Graph(const std::vector<uint32_t>& pins, size_t n_wires)
      : pins_(pins), n_gates_(pins.size() / 2), first_(n_wires + 1, 0), passed_(n_gates_, 0) {
    for (uint32_t wire : pins) ++first_[wire + 1];
    for (size_t w = 0; w < n_wires; ++w) first_[w + 1] += first_[w];
    next_.assign(first_.begin(), first_.end() - 1);
    gates_.resize(pins.size());
    for (size_t p = 0; p < pins.size(); ++p)
      gates_[next_[pins[p]]++] = static_cast<uint32_t>(p < n_gates_ ? p : p - n_gates_);
    left_.resize(n_wires);
    for (size_t w = 0; w < n_wires; ++w) {
      left_[w] = first_[w + 1] - first_[w];
      next_[w] = first_[w];
    }
  }

  // Pins of a wire that no trail has passed.
  uint32_t left(size_t wire) const { return left_[wire]; }

  // Follows gates that none has passed from a wire until there is none.
  void walk(uint32_t wire, Trails& trails) {
    const size_t before = trails.gates.size();
    const uint32_t start = wire;
    while (left_[wire]) {
      while (passed_[gates_[next_[wire]]]) ++next_[wire];
      const uint32_t gate = gates_[next_[wire]];
      passed_[gate] = 1;
      const bool reversed = pins_[gate] != wire;
      const uint32_t to = reversed ? pins_[gate] : pins_[n_gates_ + gate];
      --left_[wire];
      --left_[to];
      trails.gates.push_back(reversed ? gate | kMark : gate);
      trails.wires.push_back(to);
      wire = to;
    }
    if (trails.gates.size() > before)
      trails.trails.push_back({start, static_cast<uint32_t>(trails.gates.size() - before)});
  }

 private:
  const std::vector<uint32_t>& pins_;
  size_t n_gates_;
  std::vector<uint32_t> first_, next_, left_;  // of each wire, the first two in gates_
  std::vector<uint32_t> gates_;                // those that read wire 0, wire 1, ...
  std::vector<char> passed_;
};

}  // namespace

Trails find_trails(const std::vector<uint32_t>& pins, size_t n_wires) {
  Graph graph(pins, n_wires);
  Trails trails;
  trails.gates.reserve(pins.size() / 2);
  trails.wires.reserve(pins.size() / 2);
  // Trails that do not close end at wires with an odd number of pins, so these start first.
  for (uint32_t wire = 0; wire < n_wires; ++wire)
    if (graph.left(wire) % 2) graph.walk(wire, trails);
  for (uint32_t wire = 0; wire < n_wires; ++wire)
    while (graph.left(wire)) graph.walk(wire, trails);
  return trails;
}

}  // namespace gategrad::train
