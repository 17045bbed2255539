#include "keys/identity.h"

#include <utility>

#include "base/error.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "protocol/handle.h"

namespace mychat {
namespace {

// The certificate binds the exact text, so only one form of a handle may be certified.
void require_canonical(std::string_view handle) {
  if (normalize_handle(handle) != handle) {
    throw Error(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_KEYS,
                "The identity's handle is not a canonical handle.");
  }
}

}  // namespace

Identity::Identity(std::string_view handle, RsaPrivateKey identity_key, Ed25519PrivateKey signing_key,
                   Bytes certificate)
    : handle_(handle),
      identity_key_(std::move(identity_key)),
      signing_key_(std::move(signing_key)),
      certificate_(std::move(certificate)),
      fingerprint_(key_fingerprint(identity_key_.public_key())) {}

Identity Identity::with_new_signing_key(std::string_view handle, RsaPrivateKey identity_key) {
  require_canonical(handle);
  Ed25519PrivateKey signing_key = Ed25519PrivateKey::generate();
  Bytes certificate = certify_signing_key(identity_key, handle, signing_key.public_key());
  return {handle, std::move(identity_key), std::move(signing_key), std::move(certificate)};
}

Identity Identity::restore(std::string_view handle, RsaPrivateKey identity_key, ByteView signing_seed,
                           ByteView certificate) {
  require_canonical(handle);
  Ed25519PrivateKey signing_key = Ed25519PrivateKey::from_seed(signing_seed);
  if (!signing_key_certified(identity_key.public_key(), handle, signing_key.public_key(), certificate)) {
    throw Error(MYCHAT_E_SIGNATURE, MYCHAT_DOMAIN_KEYS,
                "The signing key's certificate is not of this identity key and handle.");
  }
  return {handle, std::move(identity_key), std::move(signing_key), to_bytes(certificate)};
}

}  // namespace mychat
