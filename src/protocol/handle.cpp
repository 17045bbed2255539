#include "protocol/handle.h"

#include <algorithm>

#include "protocol/limits.h"

namespace mychat {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool all_digits(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_digit); }

// Calls `check` for each part between the dots; true when it is true for all.
template <class Check>
bool every_part(std::string_view text, Check check) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!check(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= limits::kHostLabelMax && label.front() != '-' &&
         label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

// A decimal number from 0 to `most`, of at most five digits, without leading zeros.
bool is_number_up_to(std::string_view text, int most) noexcept {
  if (text.empty() || text.size() > 5 || !all_digits(text) || (text.size() > 1 && text.front() == '0'))
    return false;
  int number = 0;
  for (const char c : text) number = number * 10 + (c - '0');
  return number <= most;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > limits::kHostMax || !every_part(host, is_label)) return false;
  const std::size_t dot = host.rfind('.');
  if (!all_digits(dot == std::string_view::npos ? host : host.substr(dot + 1))) return true;
  // A name that ends in a number is an address or nothing.
  return std::count(host.begin(), host.end(), '.') == 3 &&
         every_part(host, [](std::string_view part) { return is_number_up_to(part, 255); });
}

}  // namespace

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return lower;
}

std::optional<std::string> parse_username(std::string_view text) {
  if (text.size() < limits::kUsernameMin || text.size() > limits::kUsernameMax) return std::nullopt;
  std::string name = lower_ascii(text);
  if (!std::all_of(name.begin(), name.end(), [](char c) { return is_lower_alnum(c) || c == '_'; }))
    return std::nullopt;
  return name;
}

std::optional<std::string> parse_domain(std::string_view text) {
  if (text.size() > limits::kDomainMax) return std::nullopt;
  std::string domain = lower_ascii(text);
  std::string_view host = domain;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port == "0" || !is_number_up_to(port, 65535)) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (!is_host(host)) return std::nullopt;
  return domain;
}

std::optional<Handle> Handle::parse(std::string_view text) {
  if (text.size() > limits::kHandleMax) return std::nullopt;
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  auto username = parse_username(text.substr(0, at));
  auto domain = parse_domain(text.substr(at + 1));
  if (!username || !domain) return std::nullopt;
  return Handle{std::move(*username), std::move(*domain)};
}

std::optional<std::string> normalize_handle(std::string_view text) {
  const auto handle = Handle::parse(text);
  if (!handle) return std::nullopt;
  return handle->to_string();
}

}  // namespace mychat
