#include "engine/order.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace gategrad {
namespace {

// Vectors of 64 bytes that stay in a first-level cache of 32 KiB, beside code and others.
constexpr uint32_t kCached = 448;
// Values used last, whose readers may come next.
constexpr size_t kRecent = 8;
// Readers of one value that are looked at in a step, so that ordering stays linear where a value
// has as many readers as there are gates.
constexpr uint32_t kMostReaders = 64;
// What a gate that is done waits for.
constexpr uint32_t kDone = UINT32_MAX;

// Lists of numbers, one after the other: list i is at [first[i], first[i + 1]).
struct Lists {
  std::vector<uint32_t> first, items;
};

// The stored signals that each stored gate reads, without repetition.
Lists leaves_of(const Netlist& net, const Cones& cones) {
  Lists lists;
  lists.first.push_back(0);
  for (uint32_t signal : cones.order) {
    const auto begin = static_cast<ptrdiff_t>(lists.items.size());
    each_leaf(net, cones, signal, [&](uint32_t leaf) { lists.items.push_back(leaf); });
    std::sort(lists.items.begin() + begin, lists.items.end());
    lists.items.erase(std::unique(lists.items.begin() + begin, lists.items.end()),
                      lists.items.end());
    lists.first.push_back(static_cast<uint32_t>(lists.items.size()));
  }
  return lists;
}

// The gates, by their place in the order, that read each signal.
Lists readers_of(const Lists& leaves, size_t n_signals) {
  Lists lists;
  lists.first.assign(n_signals + 1, 0);
  for (uint32_t signal : leaves.items) ++lists.first[signal + 1];
  std::partial_sum(lists.first.begin(), lists.first.end(), lists.first.begin());
  lists.items.resize(leaves.items.size());
  std::vector<uint32_t> next(lists.first.begin(), lists.first.end() - 1);
  for (uint32_t gate = 0; gate + 1 < leaves.first.size(); ++gate)
    for (uint32_t i = leaves.first[gate]; i < leaves.first[gate + 1]; ++i)
      lists.items[next[leaves.items[i]]++] = gate;
  return lists;
}

// How often each signal is read: by the gates, and once more where the sums read it at the end.
std::vector<uint32_t> unread_of(const Netlist& net, const Cones& cones, const Lists& readers,
                                const std::vector<uint32_t>& roots) {
  std::vector<uint32_t> unread(cones.stored.size());
  std::vector<uint8_t> summed(unread.size(), 0);
  for (uint32_t root : roots) {
    if (cones.stored[root])
      summed[root] = 1;
    else
      each_leaf(net, cones, root, [&](uint32_t leaf) { summed[leaf] = 1; });
  }
  for (size_t s = 0; s < unread.size(); ++s)
    unread[s] = readers.first[s + 1] - readers.first[s] + summed[s];
  return unread;
}

}  // namespace

class CacheOrder::Ordering {
 public:
  Ordering(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots)
      : cones_(cones), leaves_(leaves_of(net, cones)),
        readers_(readers_of(leaves_, cones.stored.size())), open_(readers_.first),
        unread_(unread_of(net, cones, readers_, roots)), waits_for_(cones.order.size(), 0),
        used_(cones.stored.size(), 0) {
    order_.reserve(waits_for_.size());
    for (uint32_t s = 2; s < net.first_gate; ++s) n_slots_ += unread_[s] > 0;
    most_slots_ = n_slots_;
    recent_.fill(UINT32_MAX);
    for (uint32_t gate = 0; gate < waits_for_.size(); ++gate) {
      for (uint32_t i = leaves_.first[gate]; i < leaves_.first[gate + 1]; ++i)
        waits_for_[gate] += leaves_.items[i] >= net.first_gate;
      if (waits_for_[gate] == 0) ready_.push_back(gate);
    }
  }

  size_t n_looks() const { return n_looks_; }

  bool run(size_t most_slots) {
    while (order_.size() < waits_for_.size() && most_slots_ <= most_slots) {
      uint32_t gate = best_of_recent();
      if (gate == UINT32_MAX) {
        while (waits_for_[ready_[oldest_]] == kDone) ++oldest_;
        gate = ready_[oldest_];
      }
      evaluate(gate);
      order_.push_back(cones_.order[gate]);
    }
    return most_slots_ <= most_slots;
  }

  std::vector<uint32_t> take() { return std::move(order_); }

 private:
  uint32_t best_of_recent() {
    uint32_t best = UINT32_MAX, fewest = UINT32_MAX;
    for (size_t k = 1; k <= kRecent && fewest > 0; ++k) {
      const uint32_t signal = recent_[(place_ - k) % kRecent];
      if (signal == UINT32_MAX) break;
      uint32_t& open = open_[signal];
      const uint32_t last = readers_.first[signal + 1];
      while (open < last && waits_for_[readers_.items[open]] == kDone) ++open;
      const uint32_t end = last - open > kMostReaders ? open + kMostReaders : last;
      for (uint32_t i = open; i < end; ++i) {
        const uint32_t gate = readers_.items[i];
        ++n_looks_;
        if (waits_for_[gate]) continue;
        const uint32_t n = missing(gate);
        if (n < fewest) {
          fewest = n;
          best = gate;
        }
      }
    }
    return best;
  }

  // Values to read that are no longer in the cache.
  uint32_t missing(uint32_t gate) const {
    uint32_t n = 0;
    for (uint32_t i = leaves_.first[gate]; i < leaves_.first[gate + 1]; ++i) {
      const uint32_t used = used_[leaves_.items[i]];
      n += used == 0 || now_ - used > kCached;
    }
    return n;
  }

  void use(uint32_t signal) {
    used_[signal] = ++now_;
    recent_[place_++ % kRecent] = signal;
  }

  void evaluate(uint32_t gate) {
    waits_for_[gate] = kDone;
    for (uint32_t i = leaves_.first[gate]; i < leaves_.first[gate + 1]; ++i) {
      const uint32_t leaf = leaves_.items[i];
      use(leaf);
      n_slots_ -= --unread_[leaf] == 0 && leaf > 1;
    }
    most_slots_ = std::max(most_slots_, ++n_slots_);
    const uint32_t own = cones_.order[gate];
    use(own);
    for (uint32_t i = readers_.first[own]; i < readers_.first[own + 1]; ++i)
      if (--waits_for_[readers_.items[i]] == 0) ready_.push_back(readers_.items[i]);
  }

  const Cones& cones_;
  Lists leaves_, readers_;
  std::vector<uint32_t> open_;       // of every signal, its first reader that is not done
  std::vector<uint32_t> unread_;     // of every signal, how many readers are not done
  std::vector<uint32_t> waits_for_;  // of every gate, operands that are missing; or kDone
  std::vector<uint32_t> used_;       // when; 0: never
  std::vector<uint32_t> ready_;
  std::array<uint32_t, kRecent> recent_;
  size_t place_ = kRecent;
  uint32_t now_ = 0;  // uses so far, as many as leaves and gates, which are counted in 32 bits
  size_t n_looks_ = 0;
  size_t n_slots_ = 2, most_slots_ = 2;  // in use now, and so far
  std::vector<uint32_t> order_;
  size_t oldest_ = 0;
};

CacheOrder::CacheOrder(const Netlist& net, const Cones& cones, const std::vector<uint32_t>& roots)
    : ordering_(std::make_unique<Ordering>(net, cones, roots)) {}

CacheOrder::~CacheOrder() = default;

bool CacheOrder::run(size_t most_slots) { return ordering_->run(most_slots); }

std::vector<uint32_t> CacheOrder::take() { return ordering_->take(); }

size_t CacheOrder::n_looks() const { return ordering_->n_looks(); }

}  // namespace gategrad
