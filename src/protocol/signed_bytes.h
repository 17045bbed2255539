// The exact bytes that are signed (docs/protocol.md, sections 6 and 7). Pure concatenation: hashes are passed
// in.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace mychat {

// Ed25519 `signature` of a message. Texts as on the wire; hashes of 32 bytes over decoded members; iv
// decoded.
struct EnvelopeToSign {
  std::string_view id;
  std::string_view sender_handle;
  std::string_view recipient_handle;
  std::string_view algorithm;
  std::string_view content_type;
  std::string_view sent_at;
  ByteView content_sha256;
  ByteView encrypted_key_sha256;
  ByteView iv;
  std::optional<ByteView> sender_encrypted_key_sha256;  // Without one, an empty part ends the bytes.
};
Bytes bytes_to_sign(const EnvelopeToSign& envelope);

// `signing_key_certificate`: RSA-PSS by the identity key, whose DER SubjectPublicKeyInfo is hashed.
struct SigningKeyToCertify {
  std::string_view handle;
  ByteView signing_key;  // 32 bytes
  ByteView identity_key_sha256;
};
Bytes bytes_to_sign(const SigningKeyToCertify& certificate);

// `signature_old` and `signature_new` of a rotation.
struct RotationToSign {
  std::string_view handle;
  ByteView old_key_sha256;
  ByteView new_key_sha256;
  std::string_view created_at;
};
Bytes bytes_to_sign(const RotationToSign& rotation);

// All three throw MYCHAT_E_INVALID_ARGUMENT when a hash or key is not 32 bytes or an iv not 12.

}  // namespace mychat
