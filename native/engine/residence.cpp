#include "engine/residence.h"

#include <algorithm>
#include <numeric>

#include "engine/program.h"

namespace gategrad {
namespace {

// The step, counted from 1, after which each signal is read no more; 0: it never is.
std::vector<size_t> last_uses(const Netlist& net, const Cones& cones,
                              const std::vector<uint32_t>& roots) {
  std::vector<size_t> last(cones.stored.size(), 0);
  for (size_t i = 0; i < cones.order.size(); ++i)
    each_leaf(net, cones, cones.order[i], [&](uint32_t s) { last[s] = i + 1; });
  const size_t end = cones.order.size() + 1;
  for (uint32_t root : roots) {
    if (cones.stored[root])
      last[root] = end;
    else
      each_leaf(net, cones, root, [&](uint32_t s) { last[s] = end; });
  }
  return last;
}

// Numbers the slots from 2 on again, by how often they are read and written.
void number_by_use(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots,
                   Residence& residence) {
  std::vector<uint32_t> uses(residence.n_slots, 0);
  auto count = [&](uint32_t s) { ++uses[residence.slot[s]]; };
  for (uint32_t signal : cones.order) {
    each_leaf(net, cones, signal, count);
    count(signal);
  }
  for (uint32_t root : roots) {
    if (cones.stored[root])
      count(root);
    else
      each_leaf(net, cones, root, count);
  }
  std::vector<uint32_t> by_use(residence.n_slots), number(residence.n_slots);
  std::iota(by_use.begin(), by_use.end(), 0u);
  std::stable_sort(by_use.begin() + 2, by_use.end(),
                   [&](uint32_t x, uint32_t y) { return uses[x] > uses[y]; });
  for (uint32_t i = 0; i < residence.n_slots; ++i) number[by_use[i]] = i;
  for (uint32_t& slot : residence.slot)
    if (slot != kNoSlot) slot = number[slot];
}

}  // namespace

Residence assign_slots(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots) {
  std::vector<size_t> last = last_uses(net, cones, roots);
  Residence residence{std::vector<uint32_t>(last.size(), kNoSlot), 2};
  residence.slot[0] = kFalseSlot;
  residence.slot[1] = kTrueSlot;
  std::vector<uint32_t> idle;
  auto assign = [&](uint32_t signal) {
    if (idle.empty()) idle.push_back(residence.n_slots++);
    residence.slot[signal] = idle.back();
    idle.pop_back();
  };
  for (uint32_t s = 2; s < net.first_gate; ++s)
    if (last[s]) assign(s);
  for (size_t i = 0; i < cones.order.size(); ++i) {
    // Operands are read before the result is written, so the result may take over their slot.
    each_leaf(net, cones, cones.order[i], [&](uint32_t s) {
      if (s < 2 || last[s] != i + 1) return;
      idle.push_back(residence.slot[s]);
      last[s] = 0;
    });
    assign(cones.order[i]);
  }
  number_by_use(net, cones, roots, residence);
  return residence;
}

}  // namespace gategrad
