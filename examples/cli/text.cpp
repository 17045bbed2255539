#include "text.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace cli {
namespace {

struct Decoded {
  std::uint32_t code = 0;
  std::size_t size = 1;
  bool valid = false;
};

// One code point of UTF-8 in its shortest form, no surrogates; else one byte that is not valid.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {first, 1, false};
  std::uint32_t code = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {first, 1, false};
  return {code, size, true};
}

// Characters that steer a terminal, turn text around, or cannot be seen.
bool deceives(std::uint32_t code) {
  const auto in = [code](std::uint32_t from, std::uint32_t to) { return code >= from && code <= to; };
  return code < 0x20 || in(0x7F, 0x9F) || code == 0xAD || code == 0x61C || in(0x200B, 0x200C) ||
         in(0x200E, 0x200F) || in(0x2028, 0x202E) || in(0x2060, 0x206F) || code == 0xFEFF ||
         in(0xFFF9, 0xFFFB) || in(0xE0000, 0xE007F);
}

template <class... Values>
void append(std::string& out, const char* format, Values... values) {
  std::array<char, 24> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  out += buffer.data();
}

std::string escape(std::string_view text, std::string_view indent, bool one_line) {
  std::string out;
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (!next.valid) {
      append(out, "\\x%02X", static_cast<unsigned>(next.code));
    } else if (next.code == '\n' && !one_line) {
      out += '\n';
      out += indent;
    } else if (next.code == '\n') {
      out += "\\n";
    } else if (next.code == '\t' && !one_line) {
      out += '\t';
    } else if (!deceives(next.code)) {
      out += text.substr(0, next.size);
    } else if (next.code < 0x100) {
      append(out, "\\x%02X", static_cast<unsigned>(next.code));
    } else {
      append(out, "\\u{%X}", static_cast<unsigned>(next.code));
    }
    text.remove_prefix(next.size);
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (!next.valid) {
      out += "\\ufffd";
    } else if (next.code == '"' || next.code == '\\') {
      out += '\\';
      out += static_cast<char>(next.code);
    } else if (next.code == '\n') {
      out += "\\n";
    } else if (next.code >= 0x10000 && deceives(next.code)) {
      const std::uint32_t rest = next.code - 0x10000;
      append(out, "\\u%04x", static_cast<unsigned>(0xD800 + (rest >> 10)));
      append(out, "\\u%04x", static_cast<unsigned>(0xDC00 + (rest & 0x3FF)));
    } else if (deceives(next.code)) {
      append(out, "\\u%04x", static_cast<unsigned>(next.code));
    } else {
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  return out + '"';
}

}  // namespace

std::string safe_line(std::string_view text) { return escape(text, {}, true); }
std::string safe_block(std::string_view text, std::string_view indent) { return escape(text, indent, false); }

std::string local_time(std::int64_t unix_ms) {
  if (unix_ms == 0) return "-";
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  std::array<char, 32> buffer{};
  if (localtime_r(&seconds, &parts) == nullptr ||
      std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts) == 0)
    return "-";
  return buffer.data();
}

void JsonObject::name(std::string_view name) {
  if (!members_.empty()) members_ += ',';
  members_ += quoted(name) + ':';
}

JsonObject& JsonObject::text(std::string_view member, std::string_view value) {
  return raw(member, quoted(value));
}

JsonObject& JsonObject::text_or_null(std::string_view member, const char* value) {
  return value == nullptr || *value == '\0' ? raw(member, "null") : text(member, value);
}

JsonObject& JsonObject::number(std::string_view member, std::int64_t value) {
  return raw(member, std::to_string(value));
}

JsonObject& JsonObject::boolean(std::string_view member, bool value) {
  return raw(member, value ? "true" : "false");
}

JsonObject& JsonObject::raw(std::string_view member, std::string_view json) {
  name(member);
  members_ += json;
  return *this;
}

JsonArray& JsonArray::raw(std::string_view json) {
  if (!items_.empty()) items_ += ',';
  items_ += json;
  return *this;
}

JsonArray& JsonArray::text(std::string_view value) { return raw(quoted(value)); }

std::string base64(const std::uint8_t* data, std::size_t size) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < size; i += 3) {
    const std::size_t count = size - i < 3 ? size - i : 3;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = (group << 8) | (j < count ? data[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += j <= count ? kDigits[(group >> (18 - 6 * j)) & 0x3F] : '=';
  }
  return out;
}

}  // namespace cli
