#include "protocol/signed_bytes.h"

#include "base/error.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

class Parts {
 public:
  explicit Parts(std::string_view context) { add(context); }

  Parts& add(ByteView bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    if (size != bytes.size()) throw_argument("A part of what is signed is too long.");
    for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(size >> shift));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Parts& add(std::string_view text) { return add(view(text)); }
  // Fixed sizes are checked, so that no two different inputs give the same bytes by mistake of a caller.
  Parts& add_fixed(ByteView bytes, std::size_t size, const char* what) {
    if (bytes.size() != size)
      throw_argument("The " + std::string(what) + " to be signed does not have " + std::to_string(size) +
                     " bytes.");
    return add(bytes);
  }
  Parts& add_hash(ByteView hash) { return add_fixed(hash, limits::kSha256Bytes, "hash"); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace

Bytes bytes_to_sign(const EnvelopeToSign& envelope) {
  Parts parts("MyChat envelope v1");
  parts.add(envelope.id)
      .add(envelope.sender_handle)
      .add(envelope.recipient_handle)
      .add(envelope.algorithm)
      .add(envelope.content_type)
      .add(envelope.sent_at)
      .add_hash(envelope.content_sha256)
      .add_hash(envelope.encrypted_key_sha256)
      .add_fixed(envelope.iv, limits::kIvBytes, "iv");
  if (envelope.sender_encrypted_key_sha256) {
    parts.add_hash(*envelope.sender_encrypted_key_sha256);
  } else {
    parts.add(ByteView());
  }
  return parts.take();
}

Bytes bytes_to_sign(const SigningKeyToCertify& certificate) {
  return Parts("MyChat signing key v1")
      .add(certificate.handle)
      .add_fixed(certificate.signing_key, limits::kSigningKeyBytes, "key")
      .add_hash(certificate.identity_key_sha256)
      .take();
}

Bytes bytes_to_sign(const RotationToSign& rotation) {
  return Parts("MyChat key rotation v1")
      .add(rotation.handle)
      .add_hash(rotation.old_key_sha256)
      .add_hash(rotation.new_key_sha256)
      .add(rotation.created_at)
      .take();
}

}  // namespace mychat
