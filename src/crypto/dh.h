// X25519 (RFC 7748).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

struct evp_pkey_st;

namespace mychat {

inline constexpr std::size_t kX25519KeySize = 32;
using X25519PublicKey = std::array<std::uint8_t, kX25519KeySize>;

// Immutable, copied cheaply; may be shared by threads.
class X25519PrivateKey {
 public:
  static X25519PrivateKey generate();
  static X25519PrivateKey from_bytes(ByteView key);  // MYCHAT_E_MALFORMED when it is not 32 bytes.

  Secret to_bytes() const;
  const X25519PublicKey& public_key() const noexcept { return public_key_; }
  // 32 bytes that go through a KDF before use. A peer key of small order, whose shared secret would be all
  // zero, or of wrong length: MYCHAT_E_MALFORMED.
  Secret agree(ByteView peer_public_key) const;

 private:
  explicit X25519PrivateKey(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
  X25519PublicKey public_key_{};
};

}  // namespace mychat
