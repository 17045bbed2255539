// Addresses of nodes, and the rule that plaintext stays on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mychat {

inline constexpr std::size_t kMaxUrlBytes = 2048;

// An http, https, ws or wss address, checked and taken apart. No user information, no fragment, no white
// space; hosts are DNS names (ASCII), IPv4 addresses in four decimal parts, or IPv6 addresses in brackets.
struct Url {
  std::string scheme;      // Lower case.
  std::string host;        // Lower case; an IPv6 address without its brackets.
  std::uint16_t port = 0;  // Never 0 after parsing.
  std::string target;      // Path and query, "/" at least.

  bool is_tls() const noexcept { return scheme == "https" || scheme == "wss"; }
  bool is_ip_address() const noexcept;
  // localhost, 127.0.0.0/8 and ::1: bytes that never leave this machine.
  bool is_loopback() const noexcept;
  // "host" or "host:port" when the port is not the scheme's own; IPv6 in brackets. The Host header's form.
  std::string authority() const;
  std::string to_string() const;
  // The same node's address with another target, which must begin with '/'.
  Url with_target(std::string_view target) const;
};

// Throws MYCHAT_E_INVALID_ARGUMENT with a sentence that says what is wrong with it.
Url parse_url(std::string_view text);
// A node's base address: http or https, nothing after the host and port but an optional "/".
Url parse_node_url(std::string_view text);
// ws(s)://HOST[:PORT]/ws of a node's base address.
Url websocket_url(const Url& node);

// Throws MYCHAT_E_PLAINTEXT_REFUSED when the address is neither TLS nor loopback, unless plaintext is
// allowed.
void require_confidential(const Url& url, bool allow_plaintext);

}  // namespace mychat
