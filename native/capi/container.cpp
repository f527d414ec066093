#include "capi/container.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>

#include "capi/refusal.h"
#include "capi/sha256.h"

namespace gategrad::capi {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr uint64_t kFormat = 2;
// What files of format 2 have and others don't: the circuit once more by its kernels, which only
// Python runs.
constexpr std::string_view kConvolution = "convolution", kConvolutions = "convolution.";
constexpr size_t kLengthBytes = 8, kMostHeader = size_t{16} << 20, kMostDimensions = 8;
// Product of the other dimensions of an array without elements, which no byte backs.
constexpr uint64_t kMostEmpty = 1 << 10;
// The digits of the checksum follow the last one of these in the header.
constexpr std::string_view kDigestMark = R"(\"sha256\":\")";
constexpr size_t kDigits = 64;

struct Width {
  std::string_view dtype;
  size_t n_bytes;
};
constexpr Width kWidths[] = {{"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"U32", 4},
                             {"I32", 4}, {"U64", 8}, {"I64", 8}, {"F32", 4}, {"F64", 8}};

std::string_view read_head(const uint8_t* bytes, size_t n) {
  if (n < kLengthBytes)
    refuse("it has only " + std::to_string(n) + " bytes; copy or train it again");
  uint64_t length;
  std::memcpy(&length, bytes, kLengthBytes);
  const size_t rest = n - kLengthBytes;
  if (length < 2 || length > kMostHeader || rest == 0 || bytes[kLengthBytes] != '{')
    refuse("it is no model file; pass a file that Model.save wrote");
  if (rest < length)
    refuse_damaged("it is cut off after " + std::to_string(rest) + " bytes of a header of " +
                   std::to_string(length));
  return {reinterpret_cast<const char*>(bytes), kLengthBytes + static_cast<size_t>(length)};
}

// Removes a key and gives its value, if it is there.
std::optional<Value> pop(Object& object, std::string_view key) {
  const auto at = std::find_if(object.begin(), object.end(),
                               [&](const auto& entry) { return entry.first == key; });
  if (at == object.end()) return std::nullopt;
  Value value = std::move(at->second);
  object.erase(at);
  return value;
}

// The header, and in `written` the version of its format.
Object inner_header(std::optional<Value> metadata, int64_t& written) {
  const Object* only = metadata ? metadata->as<Object>() : nullptr;
  if (only == nullptr || only->size() != 1 || only->front().first != "gategrad")
    refuse("it is a safetensors file without a gategrad header; pass a file that Model.save wrote");
  const std::string* text = only->front().second.as<std::string>();
  if (text == nullptr) refuse_damaged("its gategrad header is no text");
  Object header = parse_object(*text);
  const std::optional<Value> format = pop(header, "format");
  const int64_t* version = format ? format->as<int64_t>() : nullptr;
  if (version == nullptr || *version < 1) refuse_damaged("its format version is no such number");
  if (static_cast<uint64_t>(*version) > kFormat)
    refuse("it has format version " + std::to_string(*version) +
           ", and this gategrad reads up to 2: take a newer libgategrad");
  if (pop(header, kConvolution).has_value() != (*version == 2))
    refuse_damaged("its format version is none for its keys");
  written = *version;
  return header;
}

std::vector<uint64_t> sizes(const std::string& name, const Value* value) {
  const List* list = value ? value->as<List>() : nullptr;
  std::vector<uint64_t> found;
  for (const Value& item : list ? *list : List{}) {
    const int64_t* size = item.as<int64_t>();
    if (size == nullptr || *size < 0) list = nullptr;
    if (list == nullptr) break;
    found.push_back(static_cast<uint64_t>(*size));
  }
  if (list == nullptr || found.size() > kMostDimensions)
    refuse_damaged("array '" + name + "' has something else where sizes are expected");
  return found;
}

// Elements of an array of that shape, or more than `most`.
uint64_t count_of(const std::string& name, const std::vector<uint64_t>& shape, uint64_t most) {
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  if (empty) most = kMostEmpty;
  uint64_t count = 1;
  for (const uint64_t n : shape) {
    if (n > 0 && count > most / n) {
      if (empty) refuse_damaged("array '" + name + "' has no elements, and a shape of many");
      return most + 1;
    }
    count *= std::max<uint64_t>(n, 1);
  }
  return empty ? 0 : count;
}

// The array that an entry of the header describes, from byte `start` of `body` on.
Array place(const std::string& name, const Value& value, std::string_view body, size_t start) {
  const Object* entry = value.as<Object>();
  if (entry == nullptr || entry->size() != 3 || !find(*entry, "dtype") || !find(*entry, "shape") ||
      !find(*entry, "data_offsets"))
    refuse_damaged("array '" + name + "' is not described by dtype, shape and data_offsets");
  const std::string* dtype = find(*entry, "dtype")->as<std::string>();
  const auto* width = std::find_if(std::begin(kWidths), std::end(kWidths),
                                   [&](const Width& w) { return dtype && w.dtype == *dtype; });
  if (width == std::end(kWidths)) refuse_damaged("array '" + name + "' has an unknown dtype");
  const std::vector<uint64_t> shape = sizes(name, find(*entry, "shape"));
  const std::vector<uint64_t> offsets = sizes(name, find(*entry, "data_offsets"));
  const uint64_t most = (body.size() - start) / width->n_bytes;
  const uint64_t count = count_of(name, shape, most);
  if (count > most) refuse_damaged("it is cut off in array '" + name + "'");
  if (offsets != std::vector<uint64_t>{start, start + count * width->n_bytes})
    refuse_damaged("array '" + name + "' does not lie where its shape says");
  const auto* data = reinterpret_cast<const uint8_t*>(body.data()) + start;
  return {name, *dtype, shape, data, static_cast<size_t>(count)};
}

std::vector<Array> place_all(const Object& entries, std::string_view body) {
  std::vector<Array> arrays;
  size_t position = 0;
  for (const auto& [name, value] : entries) {
    arrays.push_back(place(name, value, body, position));
    const Array& last = arrays.back();
    const auto* width = std::find_if(std::begin(kWidths), std::end(kWidths),
                                     [&](const Width& w) { return w.dtype == last.dtype; });
    position += last.count * width->n_bytes;
  }
  if (position != body.size())
    refuse_damaged("its arrays take " + std::to_string(position) + " bytes, but " +
                   std::to_string(body.size()) + " are there");
  return arrays;
}

void check_digest(std::string_view head, std::string_view body,
                  const std::optional<Value>& stored) {
  const size_t mark = head.rfind(kDigestMark);
  const size_t first = mark == std::string_view::npos ? head.size() : mark + kDigestMark.size();
  const std::string_view written = head.substr(first, kDigits);
  Sha256 hash;
  const auto add = [&](std::string_view part) {
    hash.add(reinterpret_cast<const uint8_t*>(part.data()), part.size());
  };
  add(head.substr(0, first));
  add(std::string(kDigits, '0'));
  add(head.substr(first + written.size()));
  add(body);
  // The digits left out of the hash must be exactly the ones that the JSON holds.
  const std::string* digits = stored ? stored->as<std::string>() : nullptr;
  if (digits == nullptr || written != *digits || hash.digits() != *digits)
    refuse_damaged("its checksum does not match its content");
}

}  // namespace

Container unpack(const uint8_t* bytes, size_t n) {
  const std::string_view head = read_head(bytes, n);
  const std::string_view body(head.data() + head.size(), n - head.size());
  Object outer = parse_object(head.substr(kLengthBytes));
  int64_t format = 0;
  Object header = inner_header(pop(outer, "__metadata__"), format);
  std::vector<Array> arrays = place_all(outer, body);
  check_digest(head, body, pop(header, "sha256"));
  if (format == 2)
    std::erase_if(arrays, [](const Array& array) { return array.name.starts_with(kConvolutions); });
  return {std::move(header), std::move(arrays)};
}

}  // namespace gategrad::capi
