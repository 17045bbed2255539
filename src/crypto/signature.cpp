#include "crypto/signature.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <bit>

#include "crypto/ec_curve.h"
#include "crypto/random.h"
#include "crypto/raw_key.h"

namespace mychat {

namespace {

using detail::EcCurve;
using detail::Pkey;
using detail::PkeyContext;

// What an algorithm is made of: a raw key type or a curve.
struct Scheme {
  const detail::RawKeyType* raw;
  const EcCurve* curve;
  const char* digest;
};

Scheme scheme_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEd25519:
      return {&detail::kRawEd25519, nullptr, nullptr};
    case SignatureAlgorithm::kEd448:
      return {&detail::kRawEd448, nullptr, nullptr};
    case SignatureAlgorithm::kEcdsaP256Sha256:
      return {nullptr, &detail::curve_p256(), "SHA2-256"};
    case SignatureAlgorithm::kEcdsaP384Sha384:
      return {nullptr, &detail::curve_p384(), "SHA2-384"};
    case SignatureAlgorithm::kEcdsaP521Sha512:
      break;
  }
  return {nullptr, &detail::curve_p521(), "SHA2-512"};
}

Pkey ec_pkey(int selection, OSSL_PARAM* params) {
  const PkeyContext context(detail::required(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr),
                                             "A key context could not be made."));
  detail::check(EVP_PKEY_fromdata_init(context.get()), "A key could not be set up.");
  EVP_PKEY* key = nullptr;
  detail::check(EVP_PKEY_fromdata(context.get(), &key, selection, params), "A key could not be made.");
  return Pkey(key);
}

OSSL_PARAM group_of(const EcCurve& curve) {
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(curve.name), 0);
}

// Between big-endian and the machine's order of bytes, in which parameters of OpenSSL hold numbers.
void swap_native(Secret& number) {
  if constexpr (std::endian::native == std::endian::little) std::reverse(number.begin(), number.end());
}

std::shared_ptr<EVP_PKEY> ec_private_pkey(const EcCurve& curve, ByteView private_key) {
  Secret scalar = detail::ec_scalar(curve, private_key);
  Bytes public_key = detail::ec_public_key(curve, scalar);
  swap_native(scalar);
  OSSL_PARAM params[] = {
      group_of(curve), OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar.data(), scalar.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public_key.data(), public_key.size()),
      OSSL_PARAM_construct_end()};
  return detail::share(ec_pkey(EVP_PKEY_KEYPAIR, params).release());
}

// The curve without a key, made once a process: a copy of it costs a fraction of what a new one does.
const EVP_PKEY* ec_template(const EcCurve& curve) {
  const auto make = [](const EcCurve& of) {
    OSSL_PARAM params[] = {group_of(of), OSSL_PARAM_construct_end()};
    return ec_pkey(EVP_PKEY_KEY_PARAMETERS, params).release();
  };
  static const EVP_PKEY* const p256 = make(detail::curve_p256());
  static const EVP_PKEY* const p384 = make(detail::curve_p384());
  static const EVP_PKEY* const p521 = make(detail::curve_p521());
  return &curve == &detail::curve_p256() ? p256 : &curve == &detail::curve_p384() ? p384 : p521;
}

// Null when the bytes are no point of the curve.
Pkey ec_public_pkey(const EcCurve& curve, ByteView point) {
  if (point.size() != curve.point_size() || point[0] != POINT_CONVERSION_UNCOMPRESSED) return nullptr;
  Pkey key(EVP_PKEY_dup(const_cast<EVP_PKEY*>(ec_template(curve))));
  detail::require_memory(key != nullptr);
  if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) == 1) return key;
  clear_crypto_errors();
  return nullptr;
}

}  // namespace

SigningKey::SigningKey(SignatureAlgorithm algorithm, std::shared_ptr<EVP_PKEY> key)
    : algorithm_(algorithm), key_(std::move(key)) {
  const Scheme scheme = scheme_of(algorithm);
  if (scheme.raw != nullptr) {
    public_key_.resize(scheme.raw->size);
    detail::raw_public_bytes(key_.get(), public_key_);
    return;
  }
  public_key_.resize(scheme.curve->point_size());
  std::size_t size = 0;
  detail::check(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key_.data(),
                                                public_key_.size(), &size),
                "The public key could not be read.");
}

SigningKey SigningKey::generate(SignatureAlgorithm algorithm) {
  const Scheme scheme = scheme_of(algorithm);
  return from_bytes(algorithm, scheme.raw != nullptr ? random_secret(scheme.raw->size)
                                                     : detail::random_ec_scalar(*scheme.curve));
}

SigningKey SigningKey::from_bytes(SignatureAlgorithm algorithm, ByteView private_key) {
  const Scheme scheme = scheme_of(algorithm);
  return {algorithm, scheme.raw != nullptr ? detail::raw_private_key(*scheme.raw, private_key)
                                           : ec_private_pkey(*scheme.curve, private_key)};
}

Secret SigningKey::to_bytes() const {
  const Scheme scheme = scheme_of(algorithm_);
  if (scheme.raw != nullptr) return detail::raw_private_bytes(*scheme.raw, key_.get());
  // Not EVP_PKEY_get_bn_param(), which leaves a copy on the stack.
  Secret bytes(scheme.curve->size);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, bytes.data(), bytes.size()),
                         OSSL_PARAM_construct_end()};
  detail::check(EVP_PKEY_get_params(key_.get(), params), "The private key could not be read.");
  swap_native(bytes);
  return bytes;
}

Bytes SigningKey::sign(ByteView message) const {
  return detail::sign_with(key_.get(), scheme_of(algorithm_).digest, message);
}

bool verify_signature(SignatureAlgorithm algorithm, ByteView public_key, ByteView message,
                      ByteView signature) {
  const Scheme scheme = scheme_of(algorithm);
  const Pkey key = scheme.raw != nullptr ? detail::raw_public_key(*scheme.raw, public_key)
                                         : ec_public_pkey(*scheme.curve, public_key);
  return key && detail::verify_with(key.get(), scheme.digest, message, signature);
}

bool is_signature_key(SignatureAlgorithm algorithm, ByteView public_key) {
  const Scheme scheme = scheme_of(algorithm);
  return scheme.raw != nullptr ? public_key.size() == scheme.raw->size
                               : detail::is_ec_point(*scheme.curve, public_key);
}

}  // namespace mychat
