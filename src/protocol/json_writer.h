// JSON output: appends to a buffer, no tree in between. Text passed in must be UTF-8.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mychat {

enum class JsonLayout {
  kCompact,
  kPretty,  // As JSON.stringify(value, null, 2).
};

// `Out` is std::string, or Secret for what must be wiped. The caller keeps begin and end in balance.
template <class Out>
class BasicJsonWriter {
 public:
  explicit BasicJsonWriter(Out& out, JsonLayout layout = JsonLayout::kCompact)
      : out_(out), pretty_(layout == JsonLayout::kPretty) {}
  BasicJsonWriter(const BasicJsonWriter&) = delete;
  BasicJsonWriter& operator=(const BasicJsonWriter&) = delete;

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const Secret& text);
  void value(bool flag);
  template <std::integral Int>
    requires(!std::same_as<Int, bool>)
  void value(Int number) {
    integer(static_cast<std::int64_t>(number));
  }
  void value(double number);  // Shortest form that reads back the same; null when not finite.
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      null();
    }
  }
  template <class T>
  void value(const std::vector<T>& list) {
    begin_array();
    for (const auto& element : list) value(element);
    end_array();
  }
  // A type that writes itself.
  template <class T>
    requires requires(const T& t, BasicJsonWriter& w) { t.to_json(w); }
  void value(const T& object) {
    object.to_json(*this);
  }
  void null();
  void raw(std::string_view json);  // A complete JSON value, copied as it is.

  template <class T>
  void member(std::string_view name, const T& v) {
    key(name);
    value(v);
  }
  // Nothing at all for an empty optional.
  template <class T>
  void optional_member(std::string_view name, const std::optional<T>& maybe) {
    if (maybe) member(name, *maybe);
  }
  void time_member(std::string_view name, std::int64_t unix_ms);  // ISO 8601
  void time_member(std::string_view name, const std::optional<std::int64_t>& unix_ms);
  void null_member(std::string_view name) {
    key(name);
    null();
  }

 private:
  void put(char c);
  void put(std::string_view bytes);
  void separate();
  void new_line();
  void open(char bracket);
  void close(char bracket);
  void integer(std::int64_t number);

  Out& out_;
  bool pretty_;
  bool comma_ = false;      // The next value or key in this container follows another.
  bool after_key_ = false;  // The next value belongs to the key just written.
  std::size_t depth_ = 0;
};

extern template class BasicJsonWriter<std::string>;
extern template class BasicJsonWriter<Secret>;
using JsonWriter = BasicJsonWriter<std::string>;
using SecretJsonWriter = BasicJsonWriter<Secret>;

// The JSON text of a type that writes itself.
template <class T>
std::string to_json_text(const T& object) {
  std::string out;
  out.reserve(512);
  JsonWriter writer(out);
  object.to_json(writer);
  return out;
}
// For requests that hold a password or token.
template <class T>
Secret to_secret_json_text(const T& object) {
  Secret out;
  out.reserve(512);
  SecretJsonWriter writer(out);
  object.to_json(writer);
  return out;
}

}  // namespace mychat
