// JSON as Python's reader of .gg files takes it: strict, each key of an object once.
//
// No value in a file is a fraction or an integer beyond 64 bits, so both are read as one thing that
// nothing accepts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gategrad::capi {

struct Value;
struct Null {};
struct OtherNumber {};
using List = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;  // in the text's order

struct Value : std::variant<Null, bool, OtherNumber, int64_t, std::string, List, Object> {
  using variant::variant;

  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(*this);
  }
  // Null where it is something else.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(this);
  }
};

// The object that `text` is, all of it. Throws Refusal, as damage.
Object parse_object(std::string_view text);

// The value of a key; null where the object has none.
const Value* find(const Object& object, std::string_view key);

}  // namespace gategrad::capi
