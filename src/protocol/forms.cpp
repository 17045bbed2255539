// The forms of single fields, declared in fields.h.
#include <algorithm>
#include <cstdint>

#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

// Non-zero for a byte that is no base64 digit. Without branches or tables, so that compilers turn the loop
// over it into vector instructions.
constexpr std::uint8_t not_base64(std::uint8_t c) {
  const auto letter = static_cast<std::uint8_t>(static_cast<std::uint8_t>(c | 0x20) - 'a');
  const auto digit = static_cast<std::uint8_t>(c - '0');
  return static_cast<std::uint8_t>((letter >= 26) & (digit >= 10) & (c != '+') & (c != '/'));
}

std::uint8_t base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint8_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint8_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0' + 52);
  return c == '+' ? 62 : 63;
}

}  // namespace

std::optional<std::size_t> base64_decoded_size(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  std::size_t padding = 0;
  while (padding < 2 && text.back() == '=') {
    ++padding;
    text.remove_suffix(1);
  }
  std::uint8_t bad = 0;
  for (const char c : text) bad |= not_base64(static_cast<std::uint8_t>(c));
  if (bad != 0) return std::nullopt;
  const std::uint8_t last = base64_value(text.back());
  if ((padding == 1 && (last & 3) != 0) || (padding == 2 && (last & 15) != 0)) return std::nullopt;
  return (text.size() + padding) / 4 * 3 - padding;
}

bool is_fingerprint(std::string_view text) noexcept {
  if (text.size() != limits::kFingerprintLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i % 5 == 4 ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) return false;
  }
  return true;
}

bool has_control_characters(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

bool is_email(std::string_view text) noexcept {
  if (text.size() > limits::kEmailMax || has_control_characters(text) ||
      text.find(' ') != std::string_view::npos)
    return false;
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.rfind('@') == at;
}

bool is_avatar_url(std::string_view text) noexcept {
  if (text.size() > limits::kAvatarUrlMax) return false;
  for (const char c : text)
    if (c <= 0x20 || c == 0x7F || c == '"' || c == '<' || c == '>' || c == '\\') return false;
  const auto scheme = [&](std::string_view name) {
    return text.size() > name.size() &&
           std::equal(name.begin(), name.end(), text.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b);
           });
  };
  const std::size_t skip = scheme("https://") ? 8 : scheme("http://") ? 7 : 0;
  return skip != 0 && std::string_view("/?#:@").find(text[skip]) == std::string_view::npos;
}

bool is_public_key_text(std::string_view text) noexcept {
  if (text.empty() || text.size() > limits::kPublicKeyMax) return false;
  for (const char c : text)
    if ((c < 0x20 || c > 0x7E) && c != '\n' && c != '\r' && c != '\t') return false;
  while (!text.empty() && static_cast<std::uint8_t>(text.back()) <= 0x20) text.remove_suffix(1);
  return (text.starts_with("-----BEGIN PUBLIC KEY-----") && text.ends_with("-----END PUBLIC KEY-----")) ||
         (text.starts_with('{') && text.ends_with('}'));
}

}  // namespace mychat
