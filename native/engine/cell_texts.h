// The numbers of some texts, found by their letters: a small table, as fast as a cell can be read.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gategrad {

class CellTexts {
 public:
  // Texts that would lie far from their place are left out: lookups stay short whatever the texts.
  void add(std::string_view text, double number) {
    if (2 * ++n_added_ > entries_.size()) grow();
    place({std::string(text), hash(text), number, true});
  }

  const double* find(std::string_view text) const {
    if (entries_.empty()) return nullptr;
    const uint64_t own = hash(text);
    for (size_t i = 0; i < kFar; ++i) {
      const Entry& entry = entries_[(own + i) & (entries_.size() - 1)];
      if (!entry.used) return nullptr;
      if (entry.hash == own && entry.text == text) return &entry.number;
    }
    return nullptr;
  }

  bool empty() const { return entries_.empty(); }

 private:
  static constexpr size_t kFar = 16;
  static constexpr uint64_t kFactor = 0x9E3779B97F4A7C15u;

  struct Entry {
    std::string text;
    uint64_t hash = 0;
    double number = 0;
    bool used = false;
  };

  template <typename Word>
  static uint64_t load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }

  static uint64_t mixed(uint64_t so_far, uint64_t word) {
    const uint64_t found = (so_far ^ word) * kFactor;
    return found ^ found >> 32;
  }

  // Words may overlap.
  static uint64_t hash(std::string_view text) {
    const size_t n = text.size();
    const char* at = text.data();
    if (n < 4)
      return mixed(n, n ? load<uint8_t>(at) << 16 | load<uint8_t>(at + n / 2) << 8 |
                              load<uint8_t>(at + n - 1)
                        : 0);
    if (n < 8) return mixed(n, load<uint32_t>(at) << 32 | load<uint32_t>(at + n - 4));
    uint64_t found = n;
    for (size_t i = 0; i + 8 < n; i += 8) found = mixed(found, load<uint64_t>(at + i));
    return mixed(found, load<uint64_t>(at + n - 8));
  }

  void grow() {
    std::vector<Entry> old(std::bit_ceil(4 * n_added_));
    old.swap(entries_);
    for (Entry& entry : old)
      if (entry.used) place(std::move(entry));
  }

  void place(Entry&& added) {
    for (size_t i = 0; i < kFar; ++i) {
      Entry& entry = entries_[(added.hash + i) & (entries_.size() - 1)];
      if (entry.used) continue;
      entry = std::move(added);
      return;
    }
  }

  std::vector<Entry> entries_;  // a power of two of them
  size_t n_added_ = 0;
};

}  // namespace gategrad
