// What identity keys sign: the certificate of a signing key, and the rotation to a new identity key
// (docs/protocol.md, sections 6 and 7). Checking needs public keys only; the node does it too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"
#include "crypto/sign.h"

namespace mychat {

// RSA-PSS by the identity key: "this signing key speaks for this handle". 512 bytes.
Bytes certify_signing_key(const RsaPrivateKey& identity_key, std::string_view handle,
                          const Ed25519PublicKey& signing_key);
// False for everything that is not such a certificate, keys of wrong length included.
[[nodiscard]] bool signing_key_certified(const RsaPublicKey& identity_key, std::string_view handle,
                                         ByteView signing_key, ByteView certificate);

// The old and the new identity key vouch for each other. Members as on the wire, signatures decoded.
struct KeyRotationStatement {
  std::string old_fingerprint;  // key_fingerprint() form
  std::string new_fingerprint;
  std::string created_at;  // ISO 8601
  Bytes signature_old;
  Bytes signature_new;
};

KeyRotationStatement make_rotation(const RsaPrivateKey& old_key, const RsaPrivateKey& new_key,
                                   std::string_view handle, std::int64_t now_ms);

// Returns when the statement holds for exactly these keys and this handle. Throws MYCHAT_E_KEY_MISMATCH when
// a fingerprint is not that of the key or both keys are the same, MYCHAT_E_MALFORMED when the time is not
// one, MYCHAT_E_SIGNATURE when a signature does not verify (the message names which).
void verify_rotation(const KeyRotationStatement& statement, const RsaPublicKey& old_key,
                     const RsaPublicKey& new_key, std::string_view handle);

}  // namespace mychat
