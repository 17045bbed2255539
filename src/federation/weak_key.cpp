#include "federation/weak_key.h"

#include <algorithm>
#include <array>

namespace mychat::federation {
namespace {

// 2^255 - 19, the least number that is no canonical y.
constexpr Ed25519PublicKey kPrime = [] {
  Ed25519PublicKey prime{};
  prime.fill(0xff);
  prime.front() = 0xed;
  prime.back() = 0x7f;
  return prime;
}();

constexpr Ed25519PublicKey small(std::uint8_t y) {
  Ed25519PublicKey key{};
  key.front() = y;
  return key;
}

constexpr Ed25519PublicKey kMinusOne = [] {
  Ed25519PublicKey y = kPrime;
  y.front() = 0xec;
  return y;
}();

// The y of the eight points whose order divides 8, without the sign of x.
constexpr std::array<Ed25519PublicKey, 5> kSmallOrder{
    small(0), small(1), kMinusOne,
    Ed25519PublicKey{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    Ed25519PublicKey{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
                     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
                     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};

}  // namespace

bool is_weak_key(const Ed25519PublicKey& key) noexcept {
  Ed25519PublicKey y = key;
  y.back() &= 0x7f;
  // Little-endian, so compared from the end.
  const bool canonical = std::lexicographical_compare(y.rbegin(), y.rend(), kPrime.rbegin(), kPrime.rend());
  return !canonical || std::find(kSmallOrder.begin(), kSmallOrder.end(), y) != kSmallOrder.end();
}

}  // namespace mychat::federation
