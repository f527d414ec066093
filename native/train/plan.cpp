#include "train/plan.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>

#include "train/conv/leaves.h"
#include "train/parallel.h"

namespace gategrad::train {
namespace {

// Plans kept at most, and their gates, at some 20 bytes a gate.
constexpr size_t kMostPlans = 256, kMostGates = size_t{1} << 24;

std::vector<uint32_t> checked_pins(const Wires& wires) {
  if (wires.n_in >= kMark || wires.n_out >= kMark)
    throw std::length_error("a layer of the native core has fewer than 2^31 inputs and gates");
  std::vector<uint32_t> pins(wires.inputs * wires.n_lists);
  for (size_t i = 0; i < pins.size(); ++i) {
    const uint64_t wire = wires.indices ? static_cast<uint64_t>(wires.indices[i]) : i;
    if (wire >= wires.n_wires)
      throw std::out_of_range("a gate reads a wire outside 0 to " +
                              std::to_string(wires.n_wires - 1));
    pins[i] = static_cast<uint32_t>(wire);
  }
  return pins;
}

bool same_pins(const Wires& wires, const LayerPlan& plan, Part part) {
  if (wires.indices == nullptr) return true;
  uint64_t different = 0;
  for (size_t i = part.begin; i < part.end; ++i)
    different |= static_cast<uint64_t>(wires.indices[i]) ^ plan.pins[i];
  return different == 0;
}

bool same_wires(const std::vector<Wires>& layers, const Plan& plan, size_t threads) {
  std::atomic<bool> same = true;
  parallel(threads, [&](size_t thread) {
    for (size_t l = 0; l < layers.size() && same; ++l)
      if (!same_pins(layers[l], plan.layers[l],
                     part_of(plan.layers[l].pins.size(), thread, threads)))
        same = false;
  });
  return same;
}

// Rows of the wires by the order in which trails first come to them; unread ones last.
std::vector<uint32_t> rows_by_visit(const Trails& trails, size_t n_wires) {
  std::vector<uint32_t> rows(n_wires, kMark);
  uint32_t next = 0;
  auto visit = [&](uint32_t wire) {
    if (rows[wire] == kMark) rows[wire] = next++;
  };
  const uint32_t* wire = trails.wires.data();
  for (const Trail& trail : trails.trails) {
    visit(trail.first);
    for (uint32_t i = 0; i < trail.n_gates; ++i) visit(*wire++);
  }
  for (uint32_t& row : rows)
    if (row == kMark) row = next++;
  return rows;
}

std::vector<uint32_t> rows_by_feature(size_t n) {
  std::vector<uint32_t> rows(n);
  for (size_t i = 0; i < n; ++i) rows[i] = static_cast<uint32_t>(i);
  return rows;
}

// Fills in what concerns the layer's inputs, whose wires stand in `rows`.
void lay_trails(const Trails& trails, const std::vector<uint32_t>& rows, LayerPlan& plan) {
  std::vector<char> met(rows.size(), 0);
  auto visit = [&](uint32_t wire) {
    const uint32_t row = met[wire] ? rows[wire] | kMark : rows[wire];
    met[wire] = 1;
    return row;
  };
  plan.visits.reserve(trails.wires.size() + kMostAhead);
  const uint32_t* wire = trails.wires.data();
  for (const Trail& trail : trails.trails) {
    plan.trails.push_back({visit(trail.first), trail.n_gates});
    for (uint32_t i = 0; i < trail.n_gates; ++i) plan.visits.push_back(visit(*wire++));
  }
  plan.visits.resize(trails.wires.size() + kMostAhead, 0);
  for (size_t w = 0; w < rows.size(); ++w)
    if (!met[w]) plan.unread.push_back(rows[w]);
}

// The row of each gate's output: `rows` has them by gate.
void lay_outputs(const Trails& trails, const std::vector<uint32_t>& rows, LayerPlan& plan) {
  plan.outputs.reserve(trails.gates.size() + kMostAhead);
  for (uint32_t gate : trails.gates) plan.outputs.push_back(rows[gate & ~kMark]);
  plan.outputs.resize(trails.gates.size() + kMostAhead, 0);
  plan.gates = trails.gates;
  plan.gates.resize(trails.gates.size() + kMostAhead, 0);
  plan.places.resize(trails.gates.size() + kMostAhead, 0);
  for (size_t i = 0; i < trails.gates.size(); ++i)
    plan.places[trails.gates[i] & ~kMark] = static_cast<uint32_t>(i) | (trails.gates[i] & kMark);
}

// The same of layer `wires`, which may have no trails.
void lay_outputs(const Wires& wires, const Trails& trails, std::vector<uint32_t> rows,
                 LayerPlan& plan) {
  if (!wires.in_order) return lay_outputs(trails, rows, plan);
  plan.outputs = std::move(rows);
  plan.outputs.resize(wires.n_out + kMostAhead, 0);
}

Plan make_plan(const std::vector<Wires>& layers, size_t n_groups) {
  Plan plan{std::vector<LayerPlan>(layers.size())};
  Trails before;
  for (size_t l = 0; l < layers.size(); ++l) {
    LayerPlan& layer = plan.layers[l];
    layer.pins = checked_pins(layers[l]);
    const bool in_order = layers[l].in_order;
    if (layers[l].window) layer.leaves = leaves_of(*layers[l].window, layer.pins);
    Trails trails;
    if (!in_order) trails = find_trails(layer.pins, layers[l].n_in);
    std::vector<uint32_t> rows =
        l && !in_order ? rows_by_visit(trails, layers[l].n_in) : rows_by_feature(layers[l].n_in);
    if (!in_order) lay_trails(trails, rows, layer);
    if (l) lay_outputs(layers[l - 1], before, std::move(rows), plan.layers[l - 1]);
    before = std::move(trails);
  }
  std::vector<uint32_t> rows = rows_by_feature(layers.back().n_out);
  if (n_groups)
    for (uint32_t& row : rows) row /= static_cast<uint32_t>(rows.size() / n_groups);
  lay_outputs(layers.back(), before, std::move(rows), plan.layers.back());
  return plan;
}

// Plans by the addresses and sizes of their wires; the one used last comes first.
struct Entry {
  std::vector<Wires> layers;
  size_t n_groups;
  std::shared_ptr<const Plan> plan;
};

struct Shelf {
  std::mutex mutex;
  std::list<Entry> entries;
};

Shelf& shelf() {
  static Shelf* const instance = new Shelf;
  return *instance;
}

bool is_of(const Entry& entry, const std::vector<Wires>& layers, size_t n_groups) {
  auto same = [](const Wires& a, const Wires& b) {
    return a.indices == b.indices && a.inputs == b.inputs && a.n_in == b.n_in &&
           a.n_out == b.n_out && a.in_order == b.in_order && a.window == b.window;
  };
  return entry.n_groups == n_groups &&
         std::equal(layers.begin(), layers.end(), entry.layers.begin(), entry.layers.end(), same);
}

std::shared_ptr<const Plan> find(const std::vector<Wires>& layers, size_t n_groups) {
  Shelf& s = shelf();
  std::lock_guard lock(s.mutex);
  for (auto entry = s.entries.begin(); entry != s.entries.end(); ++entry)
    if (is_of(*entry, layers, n_groups)) {
      s.entries.splice(s.entries.begin(), s.entries, entry);
      return entry->plan;
    }
  return nullptr;
}

void keep(const std::vector<Wires>& layers, size_t n_groups, std::shared_ptr<const Plan> plan) {
  Shelf& s = shelf();
  std::lock_guard lock(s.mutex);
  s.entries.remove_if([&](const Entry& entry) { return is_of(entry, layers, n_groups); });
  s.entries.push_front({layers, n_groups, std::move(plan)});
  size_t n = 0, gates = 0;
  auto too_many = [&](const Entry& entry) {
    for (const Wires& wires : entry.layers) gates += wires.inputs * wires.n_lists / 2;
    return ++n > 1 && (n > kMostPlans || gates > kMostGates);
  };
  s.entries.remove_if(too_many);
}

}  // namespace

std::shared_ptr<const Plan> plan_of(const std::vector<Wires>& layers, size_t n_groups,
                                    size_t threads, bool trusted) {
  std::shared_ptr<const Plan> plan = find(layers, n_groups);
  if (plan && (trusted || same_wires(layers, *plan, threads))) return plan;
  plan = std::make_shared<const Plan>(make_plan(layers, n_groups));
  keep(layers, n_groups, plan);
  return plan;
}

void release_plans() {
  std::lock_guard lock(shelf().mutex);
  shelf().entries.clear();
}

}  // namespace gategrad::train
