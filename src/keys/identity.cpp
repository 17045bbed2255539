#include "keys/identity.h"

#include <utility>

#include "base/error.h"
#include "crypto/kdf.h"
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

Ed25519PrivateKey derive_signing_key(const RsaPrivateKey& identity_key) {
  const RsaPrivateComponents numbers = identity_key.components();
  // Two numbers of 2048 bits, as all keys here have. d is no such thing: some reduce it by (p-1)(q-1), others
  // by their least common multiple, and either way it is the same key.
  const bool ordered = numbers.p > numbers.q;
  Secret primes = ordered ? numbers.p : numbers.q;
  const Secret& smaller = ordered ? numbers.q : numbers.p;
  primes.insert(primes.end(), smaller.begin(), smaller.end());
  return Ed25519PrivateKey::from_seed(
      view(hkdf_sha256(view(primes), {}, view("MyChat signing key v1"), kEd25519SeedSize)));
}

Identity::Identity(std::string_view handle, RsaPrivateKey identity_key, Ed25519PrivateKey signing_key,
                   Bytes certificate)
    : handle_(handle),
      identity_key_(std::move(identity_key)),
      signing_key_(std::move(signing_key)),
      certificate_(std::move(certificate)),
      fingerprint_(key_fingerprint(identity_key_.public_key())) {}

Identity Identity::of_key(std::string_view handle, RsaPrivateKey identity_key) {
  require_canonical(handle);
  Ed25519PrivateKey signing_key = derive_signing_key(identity_key);
  Bytes certificate = certify_signing_key(identity_key, handle, signing_key.public_key());
  return {handle, std::move(identity_key), std::move(signing_key), std::move(certificate)};
}

}  // namespace mychat
