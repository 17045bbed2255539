#include "crypto/dh.h"

#include "crypto/random.h"
#include "crypto/raw_key.h"

namespace mychat {

namespace {

constexpr char kType[] = "X25519";

[[noreturn]] void throw_bad_peer() {
  clear_crypto_errors();
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO, "The peer's X25519 key is not acceptable.");
}

}  // namespace

X25519PrivateKey::X25519PrivateKey(std::shared_ptr<EVP_PKEY> key)
    : key_(std::move(key)), public_key_(detail::raw_public_bytes(key_.get())) {}

X25519PrivateKey X25519PrivateKey::generate() { return from_bytes(random_secret(kX25519KeySize)); }

X25519PrivateKey X25519PrivateKey::from_bytes(ByteView key) {
  return X25519PrivateKey(detail::raw_private_key(kType, key));
}

Secret X25519PrivateKey::to_bytes() const { return detail::raw_private_bytes(key_.get()); }

Secret X25519PrivateKey::agree(ByteView peer_public_key) const {
  const detail::Pkey peer = detail::raw_public_key(kType, peer_public_key);
  if (!peer) throw_bad_peer();
  const detail::PkeyContext context(detail::required(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr),
                                                     "A key context could not be made."));
  detail::check(EVP_PKEY_derive_init(context.get()), "Key agreement could not be set up.");
  detail::check(EVP_PKEY_derive_set_peer(context.get(), peer.get()), "Key agreement could not be set up.");
  Secret shared(kX25519KeySize);
  std::size_t size = shared.size();
  // OpenSSL refuses a shared secret of zeros; looked at here too, since so much rests on it.
  if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1 || size != shared.size() ||
      equal_constant_time(shared, Secret(kX25519KeySize))) {
    throw_bad_peer();
  }
  return shared;
}

}  // namespace mychat
