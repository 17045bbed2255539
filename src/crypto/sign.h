// Ed25519 (RFC 8032).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

struct evp_pkey_st;

namespace mychat {

inline constexpr std::size_t kEd25519SeedSize = 32;
inline constexpr std::size_t kEd25519PublicKeySize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;

using Ed25519PublicKey = std::array<std::uint8_t, kEd25519PublicKeySize>;
using Ed25519Signature = std::array<std::uint8_t, kEd25519SignatureSize>;

// Immutable, copied cheaply; may be shared by threads.
class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey generate();
  static Ed25519PrivateKey from_seed(ByteView seed);  // MYCHAT_E_MALFORMED when it is not 32 bytes.

  Secret seed() const;
  const Ed25519PublicKey& public_key() const noexcept { return public_key_; }
  Ed25519Signature sign(ByteView message) const;

 private:
  explicit Ed25519PrivateKey(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
  Ed25519PublicKey public_key_{};
};

// False for every signature that is not valid, keys and signatures of wrong length and non-canonical
// encodings included.
[[nodiscard]] bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature);

// PEM SubjectPublicKeyInfo (RFC 8410).
std::string ed25519_public_pem(const Ed25519PublicKey& key);

}  // namespace mychat
