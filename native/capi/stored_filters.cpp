#include "capi/stored_filters.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "capi/refusal.h"
#include "capi/stored_fields.h"

namespace gategrad::capi {
namespace {

constexpr size_t kMostBits = size_t{1} << 20;

// Whole numbers from `least` to `most`.
template <typename T>
std::vector<T> read_whole(const std::vector<Array>& arrays, std::string_view name,
                          size_t n_dimensions, double least, double most) {
  std::vector<T> found;
  for (const double value : read_array(arrays, name, "F64", n_dimensions).values<double>()) {
    if (!(value >= least && value <= most) || value != std::floor(value))
      refuse("the encoder's " + std::string(name) + " are no whole numbers of their range");
    found.push_back(static_cast<T>(value));
  }
  return found;
}

std::vector<size_t> read_image_shape(const Object& config) {
  const List* list = find(config, "image_shape")->as<List>();
  require(list != nullptr && list->size() == 3, "the filters' image_shape is no list of three");
  std::vector<size_t> shape;
  for (const Value& item : *list) {
    const int64_t* side = item.as<int64_t>();
    require(side && *side >= 1 && *side <= kMostFeatures, "the filters' image_shape has no sizes");
    shape.push_back(static_cast<size_t>(*side));
  }
  return shape;
}

FilterBank read_bank(const std::vector<size_t>& shape, size_t size,
                     const std::vector<Array>& arrays) {
  try {
    return {shape[0],
            shape[1],
            shape[2],
            size,
            read_whole<int16_t>(arrays, "weights", 4, INT16_MIN, INT16_MAX),
            read_whole<uint8_t>(arrays, "shift", 1, 0, 255),
            read_whole<uint8_t>(arrays, "offset", 1, 0, 255)};
  } catch (const std::invalid_argument& error) {
    refuse(std::string("the filters can't be computed: ") + error.what());
  }
}

// Each plane's levels, as those of each of its pixels.
std::vector<double> spread(const std::vector<double>& levels, size_t n_planes, size_t area) {
  std::vector<double> spread;
  for (size_t i = 0; i < levels.size(); ++i) {
    const bool falls = i >= n_planes && levels[i] < levels[i - n_planes];
    require(levels[i] >= 0 && levels[i] < 255 && !falls,
            "the filters' levels fall, or are no bytes");
    spread.insert(spread.end(), area, levels[i]);
  }
  return spread;
}

}  // namespace

StoredEncoder read_filters(const Object& config, const std::vector<Array>& arrays) {
  check_keys(config, {"image_shape", "filters"});
  check_arrays(arrays, {"weights", "shift", "offset", "levels"});
  const std::vector<size_t> shape = read_image_shape(config);
  const Array& weights = read_array(arrays, "weights", "F64", 4);
  const Array& levels = read_array(arrays, "levels", "F64", 2);
  const auto n = static_cast<size_t>(weights.shape[0]);
  require(weights.shape[1] == shape[0] && weights.shape[2] == weights.shape[3] &&
              levels.shape[1] == n && levels.count > 0,
          "the filters' arrays are of other sizes than they say");
  StoredEncoder encoder;
  encoder.filters.emplace(read_bank(shape, weights.shape[2], arrays));
  encoder.n_features = encoder.filters->image_bytes();
  // Before as many numbers are made: the sides are at most 4,096 by now.
  const size_t area = shape[1] * shape[2];
  if (levels.count > kMostBits / area)
    refuse_unsupported("its filters make more than 2**20 bits of an image");
  Part part{Part::Kind::kThermometer, first_columns(n * area), {}, {}, false, {}};
  part.levels = spread(levels.values<double>(), n, area);
  encoder.parts.push_back(std::move(part));
  const Value* names = find(config, "filters");
  require(names->is<List>(), "the filters' names are no list");
  check_origin(Object{{"names", *names}}, n);
  return encoder;
}

}  // namespace gategrad::capi
