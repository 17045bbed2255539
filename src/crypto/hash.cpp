#include "crypto/hash.h"

#include "crypto/internal.h"

namespace mychat {

namespace detail {

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm =
      required(EVP_MD_fetch(nullptr, "SHA2-256", nullptr), "SHA-256 is not available.");
  return algorithm;
}

const EVP_MD* sha384_algorithm() {
  static const EVP_MD* const algorithm =
      required(EVP_MD_fetch(nullptr, "SHA2-384", nullptr), "SHA-384 is not available.");
  return algorithm;
}

const EVP_MD* sha512_algorithm() {
  static const EVP_MD* const algorithm =
      required(EVP_MD_fetch(nullptr, "SHA2-512", nullptr), "SHA-512 is not available.");
  return algorithm;
}

}  // namespace detail

Sha256Digest sha256(ByteView data) {
  Sha256Digest digest;
  detail::check(
      EVP_Digest(data.data(), data.size(), digest.data(), nullptr, detail::sha256_algorithm(), nullptr),
      "SHA-256 failed.");
  return digest;
}

Sha512Digest sha512(ByteView data) {
  Sha512Digest digest;
  detail::check(
      EVP_Digest(data.data(), data.size(), digest.data(), nullptr, detail::sha512_algorithm(), nullptr),
      "SHA-512 failed.");
  return digest;
}

void Sha256::Free::operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(detail::required(EVP_MD_CTX_new(), "A hash context could not be made.")) {
  detail::check(EVP_DigestInit_ex2(context_.get(), detail::sha256_algorithm(), nullptr), "SHA-256 failed.");
}

Sha256& Sha256::update(ByteView data) {
  detail::check(EVP_DigestUpdate(context_.get(), data.data(), data.size()), "SHA-256 failed.");
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  detail::check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr), "SHA-256 failed.");
  detail::check(EVP_DigestInit_ex2(context_.get(), detail::sha256_algorithm(), nullptr), "SHA-256 failed.");
  return digest;
}

}  // namespace mychat
