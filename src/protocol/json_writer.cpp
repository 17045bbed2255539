#include "protocol/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"

namespace mychat {
namespace {

void append(std::string& out, const char* data, std::size_t size) { out.append(data, size); }
void append(Secret& out, const char* data, std::size_t size) {
  out.insert(out.end(), reinterpret_cast<const std::uint8_t*>(data),
             reinterpret_cast<const std::uint8_t*>(data) + size);
}

// What follows the backslash; 0 for a byte that needs no escape, 'u' for one without a short form.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr auto kEscapes = make_escapes();

constexpr std::uint64_t repeat(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

// Bytes at the start of `text` that need no escape.
std::size_t plain_prefix(std::string_view text) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t w = 0;
    std::memcpy(&w, text.data() + i, 8);
    const std::uint64_t quote = w ^ repeat('"');
    const std::uint64_t backslash = w ^ repeat('\\');
    // Exact for ASCII; for other bytes the masks with ~w drop what is no hit.
    const std::uint64_t hit =
        ((w - repeat(0x20)) & ~w) | ((quote - repeat(1)) & ~quote) | ((backslash - repeat(1)) & ~backslash);
    if ((hit & repeat(0x80)) != 0) break;
  }
  while (i < text.size() && kEscapes[static_cast<std::uint8_t>(text[i])] == 0) ++i;
  return i;
}

}  // namespace

template <class Out>
void BasicJsonWriter<Out>::put(char c) {
  out_.push_back(static_cast<typename Out::value_type>(c));
}

template <class Out>
void BasicJsonWriter<Out>::put(std::string_view bytes) {
  append(out_, bytes.data(), bytes.size());
}

template <class Out>
void BasicJsonWriter<Out>::new_line() {
  put('\n');
  for (std::size_t i = 0; i < depth_; ++i) put("  ");
}

template <class Out>
void BasicJsonWriter<Out>::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (comma_) put(',');
  if (pretty_ && depth_ > 0) new_line();
}

template <class Out>
void BasicJsonWriter<Out>::open(char bracket) {
  separate();
  put(bracket);
  ++depth_;
  comma_ = false;
}

template <class Out>
void BasicJsonWriter<Out>::close(char bracket) {
  --depth_;
  if (pretty_ && comma_) new_line();
  put(bracket);
  comma_ = true;
}

template <class Out>
void BasicJsonWriter<Out>::key(std::string_view name) {
  value(name);
  put(pretty_ ? std::string_view(": ") : std::string_view(":"));
  after_key_ = true;
}

template <class Out>
void BasicJsonWriter<Out>::value(std::string_view text) {
  separate();
  put('"');
  for (;;) {
    const std::size_t plain = plain_prefix(text);
    append(out_, text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<std::uint8_t>(text.front());
    const char escaped[2] = {'\\', kEscapes[c]};
    append(out_, escaped, 2);
    if (kEscapes[c] == 'u') {
      const char digits[4] = {'0', '0', "01"[c >> 4], "0123456789abcdef"[c & 15]};
      append(out_, digits, 4);
    }
    text.remove_prefix(1);
  }
  put('"');
  comma_ = true;
}

template <class Out>
void BasicJsonWriter<Out>::value(const Secret& secret) {
  value(text(view(secret)));
}

template <class Out>
void BasicJsonWriter<Out>::raw(std::string_view json) {
  separate();
  put(json);
  comma_ = true;
}

template <class Out>
void BasicJsonWriter<Out>::value(bool flag) {
  raw(flag ? "true" : "false");
}

template <class Out>
void BasicJsonWriter<Out>::null() {
  raw("null");
}

template <class Out>
void BasicJsonWriter<Out>::integer(std::int64_t number) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  raw({buffer, static_cast<std::size_t>(end - buffer)});
}

template <class Out>
void BasicJsonWriter<Out>::value(double number) {
  if (!std::isfinite(number)) return null();
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  raw({buffer, static_cast<std::size_t>(end - buffer)});
}

template <class Out>
void BasicJsonWriter<Out>::time_member(std::string_view name, std::int64_t unix_ms) {
  key(name);
  value(format_time(unix_ms));
}

template <class Out>
void BasicJsonWriter<Out>::time_member(std::string_view name, const std::optional<std::int64_t>& unix_ms) {
  if (unix_ms) return time_member(name, *unix_ms);
  null_member(name);
}

template class BasicJsonWriter<std::string>;
template class BasicJsonWriter<Secret>;

}  // namespace mychat
