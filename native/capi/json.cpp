#include "capi/json.h"

#include <algorithm>
#include <charconv>

#include "capi/refusal.h"

namespace gategrad::capi {
namespace {

// Deeper than any file: a table's groups have encoders, whose columns are lists of text.
constexpr int kDeepest = 32;

[[noreturn]] void fail(const char* what) {
  refuse_damaged(std::string("its header can't be parsed (") + what + ")");
}

void append_utf8(uint32_t code, std::string& out) {
  const auto more = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    more(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    more(6);
    more(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    more(12);
    more(6);
    more(0);
  }
}

bool is_between(char c, char first, char last) { return first <= c && c <= last; }

class Parser {
 public:
  explicit Parser(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  Object whole() {
    skip_space();
    if (peek() != '{') refuse_damaged("its header is no JSON object");
    Object object = read_object(0);
    skip_space();
    if (at_ != end_) fail("more follows the object");
    return object;
  }

 private:
  // 0 at the end; a zero byte is nothing that the text may hold.
  char peek() const { return at_ == end_ ? '\0' : *at_; }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c, const char* what) {
    if (!take(c)) fail(what);
  }

  bool take_word(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word)
      return false;
    at_ += word.size();
    return true;
  }

  Value read_value(int depth) {
    if (depth > kDeepest) fail("it is nested too deep");
    skip_space();
    switch (peek()) {
      case '{': return read_object(depth);
      case '[': return read_list(depth);
      case '"': return read_text();
      default: break;
    }
    if (take_word("null")) return Null{};
    if (take_word("true")) return true;
    if (take_word("false")) return false;
    return read_number();
  }

  Object read_object(int depth) {
    Object object;
    ++at_;
    skip_space();
    if (take('}')) return object;
    do {
      skip_space();
      if (peek() != '"') fail("a key is no text");
      std::string key = read_text();
      skip_space();
      expect(':', "a key without a value");
      object.emplace_back(std::move(key), read_value(depth + 1));
      skip_space();
    } while (take(','));
    expect('}', "an object has no end");
    check_distinct(object);
    return object;
  }

  List read_list(int depth) {
    List list;
    ++at_;
    skip_space();
    if (take(']')) return list;
    do {
      list.push_back(read_value(depth + 1));
      skip_space();
    } while (take(','));
    expect(']', "a list has no end");
    return list;
  }

  static void check_distinct(const Object& object) {
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : object) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) fail("a key occurs twice");
  }

  Value read_number() {
    const char* first = at_;
    take('-');
    if (!is_between(peek(), '0', '9')) fail("no value where one is expected");
    if (!take('0')) skip_digits();
    const char* last = at_;
    if (read_fraction()) return OtherNumber{};
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(first, last, number);
    if (error != std::errc() || stop != last) return OtherNumber{};
    return number;
  }

  void skip_digits() {
    while (is_between(peek(), '0', '9')) ++at_;
  }

  // Whether a fraction or an exponent follows; what is neither is left for the caller to refuse.
  bool read_fraction() {
    const char* before = at_;
    if (take('.')) {
      if (!is_between(peek(), '0', '9')) fail("a number without digits behind its point");
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (!take('-')) take('+');
      if (!is_between(peek(), '0', '9')) fail("a number without digits in its exponent");
      skip_digits();
    }
    return at_ != before;
  }

  std::string read_text() {
    std::string text;
    ++at_;
    for (;;) {
      if (at_ == end_) fail("a text has no end");
      const char c = *at_;
      if (c == '"') break;
      if (c == '\\') {
        ++at_;
        read_escape(text);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("a control character in a text");
      } else if (static_cast<unsigned char>(c) < 0x80) {
        text += c;
        ++at_;
      } else {
        read_utf8(text);
      }
    }
    ++at_;
    return text;
  }

  // One character of several bytes: the shortest form, no surrogates, up to U+10FFFF.
  void read_utf8(std::string& text) {
    const auto first = static_cast<unsigned char>(*at_);
    const int n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (n == 0 || end_ - at_ < n) fail("it is no UTF-8");
    uint32_t code = first & (0xFF >> (n + 1));
    for (int i = 1; i < n; ++i) {
      const auto next = static_cast<unsigned char>(at_[i]);
      if ((next & 0xC0) != 0x80) fail("it is no UTF-8");
      code = code << 6 | (next & 0x3F);
    }
    const uint32_t least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail("it is no UTF-8");
    text.append(at_, static_cast<size_t>(n));
    at_ += n;
  }

  void read_escape(std::string& text) {
    static constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const char c = peek();
    const size_t place = kNames.find(c);
    if (at_ != end_ && place != std::string_view::npos) {
      text += kMeant[place];
      ++at_;
      return;
    }
    expect('u', "an unknown escape in a text");
    uint32_t code = read_hex();
    if (code >= 0xD800 && code < 0xDC00 && take('\\')) {
      expect('u', "half a surrogate pair as text");
      const uint32_t low = read_hex();
      if (low < 0xDC00 || low >= 0xE000) fail("half a surrogate pair as text");
      code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
    } else if (code >= 0xD800 && code < 0xE000) {
      fail("half a surrogate pair as text");
    }
    append_utf8(code, text);
  }

  uint32_t read_hex() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = is_between(c, '0', '9')   ? c - '0'
                        : is_between(c, 'a', 'f') ? c - 'a' + 10
                        : is_between(c, 'A', 'F') ? c - 'A' + 10
                                                  : -1;
      if (digit < 0) fail("an escape without four digits");
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return code;
  }

  const char *at_, *end_;
};

}  // namespace

Object parse_object(std::string_view text) { return Parser(text).whole(); }

const Value* find(const Object& object, std::string_view key) {
  for (const auto& [name, value] : object)
    if (name == key) return &value;
  return nullptr;
}

}  // namespace gategrad::capi
