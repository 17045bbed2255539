#include "crypto/raw_key.h"

#include <openssl/core_names.h>

namespace mychat::detail {

namespace {

void check_private_size(const RawKeyType& type, ByteView bytes) {
  if (bytes.size() == type.size) return;
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
              std::string("A private ") + type.name + " key has " + std::to_string(type.size) + " bytes.");
}

[[noreturn]] void throw_bad_peer(const RawKeyType& type) {
  clear_crypto_errors();
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
              std::string("The peer's ") + type.name + " key is not acceptable.");
}

// Of X25519 or X448, as a public key; made once a process and never changed.
EVP_PKEY* generator_of(const RawKeyType& type) {
  const auto make = [](const RawKeyType& of) {
    Bytes bytes(of.size);
    bytes[0] = of.generator;
    return raw_public_key(of, bytes).release();
  };
  static EVP_PKEY* const x25519 = make(kRawX25519);
  static EVP_PKEY* const x448 = make(kRawX448);
  return type.size == kRawX25519.size ? x25519 : x448;
}

DigestContext new_context() {
  return DigestContext(required(EVP_MD_CTX_new(), "A signature context could not be made."));
}

}  // namespace

std::shared_ptr<EVP_PKEY> raw_private_key(const RawKeyType& type, ByteView bytes) {
  check_private_size(type, bytes);
  EVP_PKEY* const key =
      EVP_PKEY_new_raw_private_key_ex(nullptr, type.name, nullptr, bytes.data(), bytes.size());
  require_memory(key != nullptr);
  return share(key);
}

Pkey raw_public_key(const RawKeyType& type, ByteView bytes) {
  if (bytes.size() != type.size) return nullptr;
  Pkey key(EVP_PKEY_new_raw_public_key_ex(nullptr, type.name, nullptr, bytes.data(), bytes.size()));
  require_memory(key != nullptr);
  return key;
}

Secret raw_private_bytes(const RawKeyType& type, const EVP_PKEY* key) {
  // Not EVP_PKEY_get_raw_private_key(), which leaves a copy in memory that it has freed.
  Secret bytes(type.size);
  check(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, bytes.data(), bytes.size(), nullptr),
        "The private key could not be read.");
  return bytes;
}

void raw_public_bytes(const EVP_PKEY* key, MutableBytes out) {
  std::size_t size = out.size();
  check(EVP_PKEY_get_raw_public_key(key, out.data(), &size), "The public key could not be read.");
}

Pkey raw_agreement_key(const RawKeyType& type, ByteView private_key) {
  check_private_size(type, private_key);
  const PkeyContext context(
      required(EVP_PKEY_CTX_new_from_name(nullptr, type.name, nullptr), "A key context could not be made."));
  check(EVP_PKEY_fromdata_init(context.get()), "A key could not be set up.");
  // OpenSSL takes the public key that it is given, and agreement does not read it: any bytes will do.
  Bytes placeholder(type.size);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                        const_cast<std::uint8_t*>(private_key.data()), private_key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, placeholder.data(), placeholder.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  require_memory(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, const_cast<OSSL_PARAM*>(params)) ==
                 1);
  return Pkey(key);
}

RawAgreement::RawAgreement(const RawKeyType& type, EVP_PKEY* private_key)
    : type_(type),
      context_(required(EVP_PKEY_CTX_new_from_pkey(nullptr, private_key, nullptr),
                        "A key context could not be made.")) {
  check(EVP_PKEY_derive_init(context_.get()), "Key agreement could not be set up.");
}

Secret RawAgreement::derive(EVP_PKEY* peer) const {
  // Not validated: of these curves every key is one, and what counts is looked at below.
  check(EVP_PKEY_derive_set_peer_ex(context_.get(), peer, 0), "Key agreement could not be set up.");
  Secret shared(type_.size);
  std::size_t size = shared.size();
  // OpenSSL refuses a shared secret of zeros; looked at here too, since so much rests on it.
  if (EVP_PKEY_derive(context_.get(), shared.data(), &size) != 1 || size != shared.size() ||
      equal_constant_time(shared, Secret(type_.size))) {
    throw_bad_peer(type_);
  }
  return shared;
}

Bytes RawAgreement::public_key() const { return to_bytes(derive(generator_of(type_))); }

Secret RawAgreement::with(ByteView peer_public_key) const {
  if (peer_public_key.size() != type_.size) throw_bad_peer(type_);
  // A copy that is given another key: half the time of a new one.
  const Pkey peer(EVP_PKEY_dup(generator_of(type_)));
  require_memory(peer != nullptr);
  require_memory(
      EVP_PKEY_set1_encoded_public_key(peer.get(), peer_public_key.data(), peer_public_key.size()) == 1);
  return derive(peer.get());
}

Bytes sign_with(EVP_PKEY* key, const char* digest, ByteView message) {
  const DigestContext context = new_context();
  check(EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr),
        "Signing could not be set up.");
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  check(EVP_DigestSign(context.get(), signature.data(), &size, data_of(message), message.size()),
        "Signing failed.");
  signature.resize(size);
  return signature;
}

static bool verify_once(EVP_PKEY* key, const char* digest, ByteView message, ByteView signature) {
  const DigestContext context = new_context();
  check(EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr),
        "Verification could not be set up.");
  const bool good = EVP_DigestVerify(context.get(), data_of(signature), signature.size(), data_of(message),
                                     message.size()) == 1;
  if (!good) clear_crypto_errors();
  return good;
}

bool verify_with(EVP_PKEY* key, const char* digest, ByteView message, ByteView signature) {
  if (verify_once(key, digest, message, signature)) return true;
  // Of Ed25519 and Ed448 OpenSSL says the same, without a reason, when it has no memory for a hash.
  return digest == nullptr && verify_once(key, digest, message, signature);
}

}  // namespace mychat::detail
