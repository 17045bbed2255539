#include "crypto/sign.h"

#include "crypto/pem.h"
#include "crypto/random.h"
#include "crypto/raw_key.h"

namespace mychat {

namespace {

constexpr char kType[] = "ED25519";

detail::DigestContext new_context() {
  return detail::DigestContext(detail::required(EVP_MD_CTX_new(), "A signature context could not be made."));
}

}  // namespace

Ed25519PrivateKey::Ed25519PrivateKey(std::shared_ptr<EVP_PKEY> key)
    : key_(std::move(key)), public_key_(detail::raw_public_bytes(key_.get())) {}

Ed25519PrivateKey Ed25519PrivateKey::generate() { return from_seed(random_secret(kEd25519SeedSize)); }

Ed25519PrivateKey Ed25519PrivateKey::from_seed(ByteView seed) {
  return Ed25519PrivateKey(detail::raw_private_key(kType, seed));
}

Secret Ed25519PrivateKey::seed() const { return detail::raw_private_bytes(key_.get()); }

Ed25519Signature Ed25519PrivateKey::sign(ByteView message) const {
  const auto context = new_context();
  detail::check(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr),
                "Signing could not be set up.");
  Ed25519Signature signature;
  std::size_t size = signature.size();
  detail::check(
      EVP_DigestSign(context.get(), signature.data(), &size, detail::data_of(message), message.size()),
      "Signing failed.");
  return signature;
}

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) {
  if (signature.size() != kEd25519SignatureSize) return false;
  const detail::Pkey key = detail::raw_public_key(kType, public_key);
  if (!key) {
    clear_crypto_errors();
    return false;
  }
  const auto context = new_context();
  detail::check(
      EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr),
      "Verification could not be set up.");
  const bool good = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     detail::data_of(message), message.size()) == 1;
  if (!good) clear_crypto_errors();
  return good;
}

std::string ed25519_public_pem(const Ed25519PublicKey& key) {
  // The head of every such DER: SEQUENCE, AlgorithmIdentifier 1.3.101.112, BIT STRING of 32 bytes.
  Bytes der{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  der.insert(der.end(), key.begin(), key.end());
  const Secret pem = detail::pem_encode(der, "PUBLIC KEY");
  return std::string(text(view(pem)));
}

}  // namespace mychat
