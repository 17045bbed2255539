#include "crypto/mac.h"

#include <openssl/core_names.h>

#include "crypto/internal.h"

namespace mychat {

namespace {

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm =
      detail::required(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC is not available.");
  return algorithm;
}

}  // namespace

void HmacSha256::Free::operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }

HmacSha256::HmacSha256(ByteView key)
    : keyed_(detail::required(EVP_MAC_CTX_new(hmac_algorithm()), "An HMAC context could not be made.")) {
  char digest[] = "SHA2-256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  detail::check(EVP_MAC_init(keyed_.get(), detail::data_of(key), key.size(), params),
                "The HMAC key was refused.");
}

Sha256Digest HmacSha256::compute(std::initializer_list<ByteView> pieces) const {
  // A copy of the keyed state a message: cheap, and it leaves the original untouched for other threads.
  const std::unique_ptr<EVP_MAC_CTX, Free> context(
      detail::required(EVP_MAC_CTX_dup(keyed_.get()), "An HMAC context could not be made."));
  for (const ByteView piece : pieces) {
    if (piece.empty()) continue;
    detail::check(EVP_MAC_update(context.get(), piece.data(), piece.size()), "HMAC failed.");
  }
  Sha256Digest tag;
  std::size_t size = 0;
  detail::check(EVP_MAC_final(context.get(), tag.data(), &size, tag.size()), "HMAC failed.");
  return tag;
}

bool HmacSha256::verify(ByteView data, ByteView tag) const { return equal_constant_time(compute(data), tag); }

Sha256Digest hmac_sha256(ByteView key, ByteView data) { return HmacSha256(key).compute(data); }

bool hmac_sha256_verify(ByteView key, ByteView data, ByteView tag) {
  return HmacSha256(key).verify(data, tag);
}

}  // namespace mychat
