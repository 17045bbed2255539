#include "front/routes/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mychat::server {

namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Some proxies add a port or brackets.
std::string_view without_port(std::string_view text) noexcept {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos)
    return text.substr(0, colon);
  return text;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string zero_ended(text);
  IpAddress address;
  if (inet_pton(AF_INET, zero_ended.c_str(), address.bytes_.data() + 12) == 1) {
    std::copy(kMapped.begin(), kMapped.end(), address.bytes_.begin());
    return address;
  }
  if (inet_pton(AF_INET6, zero_ended.c_str(), address.bytes_.data()) == 1) return address;
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

std::string IpAddress::to_string() const {
  char out[INET6_ADDRSTRLEN];
  const bool v4 = is_v4();
  return inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? 12 : 0), out, sizeof out);
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Network network;
  network.base_ = *base;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  int prefix = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool v4 = base->is_v4() && text.find(':') == std::string_view::npos;
  if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > (v4 ? 32 : 128))
    return std::nullopt;
  network.prefix_ = v4 ? prefix + 96 : prefix;
  return network;
}

bool Network::contains(const IpAddress& address) const noexcept {
  for (int bit = 0; bit < prefix_; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int rest = prefix_ - bit;
    const int mask = rest >= 8 ? 0xff : (0xff << (8 - rest)) & 0xff;
    if ((address.bytes()[at] & mask) != (base_.bytes()[at] & mask)) return false;
  }
  return true;
}

std::string client_address(std::string_view peer, const std::vector<std::string_view>& forwarded_for,
                           const std::vector<Network>& trusted) {
  const auto is_trusted = [&](const IpAddress& address) {
    return std::any_of(trusted.begin(), trusted.end(), [&](const Network& n) { return n.contains(address); });
  };
  auto current = IpAddress::parse(peer);
  if (!current) return std::string(peer);
  for (auto header = forwarded_for.rbegin(); header != forwarded_for.rend(); ++header) {
    std::string_view rest = *header;
    while (true) {
      if (!is_trusted(*current)) return current->to_string();
      const std::size_t comma = rest.rfind(',');
      const auto next = IpAddress::parse(
          without_port(trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1))));
      if (!next) return current->to_string();
      current = next;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return current->to_string();
}

}  // namespace mychat::server
