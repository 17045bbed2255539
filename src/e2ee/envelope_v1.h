// The v1 message envelope: AES-256-GCM under a fresh key, that key wrapped with RSA-OAEP; with MyChat's
// optional signature and the sender's own wrapped key (docs/protocol.md, sections 2 and 6).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"
#include "crypto/sign.h"

namespace mychat {

inline constexpr std::string_view kEnvelopeV1Algorithm = "AES-256-GCM+RSA-4096-OAEP";
// Longest plaintext sealed or opened here (v1's file limit); nodes set smaller limits for messages.
inline constexpr std::size_t kEnvelopeMaxPlaintext = 52428800;

// Texts exactly as on the wire. An empty text is an absent member.
struct EnvelopeFields {
  std::string algorithm;  // v1 nodes drop it: empty is taken as kEnvelopeV1Algorithm
  std::string encrypted_content;
  std::string encrypted_key;
  std::string iv;
  std::string sender_encrypted_key;  // the node returns it to the sender only
  std::string sender_key_hash;       // base64 of SHA-256 of the above, decoded; signed with the rest
  std::string signature;             // base64 of the signing key (32 bytes) and its signature (64)
};

// What a signature binds the envelope to; texts as on the wire.
struct EnvelopeContext {
  std::string id;
  std::string sender;
  std::string recipient;
  std::string content_type = "text";
  std::string sent_at;
};

struct SealOptions {
  const RsaPublicKey* sender_key = nullptr;        // also wrap the key for the sender
  const Ed25519PrivateKey* signing_key = nullptr;  // sign
};

// MYCHAT_E_TOO_LARGE above kEnvelopeMaxPlaintext; MYCHAT_E_INVALID_ARGUMENT for a "text" that is not UTF-8
// and for a signature whose context is incomplete.
EnvelopeFields seal_envelope(ByteView plaintext, const RsaPublicKey& recipient_key,
                             const EnvelopeContext& context, const SealOptions& options = {});

// Who opens it decides which wrapped key is used.
enum class OpenAs { kRecipient, kSender };

// The plaintext, or
// MYCHAT_E_NO_KEY_MATERIAL  the wrapped key or the iv is missing (v1 nodes lose them)
// MYCHAT_E_UNSUPPORTED      an algorithm that is not this one
// MYCHAT_E_MALFORMED        not base64, an iv, key or content of a wrong length; a "text" that is not UTF-8
// MYCHAT_E_TOO_LARGE        content above the limit
// MYCHAT_E_DECRYPT          everything else, without saying which step failed
Secret open_envelope(const EnvelopeFields& fields, const RsaPrivateKey& key,
                     std::string_view content_type = "text", OpenAs as = OpenAs::kRecipient);

enum class SignatureState {
  kUnsigned,  // no signature
  kSigned,    // right, by the key that it names; whose key that is must be known from elsewhere
  kInvalid,   // malformed, or not made by the key that it names over this envelope and context
};

struct SignatureCheck {
  SignatureState state = SignatureState::kUnsigned;
  Ed25519PublicKey signer{};  // with kSigned
};

// Whoever altered the message can name a key of their own: kSigned says who wrote it only when `signer` is
// certified by the sender's accepted identity key (keys/certificate.h).
SignatureCheck check_signature(const EnvelopeFields& fields, const EnvelopeContext& context);

}  // namespace mychat
