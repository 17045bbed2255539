#include "federation/address_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

namespace mychat::federation {
namespace {

using Octets = std::array<std::uint8_t, 16>;

struct Range {
  Octets prefix;
  unsigned bits;
  AddressKind kind;
};

constexpr Octets four(std::uint8_t a, std::uint8_t b, std::uint8_t c = 0, std::uint8_t d = 0) {
  return {a, b, c, d};
}
constexpr Octets six(std::uint16_t a, std::uint16_t b = 0, std::uint16_t c = 0) {
  return {static_cast<std::uint8_t>(a >> 8), static_cast<std::uint8_t>(a & 0xff),
          static_cast<std::uint8_t>(b >> 8), static_cast<std::uint8_t>(b & 0xff),
          static_cast<std::uint8_t>(c >> 8), static_cast<std::uint8_t>(c & 0xff)};
}

using enum AddressKind;

// The first that holds decides.
constexpr std::array kV4{
    Range{four(0, 0), 8, kUnspecified},        // "This network", RFC 791
    Range{four(10, 0), 8, kPrivate},           // RFC 1918
    Range{four(100, 64), 10, kSharedNat},      // RFC 6598
    Range{four(127, 0), 8, kLoopback},         // RFC 1122
    Range{four(169, 254), 16, kLinkLocal},     // RFC 3927
    Range{four(172, 16), 12, kPrivate},        // RFC 1918
    Range{four(192, 0, 0), 24, kReserved},     // RFC 6890
    Range{four(192, 0, 2), 24, kReserved},     // TEST-NET-1, RFC 5737
    Range{four(192, 31, 196), 24, kReserved},  // AS112, RFC 7535
    Range{four(192, 52, 193), 24, kReserved},  // AMT, RFC 7450
    Range{four(192, 88, 99), 24, kReserved},   // 6to4 relays, RFC 7526
    Range{four(192, 168), 16, kPrivate},       // RFC 1918
    Range{four(192, 175, 48), 24, kReserved},  // AS112, RFC 7534
    Range{four(198, 18), 15, kReserved},       // Benchmarking, RFC 2544
    Range{four(198, 51, 100), 24, kReserved},  // TEST-NET-2
    Range{four(203, 0, 113), 24, kReserved},   // TEST-NET-3
    Range{four(224, 0), 4, kMulticast},        // RFC 5771
    Range{four(255, 255, 255, 255), 32, kMulticast},
    Range{four(240, 0), 4, kReserved},  // RFC 1112
};

constexpr std::array kV6{
    Range{six(0xfe80), 10, kLinkLocal},                 // RFC 4291
    Range{six(0xfec0), 10, kPrivate},                   // Site-local, RFC 3879
    Range{six(0xfc00), 7, kPrivate},                    // RFC 4193
    Range{six(0xff00), 8, kMulticast},                  // RFC 4291
    Range{six(0x2001, 0x0000), 23, kReserved},          // Protocol assignments, Teredo too: RFC 2928
    Range{six(0x2001, 0x0db8), 32, kReserved},          // Documentation, RFC 3849
    Range{six(0x2620, 0x004f, 0x8000), 48, kReserved},  // AS112, RFC 7534
    Range{six(0x3fff), 20, kReserved},                  // Documentation, RFC 9637
    Range{six(0x2000), 3, kPublic},                     // Global unicast, RFC 4291
};

bool begins_with(std::span<const std::uint8_t> address, const Octets& prefix, unsigned bits) noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole), address.begin()))
    return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

AddressKind look_up(std::span<const std::uint8_t> address, std::span<const Range> ranges,
                    AddressKind otherwise) {
  for (const Range& range : ranges) {
    if (begins_with(address, range.prefix, range.bits)) return range.kind;
  }
  return otherwise;
}

constexpr Octets kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr Octets kNat64{0x00, 0x64, 0xff, 0x9b};  // RFC 6052

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> address) noexcept {
  IpAddress result{kMapped};
  std::copy(address.begin(), address.end(), result.bytes.begin() + 12);
  return result;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> address) noexcept { return {address}; }

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  std::array<std::uint8_t, 4> four_octets{};
  if (inet_pton(AF_INET, terminated.c_str(), four_octets.data()) == 1) return v4(four_octets);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) return v6(octets);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from(const sockaddr* address) noexcept {
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return v4(octets);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &in.sin6_addr, octets.size());
    return v6(octets);
  }
  return std::nullopt;
}

AddressKind classify(const IpAddress& address) noexcept {
  const std::span<const std::uint8_t> bytes(address.bytes);
  if (begins_with(bytes, kMapped, 96)) return look_up(bytes.subspan(12), kV4, kPublic);
  if (begins_with(bytes, Octets{}, 96)) {
    if (std::all_of(bytes.begin(), bytes.end(), [](auto octet) { return octet == 0; })) return kUnspecified;
    if (bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](auto octet) { return octet == 0; }))
      return kLoopback;
    const AddressKind inner = look_up(bytes.subspan(12), kV4, kReserved);
    return inner;  // IPv4-compatible: given up by RFC 4291, and never public.
  }
  if (begins_with(bytes, kNat64, 96)) return look_up(bytes.subspan(12), kV4, kPublic);
  if (begins_with(bytes, six(0x2002), 16))
    return look_up(bytes.subspan(2, 4), kV4, kPublic);  // 6to4, RFC 3056
  return look_up(bytes, kV6, kReserved);
}

const char* address_kind_name(AddressKind kind) noexcept {
  switch (kind) {
    case kPublic:
      return "public";
    case kUnspecified:
      return "unspecified";
    case kLoopback:
      return "loopback";
    case kPrivate:
      return "private";
    case kLinkLocal:
      return "link-local";
    case kSharedNat:
      return "carrier-grade NAT";
    case kMulticast:
      return "multicast";
    case kReserved:
      return "reserved";
  }
  return "reserved";
}

}  // namespace mychat::federation
