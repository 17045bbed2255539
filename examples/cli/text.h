// Text that is safe to show in a terminal, and JSON for scripts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

// Everything that comes from other people or a node passes through one of these two before it is printed:
// control characters, escape sequences, marks that reverse the direction of text, invisible characters and
// bytes that are not UTF-8 are written as \x1B or \u{202E}.
std::string safe_line(std::string_view text);  // Line breaks are escaped too.
std::string safe_block(std::string_view text,
                       std::string_view indent);  // Lines after the first begin with `indent`.

std::string local_time(std::int64_t unix_ms);  // "2026-11-23 22:25:03" in the local time zone; "-" for 0.

// The members of a JSON object, in order. What safe_line() escapes is escaped here in JSON's own way
// (\u202e), so that it is harmless in a terminal and exact for a parser.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& text_or_null(std::string_view name, const char* value);
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& raw(std::string_view name, std::string_view json);
  std::string str() const { return "{" + members_ + "}"; }

 private:
  void name(std::string_view name);
  std::string members_;
};

class JsonArray {
 public:
  JsonArray& raw(std::string_view json);
  JsonArray& text(std::string_view value);
  std::string str() const { return "[" + items_ + "]"; }

 private:
  std::string items_;
};

std::string base64(const std::uint8_t* data, std::size_t size);

}  // namespace cli
