// Signatures whose algorithm is chosen when the program runs, in the forms that MLS uses (RFC 9420 section
// 5.1.1): Ed25519 and Ed448 (RFC 8032) with raw keys; ECDSA with uncompressed points, DER signatures and
// private keys that are big-endian scalars as long as the curve's order.
#pragma once

#include <memory>

#include "base/bytes.h"

struct evp_pkey_st;

namespace mychat {

enum class SignatureAlgorithm { kEd25519, kEd448, kEcdsaP256Sha256, kEcdsaP384Sha384, kEcdsaP521Sha512 };

// Immutable, copied cheaply; may be shared by threads.
class SigningKey {
 public:
  static SigningKey generate(SignatureAlgorithm algorithm);
  // MYCHAT_E_MALFORMED when the bytes are not a private key of that algorithm. For ECDSA shorter scalars are
  // taken as if zeros stood before them.
  static SigningKey from_bytes(SignatureAlgorithm algorithm, ByteView private_key);

  SignatureAlgorithm algorithm() const noexcept { return algorithm_; }
  const Bytes& public_key() const noexcept { return public_key_; }
  Secret to_bytes() const;
  Bytes sign(ByteView message) const;

 private:
  SigningKey(SignatureAlgorithm algorithm, std::shared_ptr<evp_pkey_st> key);
  SignatureAlgorithm algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
  Bytes public_key_;
};

// False for every signature that is not valid; keys and signatures of wrong form included. May be called from
// any thread.
[[nodiscard]] bool verify_signature(SignatureAlgorithm algorithm, ByteView public_key, ByteView message,
                                    ByteView signature);
// Whether the bytes have the form of a public key of that algorithm (for ECDSA: a point of the curve).
[[nodiscard]] bool is_signature_key(SignatureAlgorithm algorithm, ByteView public_key);

}  // namespace mychat
