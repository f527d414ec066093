#include "capi/names.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "capi/refusal.h"

namespace gategrad::capi {
namespace {

constexpr uint64_t kLongest = 1000;
// Python's predictions are arrays in which each name has four bytes for each character of the
// longest; all together take so many times their characters, or what is granted to any model.
constexpr uint64_t kMostRoom = 64, kSmall = 1 << 20;

uint64_t characters(std::string_view text) {
  return static_cast<uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void check_texts(const std::vector<std::string>& names) {
  uint64_t longest = 0, all = 0;
  for (const std::string& name : names) {
    require(name.find('\0') == std::string::npos, "a label holds a zero character");
    const uint64_t n = characters(name);
    longest = std::max(longest, n);
    all += n;
  }
  if (longest > kLongest)
    refuse("a label has " + std::to_string(longest) + " characters; at most 1000 are possible");
  const uint64_t n = names.size();
  require(4 * longest * n <= std::max(kSmall, kMostRoom * (all + n)),
          "a label is so long that an array of all labels would be far larger than they are");
}

}  // namespace

std::vector<std::string> read_names(const Value& labels, size_t n_classes) {
  if (labels.is<Null>()) return {};
  const List* list = labels.as<List>();
  require(list != nullptr && list->size() == n_classes,
          "its labels are no list of a name for each class");
  std::vector<std::string> names;
  const bool numbers = list->front().is<int64_t>();
  for (const Value& label : *list) {
    require(numbers ? label.is<int64_t>() : label.is<std::string>(),
            "its labels are neither only text nor only 64-bit integers");
    names.push_back(numbers ? std::to_string(*label.as<int64_t>()) : *label.as<std::string>());
  }
  if (!numbers) check_texts(names);
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(),
          "a label occurs more than once");
  return names;
}

}  // namespace gategrad::capi
