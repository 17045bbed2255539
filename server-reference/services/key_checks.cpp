#include "services/key_checks.h"

#include "base/encoding.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/public_key.h"
#include "services/result.h"

namespace mychat::server {

void check_keys(const std::string& handle, const std::string& public_key, const std::string& fingerprint,
                const std::optional<std::string>& signing_key,
                const std::optional<std::string>& certificate) {
  const auto key = [&] {
    try {
      return parse_public_key(public_key);
    } catch (const Error&) {
      throw Refused(invalid("public_key", "The public key is not an RSA-4096 key in PEM or JWK form."));
    }
  }();
  if (!fingerprint_matches(key, public_key, fingerprint)) {
    throw Refused(invalid("public_key_fingerprint", "The fingerprint does not belong to the public key."));
  }
  if (!signing_key && !certificate) return;
  if (!signing_key || !certificate) {
    throw Refused(invalid(signing_key ? "signing_key_certificate" : "signing_key",
                          "A signing key and its certificate go together."));
  }
  const auto key_bytes = base64_decode(*signing_key);
  const auto certificate_bytes = base64_decode(*certificate);
  if (!key_bytes || !certificate_bytes ||
      !signing_key_certified(key, handle, view(*key_bytes), view(*certificate_bytes))) {
    throw Refused(invalid("signing_key_certificate",
                          "The certificate of the signing key does not verify for this handle."));
  }
}

void check_rotation(const std::string& handle, const std::string& old_key, const std::string& new_key,
                    const wire::Rotation& rotation) {
  const auto old_signature = base64_decode(rotation.signature_old);
  const auto new_signature = base64_decode(rotation.signature_new);
  if (!old_signature || !new_signature) throw Refused(409, "The rotation's signatures are not base64.");
  try {
    verify_rotation({rotation.old_fingerprint, rotation.new_fingerprint, rotation.created_at, *old_signature,
                     *new_signature},
                    parse_public_key(old_key), parse_public_key(new_key), handle);
  } catch (const Error& error) {
    throw Refused(409, std::string("The rotation does not chain: ") + error.what());
  }
}

}  // namespace mychat::server
