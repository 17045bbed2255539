// Keys that are plain bytes on the wire, those of Ed25519, Ed448, X25519 and X448, as EVP_PKEY, and what is
// done with such objects; for the .cpp files of this folder.
#pragma once

#include <memory>

#include "crypto/internal.h"

namespace mychat::detail {

struct RawKeyType {
  const char* name;
  std::size_t size;            // Of private keys and public ones.
  std::uint8_t generator = 0;  // The first byte, of which alone it consists, of what RFC 7748 multiplies.
};

inline constexpr RawKeyType kRawEd25519{"ED25519", 32};
inline constexpr RawKeyType kRawEd448{"ED448", 57};
inline constexpr RawKeyType kRawX25519{"X25519", 32, 9};
inline constexpr RawKeyType kRawX448{"X448", 56, 5};

inline std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) { return {key, Freer<EVP_PKEY_free>()}; }

// MYCHAT_E_MALFORMED when the size is wrong; any bytes of that size are a key.
std::shared_ptr<EVP_PKEY> raw_private_key(const RawKeyType& type, ByteView bytes);
// Null when the size is wrong; any bytes of it are a key to OpenSSL, until it computes with them.
Pkey raw_public_key(const RawKeyType& type, ByteView bytes);
Secret raw_private_bytes(const RawKeyType& type, const EVP_PKEY* key);
// `out` has the type's size.
void raw_public_bytes(const EVP_PKEY* key, MutableBytes out);

// X25519 or X448 with one private key. One thread at a time.
class RawAgreement {
 public:
  RawAgreement(const RawKeyType& type, EVP_PKEY* private_key);
  Bytes public_key() const;
  // MYCHAT_E_MALFORMED when the peer's bytes are no key, or one that gives a shared secret of zeros.
  Secret with(ByteView peer_public_key) const;

 private:
  Secret derive(EVP_PKEY* peer) const;

  const RawKeyType& type_;
  PkeyContext context_;
};

// For agreement alone: a private key whose EVP_PKEY does not know its public key. To compute that, OpenSSL
// takes more time than agreement itself does.
Pkey raw_agreement_key(const RawKeyType& type, ByteView private_key);

// `digest` is null for the Edwards curves. What is signed has at most the key's EVP_PKEY_get_size() bytes.
Bytes sign_with(EVP_PKEY* key, const char* digest, ByteView message);
[[nodiscard]] bool verify_with(EVP_PKEY* key, const char* digest, ByteView message, ByteView signature);

}  // namespace mychat::detail
