// Whose request it is: the peer's address, or the one a trusted reverse proxy reports.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mychat::server {

// An IP address as 16 bytes; IPv4 is mapped (::ffff:a.b.c.d), so that both forms are the same address.
class IpAddress {
 public:
  static std::optional<IpAddress> parse(std::string_view text);  // No port, no zone, no brackets.
  std::string to_string() const;                                 // Mapped addresses as IPv4.
  bool is_v4() const noexcept;
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

class Network {
 public:
  // "10.0.0.0/8", "::1", "192.168.1.7"
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const noexcept;

 private:
  IpAddress base_;
  int prefix_ = 128;  // Of the 16-byte form.
};

// `forwarded_for` are the values of all X-Forwarded-For headers in order. It is believed from a trusted peer
// only, from its right end, as far as the addresses are trusted proxies themselves; the first that is not is
// the client. What does not parse ends the walk.
std::string client_address(std::string_view peer, const std::vector<std::string_view>& forwarded_for,
                           const std::vector<Network>& trusted);

}  // namespace mychat::server
