#include "crypto/sign.h"

#include <algorithm>

#include "crypto/pem.h"
#include "crypto/random.h"
#include "crypto/raw_key.h"

namespace mychat {

Ed25519PrivateKey::Ed25519PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {
  detail::raw_public_bytes(key_.get(), public_key_);
}

Ed25519PrivateKey Ed25519PrivateKey::generate() { return from_seed(random_secret(kEd25519SeedSize)); }

Ed25519PrivateKey Ed25519PrivateKey::from_seed(ByteView seed) {
  return Ed25519PrivateKey(detail::raw_private_key(detail::kRawEd25519, seed));
}

Secret Ed25519PrivateKey::seed() const { return detail::raw_private_bytes(detail::kRawEd25519, key_.get()); }

Ed25519Signature Ed25519PrivateKey::sign(ByteView message) const {
  const Bytes bytes = detail::sign_with(key_.get(), nullptr, message);
  Ed25519Signature signature;
  std::copy_n(bytes.begin(), signature.size(), signature.begin());
  return signature;
}

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) {
  if (signature.size() != kEd25519SignatureSize) return false;
  const detail::Pkey key = detail::raw_public_key(detail::kRawEd25519, public_key);
  return key && detail::verify_with(key.get(), nullptr, message, signature);
}

std::string ed25519_public_pem(const Ed25519PublicKey& key) {
  // The head of every such DER: SEQUENCE, AlgorithmIdentifier 1.3.101.112, BIT STRING of 32 bytes.
  Bytes der{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  der.insert(der.end(), key.begin(), key.end());
  const Secret pem = detail::pem_encode(der, "PUBLIC KEY");
  return std::string(text(view(pem)));
}

}  // namespace mychat
