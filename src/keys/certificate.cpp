#include "keys/certificate.h"

#include "base/clock.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "keys/fingerprint.h"
#include "protocol/signed_bytes.h"

namespace mychat {
namespace {

Bytes certificate_bytes(const RsaPublicKey& identity_key, std::string_view handle, ByteView signing_key) {
  const Sha256Digest key_digest = sha256(identity_key.to_spki_der());
  return bytes_to_sign(
      SigningKeyToCertify{.handle = handle, .signing_key = signing_key, .identity_key_sha256 = key_digest});
}

Bytes rotation_bytes(const RsaPublicKey& old_key, const RsaPublicKey& new_key, std::string_view handle,
                     std::string_view created_at) {
  const Sha256Digest old_digest = sha256(old_key.to_spki_der());
  const Sha256Digest new_digest = sha256(new_key.to_spki_der());
  return bytes_to_sign(RotationToSign{.handle = handle,
                                      .old_key_sha256 = old_digest,
                                      .new_key_sha256 = new_digest,
                                      .created_at = created_at});
}

[[noreturn]] void refuse(mychat_status status, const char* message) {
  throw Error(status, MYCHAT_DOMAIN_KEYS, message);
}

}  // namespace

Bytes certify_signing_key(const RsaPrivateKey& identity_key, std::string_view handle,
                          const Ed25519PublicKey& signing_key) {
  return identity_key.sign_pss(certificate_bytes(identity_key.public_key(), handle, signing_key));
}

bool signing_key_certified(const RsaPublicKey& identity_key, std::string_view handle, ByteView signing_key,
                           ByteView certificate) {
  if (signing_key.size() != kEd25519PublicKeySize || certificate.size() != kRsaBytes) return false;
  return identity_key.verify_pss(certificate_bytes(identity_key, handle, signing_key), certificate);
}

KeyRotationStatement make_rotation(const RsaPrivateKey& old_key, const RsaPrivateKey& new_key,
                                   std::string_view handle, std::int64_t now_ms) {
  if (old_key == new_key) refuse(MYCHAT_E_INVALID_ARGUMENT, "A rotation needs two different identity keys.");
  KeyRotationStatement statement{.old_fingerprint = key_fingerprint(old_key.public_key()),
                                 .new_fingerprint = key_fingerprint(new_key.public_key()),
                                 .created_at = format_time(now_ms),
                                 .signature_old = {},
                                 .signature_new = {}};
  const Bytes bytes =
      rotation_bytes(old_key.public_key(), new_key.public_key(), handle, statement.created_at);
  statement.signature_old = old_key.sign_pss(bytes);
  statement.signature_new = new_key.sign_pss(bytes);
  return statement;
}

void verify_rotation(const KeyRotationStatement& statement, const RsaPublicKey& old_key,
                     const RsaPublicKey& new_key, std::string_view handle) {
  if (old_key == new_key) refuse(MYCHAT_E_KEY_MISMATCH, "The rotation leads from a key to the same key.");
  if (!equal_fingerprints(statement.old_fingerprint, key_fingerprint(old_key))) {
    refuse(MYCHAT_E_KEY_MISMATCH, "The rotation's old fingerprint is not that of the old key.");
  }
  if (!equal_fingerprints(statement.new_fingerprint, key_fingerprint(new_key))) {
    refuse(MYCHAT_E_KEY_MISMATCH, "The rotation's new fingerprint is not that of the new key.");
  }
  if (!parse_time(statement.created_at)) refuse(MYCHAT_E_MALFORMED, "The rotation's time is not a time.");
  const Bytes bytes = rotation_bytes(old_key, new_key, handle, statement.created_at);
  if (!old_key.verify_pss(bytes, statement.signature_old)) {
    refuse(MYCHAT_E_SIGNATURE, "The old key's signature of the rotation does not verify.");
  }
  if (!new_key.verify_pss(bytes, statement.signature_new)) {
    refuse(MYCHAT_E_SIGNATURE, "The new key's signature of the rotation does not verify.");
  }
}

}  // namespace mychat
