#include "engine/cones.h"

#include <algorithm>

namespace gategrad {
namespace {

// Of a cone: recursion over it stays shallow.
constexpr uint8_t kMostGates = 64;

std::vector<uint32_t> count_readers(const Netlist& net, const std::vector<uint32_t>& roots) {
  std::vector<uint32_t> readers(net.first_gate + net.nodes.size(), 0);
  for (uint32_t s : roots) ++readers[s];
  for (size_t g = net.nodes.size(); g-- > 0;) {
    if (!readers[net.first_gate + g]) continue;
    ++readers[net.nodes[g].a];
    if (net.nodes[g].op != Op::kNot) ++readers[net.nodes[g].b];
  }
  return readers;
}

// Registers for a gate whose operands' cones take a and b; 0 is a value in memory.
uint8_t registers_of(uint8_t a, uint8_t b) {
  return std::max<uint8_t>(1, a == b && a > 0 ? a + 1 : std::max(a, b));
}

}  // namespace

Cones find_cones(const Netlist& net, const std::vector<uint32_t>& roots, uint8_t most_registers) {
  std::vector<uint32_t> readers = count_readers(net, roots);
  Cones cones;
  cones.stored.assign(readers.size(), 1);
  cones.registers.assign(readers.size(), 0);
  std::vector<uint8_t> size(readers.size(), 0);
  for (size_t g = 0; g < net.nodes.size(); ++g) {
    const uint32_t own = net.first_gate + static_cast<uint32_t>(g);
    if (!readers[own]) continue;
    const Netlist::Node& node = net.nodes[g];
    const bool one = node.op == Op::kNot;
    uint32_t operands[2] = {node.a, one ? 0 : node.b};
    // The larger cones of a gate that would be too large are stored.
    auto part = [&](int i) { return cones.stored[operands[i]] ? 0 : size[operands[i]]; };
    auto held = [&](int i) -> uint8_t {
      return cones.stored[operands[i]] ? 0 : cones.registers[operands[i]];
    };
    while (1 + part(0) + part(1) > kMostGates || registers_of(held(0), held(1)) > most_registers)
      cones.stored[operands[part(0) >= part(1) ? 0 : 1]] = 1;
    size[own] = static_cast<uint8_t>(1 + part(0) + part(1));
    cones.registers[own] = registers_of(held(0), held(1));
    cones.stored[own] = readers[own] > 1;
    ++cones.n_gates;
  }
  for (size_t g = 0; g < net.nodes.size(); ++g) {
    const uint32_t own = net.first_gate + static_cast<uint32_t>(g);
    if (readers[own] && cones.stored[own]) cones.order.push_back(own);
  }
  return cones;
}

}  // namespace gategrad
