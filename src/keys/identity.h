// What makes a user: the RSA identity key, and an Ed25519 signing key that follows from it and that it
// certifies for the user's handle.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "crypto/sign.h"

namespace mychat {

// The signing key of an identity key: the same in every session, and after every restore, of whoever has that
// key (docs/adr/0006-signing-key-from-identity-key.md).
Ed25519PrivateKey derive_signing_key(const RsaPrivateKey& identity_key);

// Immutable, copied cheaply; may be shared by threads. The handle is the full one, in canonical form.
class Identity {
 public:
  // Makes the identity key; about a second. Throws MYCHAT_E_CANCELLED when a stop is requested.
  static Identity create(std::string_view handle, std::stop_token stop = {},
                         const KeygenProgressFunction& progress = {});
  static Identity of_key(std::string_view handle, RsaPrivateKey identity_key);

  const std::string& handle() const noexcept { return handle_; }
  const RsaPrivateKey& identity_key() const noexcept { return identity_key_; }
  const RsaPublicKey& public_key() const noexcept { return identity_key_.public_key(); }
  const Ed25519PrivateKey& signing_key() const noexcept { return signing_key_; }
  const Bytes& certificate() const noexcept { return certificate_; }
  const std::string& fingerprint() const noexcept {
    return fingerprint_;
  }  // key_fingerprint() of the public key

 private:
  Identity(std::string_view handle, RsaPrivateKey identity_key, Ed25519PrivateKey signing_key,
           Bytes certificate);

  std::string handle_;
  RsaPrivateKey identity_key_;
  Ed25519PrivateKey signing_key_;
  Bytes certificate_;
  std::string fingerprint_;
};

}  // namespace mychat
