// Names of users and nodes: username, domain, username@domain.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mychat {

// Each parse returns the canonical (lower-case) form, or nothing when the text is not such a name.

// 3 to 50 characters of a-z 0-9 _.
std::optional<std::string> parse_username(std::string_view text);
// A DNS host name (labels of letters, digits and inner hyphens, 253 bytes at most) or an IPv4 address, with
// an optional ":port" (1 to 65535).
std::optional<std::string> parse_domain(std::string_view text);

struct Handle {
  std::string username;
  std::string domain;

  static std::optional<Handle> parse(std::string_view text);
  std::string to_string() const { return username + '@' + domain; }
  bool operator==(const Handle&) const = default;
};

// The canonical text of a handle; nothing when it is not one.
std::optional<std::string> normalize_handle(std::string_view text);

std::string lower_ascii(std::string_view text);

}  // namespace mychat
