#include "e2ee/envelope_v1.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "protocol/limits.h"
#include "protocol/signed_bytes.h"

namespace mychat {
namespace {

static_assert(kEnvelopeV1Algorithm == limits::kAlgorithmEnvelopeV1);
static_assert(limits::kSignatureBytes == kEd25519PublicKeySize + kEd25519SignatureSize);
constexpr std::size_t kMaxContentText = (kEnvelopeMaxPlaintext + kAeadTagSize + 2) / 3 * 4;
constexpr std::size_t kWrappedKeyText = (kRsaBytes + 2) / 3 * 4;

[[noreturn]] void fail(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_E2EE, message);
}

// One answer for every way in which decryption can fail, so that nobody can ask which step it was.
[[noreturn]] void fail_decrypt() {
  fail(MYCHAT_E_DECRYPT, "The message cannot be decrypted: it is for another key, or was altered.");
}

bool must_be_utf8(std::string_view content_type) { return content_type == limits::kContentText; }

// Members as bytes, their sizes checked.
struct Decoded {
  Bytes content, wrapped_key, iv;
};

Bytes decode(const std::string& text, const char* member) {
  auto bytes = base64_decode(text);
  if (!bytes) fail(MYCHAT_E_MALFORMED, std::string("The message's ") + member + " is not base64.");
  return std::move(*bytes);
}

Decoded decode_fields(const EnvelopeFields& fields, OpenAs as) {
  if (!fields.algorithm.empty() && fields.algorithm != kEnvelopeV1Algorithm) {
    fail(MYCHAT_E_UNSUPPORTED, "The message is encrypted with an algorithm that this version does not know.");
  }
  const bool to_us = as == OpenAs::kRecipient;
  const std::string& wrapped_key = to_us ? fields.encrypted_key : fields.sender_encrypted_key;
  const char* const key_member = to_us ? "encrypted_key" : "sender_encrypted_key";
  if (wrapped_key.empty()) {
    fail(MYCHAT_E_NO_KEY_MATERIAL, std::string("The message came without ") + key_member + ".");
  }
  if (fields.iv.empty()) fail(MYCHAT_E_NO_KEY_MATERIAL, "The message came without iv.");
  if (fields.encrypted_content.size() > kMaxContentText)
    fail(MYCHAT_E_TOO_LARGE, "The message is too large.");
  if (wrapped_key.size() > kWrappedKeyText) {
    fail(MYCHAT_E_MALFORMED, std::string("The message's ") + key_member + " has a wrong length.");
  }
  Decoded out{.content = decode(fields.encrypted_content, "encrypted_content"),
              .wrapped_key = decode(wrapped_key, key_member),
              .iv = decode(fields.iv, "iv")};
  if (out.content.size() < kAeadTagSize)
    fail(MYCHAT_E_MALFORMED, "The message's encrypted_content is too short.");
  if (out.content.size() > kEnvelopeMaxPlaintext + kAeadTagSize) {
    fail(MYCHAT_E_TOO_LARGE, "The message is too large.");
  }
  if (out.wrapped_key.size() != kRsaBytes) {
    fail(MYCHAT_E_MALFORMED, std::string("The message's ") + key_member + " has a wrong length.");
  }
  if (out.iv.size() != kAeadNonceSize) fail(MYCHAT_E_MALFORMED, "The message's iv has a wrong length.");
  return out;
}

Secret decrypt(const Decoded& envelope, const RsaPrivateKey& key) {
  try {
    const Secret content_key = key.decrypt_oaep(envelope.wrapped_key);
    if (content_key.size() != kAeadKeySize) fail_decrypt();
    return aes256gcm_open(view(content_key), envelope.iv, envelope.content);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_DECRYPT) fail_decrypt();
    throw;
  }
}

Bytes signed_bytes(const EnvelopeContext& context, std::string_view algorithm, ByteView content,
                   ByteView wrapped_key, ByteView iv, std::optional<ByteView> sender_key_hash) {
  const Sha256Digest content_hash = sha256(content);
  const Sha256Digest key_hash = sha256(wrapped_key);
  return bytes_to_sign(EnvelopeToSign{.id = context.id,
                                      .sender_handle = context.sender,
                                      .recipient_handle = context.recipient,
                                      .algorithm = algorithm,
                                      .content_type = context.content_type,
                                      .sent_at = context.sent_at,
                                      .content_sha256 = content_hash,
                                      .encrypted_key_sha256 = key_hash,
                                      .iv = iv,
                                      .sender_encrypted_key_sha256 = sender_key_hash});
}

// The hash of the sender's wrapped key that the signature must cover. False when what came contradicts
// itself.
bool sender_key_hash_of(const EnvelopeFields& fields, std::optional<Bytes>& out) {
  if (!fields.sender_key_hash.empty()) {
    out = base64_decode(fields.sender_key_hash);
    if (!out || out->size() != sizeof(Sha256Digest)) return false;
  }
  if (fields.sender_encrypted_key.empty()) return true;
  const auto wrapped = base64_decode(fields.sender_encrypted_key);
  if (!wrapped) return false;
  const Sha256Digest hash = sha256(*wrapped);
  if (out) return equal_constant_time(*out, hash);
  out = Bytes(hash.begin(), hash.end());
  return true;
}

bool signature_holds(const EnvelopeFields& fields, const EnvelopeContext& context, ByteView signature,
                     const Ed25519PublicKey& key) {
  const auto content = base64_decode(fields.encrypted_content);
  const auto wrapped_key = base64_decode(fields.encrypted_key);
  const auto iv = base64_decode(fields.iv);
  std::optional<Bytes> sender_key_hash;
  if (!content || !wrapped_key || !iv || iv->size() != kAeadNonceSize) return false;
  if (!sender_key_hash_of(fields, sender_key_hash)) return false;
  const std::string_view algorithm = fields.algorithm.empty() ? kEnvelopeV1Algorithm : fields.algorithm;
  std::optional<ByteView> hash;
  if (sender_key_hash) hash = ByteView(*sender_key_hash);
  return ed25519_verify(key, signed_bytes(context, algorithm, *content, *wrapped_key, *iv, hash), signature);
}

void check_sealing(ByteView plaintext, const EnvelopeContext& context, const SealOptions& options) {
  if (plaintext.size() > kEnvelopeMaxPlaintext) fail(MYCHAT_E_TOO_LARGE, "The message is too large.");
  if (must_be_utf8(context.content_type) && !is_utf8(text(plaintext))) {
    fail(MYCHAT_E_INVALID_ARGUMENT, "The text of the message is not UTF-8.");
  }
  if (options.signing_key != nullptr &&
      (context.id.empty() || context.sender.empty() || context.recipient.empty() ||
       context.content_type.empty() || context.sent_at.empty())) {
    fail(MYCHAT_E_INVALID_ARGUMENT, "A signed message needs id, sender, recipient, content type and time.");
  }
}

}  // namespace

EnvelopeFields seal_envelope(ByteView plaintext, const RsaPublicKey& recipient_key,
                             const EnvelopeContext& context, const SealOptions& options) {
  check_sealing(plaintext, context, options);
  const Secret content_key = random_secret(kAeadKeySize);
  const auto iv = random_array<kAeadNonceSize>();
  const Bytes content = aes256gcm_seal(view(content_key), iv, plaintext);
  const Bytes wrapped_key = recipient_key.encrypt_oaep(view(content_key));

  EnvelopeFields out;
  out.algorithm = kEnvelopeV1Algorithm;
  out.encrypted_content = base64_encode(content);
  out.encrypted_key = base64_encode(wrapped_key);
  out.iv = base64_encode(iv);
  std::optional<Sha256Digest> sender_key_hash;
  if (options.sender_key != nullptr) {
    const Bytes sender_wrapped = options.sender_key->encrypt_oaep(view(content_key));
    sender_key_hash = sha256(sender_wrapped);
    out.sender_encrypted_key = base64_encode(sender_wrapped);
    out.sender_key_hash = base64_encode(*sender_key_hash);
  }
  if (options.signing_key != nullptr) {
    std::optional<ByteView> hash;
    if (sender_key_hash) hash = ByteView(*sender_key_hash);
    const Ed25519PublicKey& signer = options.signing_key->public_key();
    const Ed25519Signature made = options.signing_key->sign(
        signed_bytes(context, kEnvelopeV1Algorithm, content, wrapped_key, iv, hash));
    Bytes signature(signer.begin(), signer.end());
    signature.insert(signature.end(), made.begin(), made.end());
    out.signature = base64_encode(signature);
  }
  return out;
}

Secret open_envelope(const EnvelopeFields& fields, const RsaPrivateKey& key, std::string_view content_type,
                     OpenAs as) {
  Secret plaintext = decrypt(decode_fields(fields, as), key);
  if (must_be_utf8(content_type) && !is_utf8(text(view(plaintext)))) {
    fail(MYCHAT_E_MALFORMED, "The message's text is not UTF-8.");
  }
  return plaintext;
}

SignatureCheck check_signature(const EnvelopeFields& fields, const EnvelopeContext& context) {
  if (fields.signature.empty()) return {};
  SignatureCheck out{SignatureState::kInvalid, {}};
  const auto bytes = base64_decode(fields.signature);
  if (!bytes || bytes->size() != limits::kSignatureBytes) return out;
  const ByteView named = ByteView(*bytes).first(kEd25519PublicKeySize);
  std::copy(named.begin(), named.end(), out.signer.begin());
  if (signature_holds(fields, context, ByteView(*bytes).subspan(named.size()), out.signer))
    out.state = SignatureState::kSigned;
  return out;
}

}  // namespace mychat
