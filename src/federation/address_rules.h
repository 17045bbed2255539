// Which IP addresses a node may be looked for at. A domain name is another party's claim: without this, it
// could lead a node's requests to its own network (SSRF). Checked on the address that is connected to, after
// resolving.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

struct sockaddr;

namespace mychat::federation {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: ::ffff:a.b.c.d
  static IpAddress v4(std::array<std::uint8_t, 4> address) noexcept;
  static IpAddress v6(std::array<std::uint8_t, 16> address) noexcept;
  // Dotted IPv4 of four decimal numbers or IPv6 text, with or without brackets; no zone, no octal, no
  // shortened IPv4.
  static std::optional<IpAddress> parse(std::string_view text);
  static std::optional<IpAddress> from(const sockaddr* address) noexcept;  // Nothing for other families.
  bool operator==(const IpAddress&) const = default;
};

// By the IANA special-purpose registries (RFC 6890 and its updates).
enum class AddressKind {
  kPublic,
  kUnspecified,
  kLoopback,
  kPrivate,    // RFC 1918, fc00::/7, fec0::/10
  kLinkLocal,  // Cloud metadata services live there.
  kSharedNat,  // RFC 6598, 100.64.0.0/10
  kMulticast,  // Broadcast too.
  kReserved,   // Documentation, benchmarking, protocol assignments, tunnels, and all that is not assigned.
};

// An IPv6 address that stands for an IPv4 one (mapped, compatible, NAT64, 6to4) is what that one is.
AddressKind classify(const IpAddress& address) noexcept;
const char* address_kind_name(AddressKind kind) noexcept;  // "loopback"

struct AddressRules {
  bool allow_non_public = false;  // For development and tests.
  bool allows(const IpAddress& address) const noexcept {
    return allow_non_public || classify(address) == AddressKind::kPublic;
  }
};

}  // namespace mychat::federation
