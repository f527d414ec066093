// Which gates of a circuit are products of comparisons, and which are sums of products that exclude
// each other: of such gates a forest's circuit is made, whether it was optimized or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/lower.h"
#include "engine/schedule.h"

namespace gategrad {

// A signal, or its complement: 2 * signal + inverted.
using Edge = uint32_t;
inline uint32_t signal_of(Edge e) { return e >> 1; }
inline bool inverted(Edge e) { return e & 1; }

// kAtom: an input, or a small gate that is asked like one, such as whether a category is of a set.
// kProduct: of atoms, plain or inverted. kNever: of an atom and its complement. kSum: the complement is
// the sum of two edges, never both true. kAlways: the complement is never true.
enum class Role : uint8_t { kOther, kAtom, kProduct, kNever, kSum, kAlways };

// Every gate as AND or XOR of edges; inverters are gone into these.
class Terms {
 public:
  struct Gate {
    Edge a = 0, b = 0;
    bool exclusive_or = false;
  };

  Terms(const Netlist& net, const std::vector<uint8_t>& needed);

  // False where the gates have too much in common to be told apart in little memory.
  bool good() const { return good_; }
  size_t n_signals() const { return role_.size(); }
  uint32_t first_gate() const { return net_.first_gate; }
  const Gate& gate(uint32_t signal) const { return gate_[signal]; }
  Edge edge(uint32_t signal) const { return edge_[signal]; }
  Role role(uint32_t signal) const { return role_[signal]; }
  // Few enough comparisons to be evaluated as a decision of its own.
  bool small(uint32_t signal) const;
  bool atom(Edge e) const { return role_[signal_of(e)] == Role::kAtom; }
  // The atoms that a product needs, as edges in rising order.
  std::span<const Edge> cube(Edge e) const;

 private:
  void resolve(uint32_t signal, const Netlist::Node& node);
  void find_decisions();
  void classify(uint32_t signal);
  bool product(Edge e) const;
  bool summand(Edge e) const;
  bool never(Edge e) const {
    return role_[signal_of(e)] == (inverted(e) ? Role::kAlways : Role::kNever);
  }
  bool exclude_each_other(Edge x, Edge y) const;
  std::span<const Edge> common(Edge x, Edge y, Edge* room) const;
  void ask_as_atom(Edge e);
  void set_cube(uint32_t signal, std::span<const Edge> atoms);

  const Netlist& net_;
  std::vector<Gate> gate_;
  std::vector<Edge> edge_, self_;
  std::vector<Role> role_;
  std::vector<uint8_t> size_;       // comparisons behind a gate, up to a limit
  std::vector<uint32_t> cube_;      // begin, by signal
  std::vector<uint8_t> cube_size_;  // of products, and what all products of a sum have in common
  std::vector<Edge> cubes_;
  bool good_ = true, again_ = false;
};

// What each signal adds to each sum, of atoms and products only: `weight[signal * n_classes + c]`.
struct TermWeights {
  std::vector<uint32_t> weight, bias;  // modulo 2^32: the sums fit, their parts need not
};

// `root` is the signal of each entry of the readout. Nothing where a sum needs what is neither.
std::optional<TermWeights> weigh_terms(const Terms& terms, const ReadoutView& readout,
                                       const std::vector<uint32_t>& root);

}  // namespace gategrad
