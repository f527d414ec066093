#include "engine/arrange.h"

#include <algorithm>
#include <utility>

#include "engine/order.h"

namespace gategrad {
namespace {

// Slots that fit a second-level cache beside others, and how many times fewer make up for operands
// that were not used a moment ago.
constexpr size_t kManySlots = 4096, kFewerSlots = 2;

// How often each signal is read, and by which gate last; roots are read at the end.
struct Readers {
  std::vector<uint32_t> count, last;

  Readers(const Netlist& net, const std::vector<uint32_t>& roots,
          const std::vector<uint8_t>& needed)
      : count(net.first_gate + net.nodes.size()), last(count.size()) {
    for (size_t g = 0; g < net.nodes.size(); ++g) {
      if (!needed[net.first_gate + g]) continue;
      const Netlist::Node& node = net.nodes[g];
      read(node.a, static_cast<uint32_t>(g));
      if (node.op != Op::kNot) read(node.b, static_cast<uint32_t>(g));
    }
    for (int twice = 0; twice < 2; ++twice)
      for (uint32_t root : roots) read(root, static_cast<uint32_t>(net.nodes.size()));
  }

 private:
  void read(uint32_t signal, uint32_t gate) {
    ++count[signal];
    last[signal] = gate;
  }
};

// A number of slots that the order as given takes at least: gates that are read more than once are
// stored, from themselves to their last reader. Costs a fraction of finding out.
size_t fewest_slots(const Netlist& net, const std::vector<uint32_t>& roots) {
  const std::vector<uint8_t> needed = mark_needed(net, roots);
  const Readers readers(net, roots, needed);
  std::vector<uint32_t> ends(net.nodes.size() + 1);
  size_t live = 0, most = 0;
  for (size_t g = 0; g < net.nodes.size(); ++g) {
    const size_t signal = net.first_gate + g;
    if (needed[signal] && readers.count[signal] > 1) {
      ++ends[readers.last[signal]];
      most = std::max(most, ++live);
    }
    live -= ends[g];
  }
  return most;
}

}  // namespace

Residence arrange(const Netlist& net, const std::vector<uint32_t>& roots, uint8_t most_registers,
                  Cones& cones, size_t& n_looks) {
  CacheOrder order(net, cones, roots);
  // Ordering stops as soon as it is known to need more slots than would let it win.
  if (!order.run(kManySlots) && !order.run(kFewerSlots * fewest_slots(net, roots))) {
    std::vector<uint32_t> read_twice = roots;
    read_twice.insert(read_twice.end(), roots.begin(), roots.end());
    Cones given = find_cones(net, read_twice, most_registers);
    Residence fewer = assign_slots(net, given, roots);
    if (!order.run(size_t{kFewerSlots} * fewer.n_slots)) {
      n_looks = order.n_looks();
      cones = std::move(given);
      return fewer;
    }
  }
  n_looks = order.n_looks();
  cones.order = order.take();
  return assign_slots(net, cones, roots);
}

}  // namespace gategrad
