#include "base/encoding.h"

#include <array>
#include <cstring>

namespace mychat {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int16_t, 256> reverse(std::string_view alphabet) {
  std::array<std::int16_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int16_t>(i);
  return table;
}

constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlReverse = reverse(kUrl);

template <class Out>
Out encode64(ByteView in, std::string_view alphabet, bool pad) {
  using Char = typename Out::value_type;
  Out out;
  out.reserve((in.size() + 2) / 3 * 4);
  const auto put = [&](std::uint32_t value) { out.push_back(static_cast<Char>(alphabet[value & 63])); };
  std::size_t i = 0;
  for (; i + 3 <= in.size(); i += 3) {
    const std::uint32_t v = static_cast<std::uint32_t>(in[i] << 16 | in[i + 1] << 8 | in[i + 2]);
    const Char quad[4] = {static_cast<Char>(alphabet[v >> 18]), static_cast<Char>(alphabet[v >> 12 & 63]),
                          static_cast<Char>(alphabet[v >> 6 & 63]), static_cast<Char>(alphabet[v & 63])};
    out.insert(out.end(), quad, quad + 4);
  }
  const std::size_t rest = in.size() - i;
  if (rest == 0) return out;
  const std::uint32_t v = static_cast<std::uint32_t>(in[i] << 16 | (rest == 2 ? in[i + 1] << 8 : 0));
  put(v >> 18);
  put(v >> 12);
  if (rest == 2) put(v >> 6);
  if (pad) out.insert(out.end(), 3 - rest, static_cast<Char>('='));
  return out;
}

template <class Out>
std::optional<Out> decode64(std::string_view in, const std::array<std::int16_t, 256>& table, bool padded) {
  if (padded) {
    if (in.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && !in.empty() && in.back() == '='; ++i) in.remove_suffix(1);
  }
  const std::size_t rest = in.size() % 4;
  if (rest == 1) return std::nullopt;
  Out out;
  out.reserve(in.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : in) {
    const int v = table[static_cast<std::uint8_t>(c)];
    if (v < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> have));
      bits &= (1u << have) - 1u;
    }
  }
  if (bits != 0) return std::nullopt;
  return out;
}

template <const char* Digits>
std::string encode16(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out += Digits[b >> 4];
    out += Digits[b & 15];
  }
  return out;
}

constexpr char kLower[] = "0123456789abcdef";
constexpr char kUpper[] = "0123456789ABCDEF";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Length of the well-formed sequence at the start of s, 0 when there is none.
std::size_t utf8_sequence(std::string_view s) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const std::uint8_t b = byte(0);
  if (b < 0x80) return 1;
  std::size_t n = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (b >= 0xC2 && b <= 0xDF) {
    n = 2;
  } else if (b >= 0xE0 && b <= 0xEF) {
    n = 3;
    if (b == 0xE0) low = 0xA0;
    if (b == 0xED) high = 0x9F;
  } else if (b >= 0xF0 && b <= 0xF4) {
    n = 4;
    if (b == 0xF0) low = 0x90;
    if (b == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (s.size() < n || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < n; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  return n;
}

}  // namespace

std::string base64_encode(ByteView bytes) { return encode64<std::string>(bytes, kStandard, true); }
Secret base64_encode_secret(ByteView bytes) { return encode64<Secret>(bytes, kStandard, true); }
std::string base64url_encode(ByteView bytes) { return encode64<std::string>(bytes, kUrl, false); }
Secret base64url_encode_secret(ByteView bytes) { return encode64<Secret>(bytes, kUrl, false); }
std::optional<Bytes> base64_decode(std::string_view text) {
  return decode64<Bytes>(text, kStandardReverse, true);
}
std::optional<Bytes> base64url_decode(std::string_view text) {
  return decode64<Bytes>(text, kUrlReverse, false);
}
std::optional<Secret> base64_decode_secret(std::string_view text) {
  return decode64<Secret>(text, kStandardReverse, true);
}
std::optional<Secret> base64url_decode_secret(std::string_view text) {
  return decode64<Secret>(text, kUrlReverse, false);
}

std::string hex_encode(ByteView bytes) { return encode16<kLower>(bytes); }
std::string hex_encode_upper(ByteView bytes) { return encode16<kUpper>(bytes); }

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    // Most text is ASCII: eight characters at a time.
    std::uint64_t word = 0;
    while (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080U) != 0) break;
      text.remove_prefix(sizeof word);
    }
    if (text.empty()) break;
    const std::size_t n = utf8_sequence(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::size_t utf8_length(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace mychat
