// What makes a user: the RSA identity key, and an Ed25519 signing key that it certifies for the user's
// handle.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "crypto/sign.h"

namespace mychat {

// Immutable, copied cheaply; may be shared by threads. The handle is the full one, in canonical form.
class Identity {
 public:
  // Makes both keys; about a second. Throws MYCHAT_E_CANCELLED when a stop is requested.
  static Identity create(std::string_view handle, std::stop_token stop = {},
                         const KeygenProgressFunction& progress = {});
  // A fresh signing key for an identity key that exists, from a v1 backup for example.
  static Identity with_new_signing_key(std::string_view handle, RsaPrivateKey identity_key);
  // From storage. MYCHAT_E_SIGNATURE when the certificate is not of these keys and this handle.
  static Identity restore(std::string_view handle, RsaPrivateKey identity_key, ByteView signing_seed,
                          ByteView certificate);

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
