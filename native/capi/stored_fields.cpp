#include "capi/stored_fields.h"

#include <algorithm>

#include "capi/refusal.h"

namespace gategrad::capi {
namespace {

bool is_one_of(std::string_view word, Words known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

}  // namespace

std::string read_word(const Object& config, std::string_view key, Words known) {
  const Value* value = find(config, key);
  const std::string* word = value ? value->as<std::string>() : nullptr;
  if (word == nullptr || !is_one_of(*word, known))
    refuse("encoder " + std::string(key) + " is none of the known words");
  return *word;
}

void check_keys(const Object& config, Words keys) {
  for (const std::string_view key : keys)
    if (find(config, key) == nullptr)
      refuse("the encoder lacks the key '" + std::string(key) + "'");
  for (const auto& [key, value] : config)
    if (!is_one_of(key, keys) && !is_one_of(key, {"kind", "names", "fitted_on"}))
      refuse("the encoder has an unexpected key '" + key + "'");
}

void check_arrays(const std::vector<Array>& arrays, Words names) {
  require(arrays.size() == names.size(), "the encoder has other arrays than its kind");
  for (const Array& array : arrays)
    if (!is_one_of(array.name, names))
      refuse("the encoder has an unexpected array '" + array.name + "'");
}

const Array& read_array(const std::vector<Array>& arrays, std::string_view name,
                        std::string_view dtype, size_t n_dimensions) {
  const auto at = std::find_if(arrays.begin(), arrays.end(),
                               [&](const Array& array) { return array.name == name; });
  if (at == arrays.end() || at->dtype != dtype || at->shape.size() != n_dimensions)
    refuse("the encoder's array '" + std::string(name) + "' is missing, or of another dtype");
  return *at;
}

void check_origin(const Object& config, size_t n_features) {
  const Value* fitted_on = find(config, "fitted_on");
  if (fitted_on != nullptr && !fitted_on->is<Null>())
    read_word(config, "fitted_on", {"float16", "float32", "float64"});
  const Value* names = find(config, "names");
  if (names == nullptr || names->is<Null>()) return;
  const List* list = names->as<List>();
  require(list != nullptr && list->size() == n_features,
          "the encoder's names are no list of one for each column");
  std::vector<std::string_view> found;
  for (const Value& name : *list) {
    require(name.is<std::string>(), "the encoder's names hold something else than text");
    found.push_back(*name.as<std::string>());
  }
  std::sort(found.begin(), found.end());
  require(std::adjacent_find(found.begin(), found.end()) == found.end(),
          "the encoder's names hold one more than once");
}

std::vector<uint32_t> first_columns(size_t n) {
  std::vector<uint32_t> columns(n);
  for (size_t i = 0; i < n; ++i) columns[i] = static_cast<uint32_t>(i);
  return columns;
}

}  // namespace gategrad::capi
