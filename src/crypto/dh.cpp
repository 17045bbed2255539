#include "crypto/dh.h"

#include "crypto/random.h"
#include "crypto/raw_key.h"

namespace mychat {

X25519PrivateKey::X25519PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {
  detail::raw_public_bytes(key_.get(), public_key_);
}

X25519PrivateKey X25519PrivateKey::generate() { return from_bytes(random_secret(kX25519KeySize)); }

X25519PrivateKey X25519PrivateKey::from_bytes(ByteView key) {
  return X25519PrivateKey(detail::raw_private_key(detail::kRawX25519, key));
}

Secret X25519PrivateKey::to_bytes() const {
  return detail::raw_private_bytes(detail::kRawX25519, key_.get());
}

Secret X25519PrivateKey::agree(ByteView peer_public_key) const {
  return detail::RawAgreement(detail::kRawX25519, key_.get()).with(peer_public_key);
}

}  // namespace mychat
