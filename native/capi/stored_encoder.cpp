#include "capi/stored_encoder.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "capi/refusal.h"
#include "capi/stored_fields.h"
#include "capi/stored_filters.h"

namespace gategrad::capi {
namespace {

void check_count(size_t n_features) {
  require(n_features <= UINT32_MAX, "the encoder has more columns than can be numbered");
}

Part read_levels(const Object& config, const std::vector<Array>& arrays, Part::Kind kind) {
  const char* name = kind == Part::Kind::kThermometer ? "levels" : "edges";
  check_keys(config, {});
  check_arrays(arrays, {name});
  const Array& array = read_array(arrays, name, "F64", 2);
  require(array.count > 0, "the encoder has no levels");
  const size_t n = static_cast<size_t>(array.shape[1]);
  check_count(n);
  Part part{kind, first_columns(n), array.values<double>(), {}, false, {}};
  for (size_t i = 0; i < part.levels.size(); ++i) {
    if (std::isnan(part.levels[i])) refuse("the encoder's levels hold NaN");
    if (i >= n && part.levels[i] < part.levels[i - n])
      refuse("the encoder's levels fall in column " + std::to_string(i % n));
  }
  check_origin(config, n);
  return part;
}

// The numbers of a column; text is counted in `n_texts` and not kept.
std::vector<double> read_column(const List& column, const std::vector<double>& numbers,
                                size_t& n_numbers, size_t& n_texts) {
  std::vector<double> found;
  std::vector<std::string_view> texts;
  for (const Value& category : column) {
    if (const std::string* text = category.as<std::string>()) {
      texts.push_back(*text);
    } else {
      require(category.is<Null>(), "one-hot columns hold something else than text or null");
      require(n_numbers < numbers.size(), "one-hot columns have more numbers than the array");
      found.push_back(numbers[n_numbers++] + 0.0);
    }
  }
  n_texts += texts.size();
  require(!column.empty(), "a one-hot column has no categories");
  for (const double number : found) require(!std::isnan(number), "a category is missing");
  std::vector<double> sorted = found;
  std::sort(sorted.begin(), sorted.end());
  std::sort(texts.begin(), texts.end());
  require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
              std::adjacent_find(texts.begin(), texts.end()) == texts.end(),
          "a one-hot column has a category more than once");
  return found;
}

Part read_categories(const Object& config, const std::vector<Array>& arrays, size_t& n_texts) {
  check_keys(config, {"columns", "unknown"});
  check_arrays(arrays, {"numbers"});
  const List* columns = find(config, "columns")->as<List>();
  require(columns != nullptr && !columns->empty(), "one-hot columns are no list of lists");
  const std::vector<double> numbers = read_array(arrays, "numbers", "F64", 1).values<double>();
  Part part{Part::Kind::kCategories, first_columns(columns->size()), {}, {}, false, {}};
  size_t n_numbers = 0;
  for (const Value& column : *columns) {
    require(column.is<List>(), "one-hot columns are no list of lists");
    part.categories.push_back(read_column(*column.as<List>(), numbers, n_numbers, n_texts));
  }
  require(n_numbers == numbers.size(), "one-hot columns have fewer numbers than the array");
  part.unknown_is_error = read_word(config, "unknown", {"zero", "error"}) == "error";
  check_origin(config, columns->size());
  return part;
}

StoredEncoder read_splits(const Object& config, const std::vector<Array>& arrays) {
  check_keys(config, {"n_features", "missing"});
  check_arrays(arrays, {"feature", "least"});
  const int64_t* n = find(config, "n_features")->as<int64_t>();
  require(n != nullptr && *n >= 1 && *n <= kMostFeatures,
          "the splits' n_features is no number from 1 to 2**24");
  const auto n_features = static_cast<size_t>(*n);
  Part part{Part::Kind::kSplits, first_columns(n_features), {}, {}, false, {}};
  part.split_feature = read_array(arrays, "feature", "U32", 1).values<uint32_t>();
  part.levels = read_array(arrays, "least", "F64", 1).values<double>();
  const std::vector<uint32_t>& feature = part.split_feature;
  require(feature.size() == part.levels.size(), "splits have other numbers of columns and values");
  for (size_t i = 0; i < feature.size(); ++i) {
    if (feature[i] >= n_features || std::isnan(part.levels[i]))
      refuse("split " + std::to_string(i) + " is of no column, or at NaN");
    if (i > 0 && (feature[i] < feature[i - 1] ||
                  (feature[i] == feature[i - 1] && part.levels[i] <= part.levels[i - 1])))
      refuse("split " + std::to_string(i) + " does not come after the one before it");
  }
  const bool zero = read_word(config, "missing", {"error", "zero"}) == "zero";
  check_origin(config, n_features);
  return {{std::move(part)}, n_features, zero ? Missing::kZero : Missing::kError, {}, {}, {}};
}

// A part that may stand in a table.
Part read_part(const Object& config, const std::vector<Array>& arrays, size_t& n_texts) {
  const std::string kind = read_word(config, "kind", {"thermometer", "binned", "one-hot"});
  if (kind == "one-hot") return read_categories(config, arrays, n_texts);
  return read_levels(config, arrays,
                     kind == "binned" ? Part::Kind::kBinned : Part::Kind::kThermometer);
}

// Arrays called "group.name", by group and without its number.
std::vector<std::vector<Array>> split_arrays(const std::vector<Array>& arrays, size_t n_groups) {
  std::vector<std::vector<Array>> groups(n_groups);
  for (Array array : arrays) {
    const size_t dot = std::min(array.name.find('.'), array.name.size());
    const std::string number = array.name.substr(0, dot);
    size_t group = 0;
    for (const char digit : number.size() <= 9 ? number : "")
      group = 10 * group + static_cast<size_t>(digit - '0');
    // Written in no other way than this.
    if (group >= n_groups || std::to_string(group) != number)
      refuse("the table has an unexpected array '" + array.name + "'");
    array.name.erase(0, dot + 1);
    groups[group].push_back(std::move(array));
  }
  return groups;
}

Part read_group(const Value& value, const std::vector<Array>& arrays, size_t& n_texts) {
  const Object* group = value.as<Object>();
  require(group != nullptr, "a table group is no object");
  const Value *columns = find(*group, "columns"), *encoder = find(*group, "encoder");
  require(group->size() == 2 && columns && encoder && columns->is<List>() && encoder->is<Object>(),
          "a table group has other keys than columns and encoder");
  Part part = read_part(*encoder->as<Object>(), arrays, n_texts);
  const List& list = *columns->as<List>();
  require(list.size() == part.columns.size(), "a table group has another width than its encoder");
  for (size_t i = 0; i < list.size(); ++i) {
    const int64_t* column = list[i].as<int64_t>();
    require(column && *column >= 0 && *column <= UINT32_MAX, "a table group's column is none");
    part.columns[i] = static_cast<uint32_t>(*column);
  }
  return part;
}

// The groups together hold every column once.
void check_groups(StoredEncoder& table) {
  require(!table.parts.empty(), "a table has no groups");
  std::vector<uint32_t> all;
  for (const Part& part : table.parts)
    all.insert(all.end(), part.columns.begin(), part.columns.end());
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i)
    require(all[i] == i, "the table's groups do not hold each column once");
  table.n_features = all.size();
}

void read_marked(const Object& config, StoredEncoder& table) {
  const List* list = find(config, "marked")->as<List>();
  require(list != nullptr, "the table's marked columns are no list");
  for (const Value& item : *list) {
    const int64_t* column = item.as<int64_t>();
    require(column && *column >= 0 && static_cast<uint64_t>(*column) < table.n_features &&
                (table.marked.empty() || table.marked.back() < *column),
            "the table's marked columns are no rising ones of it");
    table.marked.push_back(static_cast<uint32_t>(*column));
  }
}

void read_fills(const Object& config, const Array& array, StoredEncoder& table, size_t& n_texts) {
  const List* list = find(config, "fills")->as<List>();
  require(list != nullptr && list->size() == table.n_features,
          "the table's fills are no list of one for each column");
  const std::vector<double> numbers = array.values<double>();
  std::vector<bool> of_numbers(table.n_features, true);
  for (const Part& part : table.parts)
    for (const uint32_t column : part.columns)
      of_numbers[column] = part.kind != Part::Kind::kCategories;
  size_t n_numbers = 0;
  for (size_t column = 0; column < list->size(); ++column) {
    const bool is_text = (*list)[column].is<std::string>();
    require(is_text || (*list)[column].is<Null>(), "the table's fills hold no text and no null");
    require(!is_text || !of_numbers[column], "a column of numbers fills gaps with text");
    require(is_text || n_numbers < numbers.size(), "the table's fills lack a number");
    table.fills.push_back(is_text ? 0.0 : numbers[n_numbers++]);
    require(!std::isnan(table.fills.back()), "a column fills gaps with NaN");
    n_texts += is_text;
  }
  require(n_numbers == numbers.size(), "the table's fills have a number too many");
}

StoredEncoder read_table(const Object& config, std::vector<Array> arrays, size_t& n_texts) {
  const std::string missing =
      find(config, "missing")
          ? read_word(config, "missing", {"error", "zero", "indicator", "most-frequent"})
          : "error";
  StoredEncoder table;
  if (missing == "indicator") {
    table.missing = Missing::kIndicator;
    check_keys(config, {"groups", "names", "missing", "marked"});
  } else if (missing == "most-frequent") {
    table.missing = Missing::kFilled;
    check_keys(config, {"groups", "names", "missing", "fills"});
  } else {
    table.missing = missing == "zero" ? Missing::kZero : Missing::kError;
    check_keys(config, {"groups", "names", "missing"});
  }
  std::optional<Array> fills;
  if (table.missing == Missing::kFilled) {
    fills = read_array(arrays, "fills", "F64", 1);
    std::erase_if(arrays, [](const Array& array) { return array.name == "fills"; });
  }
  const List* groups = find(config, "groups")->as<List>();
  require(groups != nullptr, "the table's groups are no list");
  const std::vector<std::vector<Array>> parts = split_arrays(arrays, groups->size());
  for (size_t i = 0; i < groups->size(); ++i)
    table.parts.push_back(read_group((*groups)[i], parts[i], n_texts));
  check_groups(table);
  check_origin(config, table.n_features);
  if (table.missing == Missing::kIndicator) read_marked(config, table);
  if (fills) read_fills(config, *fills, table, n_texts);
  return table;
}

}  // namespace

size_t Part::n_bits() const {
  switch (kind) {
    case Kind::kThermometer: return levels.size();
    case Kind::kBinned: return levels.size() + columns.size();
    case Kind::kSplits: return levels.size();
    case Kind::kCategories: break;
  }
  size_t n = 0;
  for (const std::vector<double>& column : categories) n += column.size();
  return n;
}

size_t StoredEncoder::n_bits() const {
  size_t n = marked.size();
  for (const Part& part : parts) n += part.n_bits();
  return n;
}

StoredEncoder read_encoder(const Value& config, const std::vector<Array>& arrays) {
  const Object* object = config.as<Object>();
  require(object != nullptr, "the encoder is no object");
  const std::string kind = read_word(
      *object, "kind", {"thermometer", "binned", "one-hot", "table", "splits", "filters"});
  size_t n_texts = 0;
  StoredEncoder encoder;
  if (kind == "splits") {
    encoder = read_splits(*object, arrays);
  } else if (kind == "filters") {
    encoder = read_filters(*object, arrays);
  } else if (kind == "table") {
    encoder = read_table(*object, arrays, n_texts);
  } else {
    Part part = read_part(*object, arrays, n_texts);
    const size_t n_features = part.columns.size();
    encoder = {{std::move(part)}, n_features, Missing::kError, {}, {}, {}};
  }
  if (n_texts > 0)
    refuse_unsupported(
        "its encoder has categories that are text, which rows of numbers can't hold; give them "
        "numbers and train again, or predict in Python");
  return encoder;
}

}  // namespace gategrad::capi
