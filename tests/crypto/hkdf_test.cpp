// Hashes, HMAC and HKDF whose hash is chosen at run time, beside OpenSSL's own.
#include "crypto/hkdf.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include <memory>

#include "crypto/kdf.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::status_of;

Bytes filled(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 13 + first);
  return bytes;
}

struct Named {
  HashAlgorithm algorithm;
  const EVP_MD* (*openssl)();
};

class HashOf : public testing::TestWithParam<Named> {
 protected:
  const HashAlgorithm algorithm_ = GetParam().algorithm;
  const std::size_t size_ = hash_size(algorithm_);

  Bytes openssl_hash(ByteView data) const {
    Bytes digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    EXPECT_EQ(EVP_Digest(data.data(), data.size(), digest.data(), &size, GetParam().openssl(), nullptr), 1);
    digest.resize(size);
    return digest;
  }
  Bytes openssl_hmac(ByteView key, ByteView data) const {
    Bytes tag(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    const std::uint8_t none = 0;
    EXPECT_NE(HMAC(GetParam().openssl(), key.empty() ? &none : key.data(), static_cast<int>(key.size()),
                   data.data(), data.size(), tag.data(), &size),
              nullptr);
    tag.resize(size);
    return tag;
  }
  Bytes openssl_hkdf(ByteView secret, ByteView salt, ByteView info, std::size_t size) const {
    const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                           EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                       EVP_KDF_CTX_free);
    const auto octets = [](const char* name, ByteView bytes) {
      return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
    };
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                         const_cast<char*>(EVP_MD_get0_name(GetParam().openssl())), 0),
        octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
    Bytes out(size);
    EXPECT_EQ(EVP_KDF_derive(context.get(), out.data(), out.size(), params), 1);
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(All, HashOf,
                         testing::Values(Named{HashAlgorithm::kSha256, EVP_sha256},
                                         Named{HashAlgorithm::kSha384, EVP_sha384},
                                         Named{HashAlgorithm::kSha512, EVP_sha512}));

TEST_P(HashOf, HashesPiecesAsOne) {
  const Bytes data = filled(300, 1);
  EXPECT_EQ(hash(algorithm_, {data}), openssl_hash(data));
  EXPECT_EQ(hash(algorithm_, {ByteView(data).first(100), {}, ByteView(data).subspan(100)}),
            openssl_hash(data));
  EXPECT_EQ(hash(algorithm_, {}), openssl_hash({}));
  EXPECT_EQ(hash(algorithm_, {}).size(), size_);
}

TEST_P(HashOf, HmacIsTheSameForKeysOfEverySize) {
  const Bytes data = filled(200, 3);
  for (std::size_t size = 0; size < 300; ++size) {
    const Bytes key = filled(size, 7);
    EXPECT_EQ(to_bytes(hmac(algorithm_, key, {ByteView(data).first(size % 200), {}})),
              openssl_hmac(key, ByteView(data).first(size % 200)))
        << size;
  }
  const Bytes key = filled(40, 9);
  EXPECT_EQ(hmac(algorithm_, key, {ByteView(data).first(77), ByteView(data).subspan(77)}),
            hmac(algorithm_, key, {data}));
  EXPECT_EQ(to_bytes(hmac(algorithm_, key, {})), openssl_hmac(key, {}));
}

TEST_P(HashOf, HkdfIsTheSameForEverySize) {
  const Bytes secret = filled(50, 2), salt = filled(30, 4), info = filled(90, 5);
  const Secret key = hkdf_extract(algorithm_, salt, secret);
  EXPECT_EQ(key.size(), size_);
  for (const std::size_t size : {std::size_t{1}, size_ - 1, size_, size_ + 1, 3 * size_, 255 * size_}) {
    EXPECT_EQ(to_bytes(hkdf_expand(algorithm_, key, {info}, size)), openssl_hkdf(secret, salt, info, size));
    EXPECT_EQ(hkdf_expand(algorithm_, key, {ByteView(info).first(10), {}, ByteView(info).subspan(10)}, size),
              hkdf_expand(algorithm_, key, {info}, size));
  }
  EXPECT_EQ(hkdf_extract(algorithm_, {}, {}), hkdf_extract(algorithm_, Bytes(size_), {}));
}

TEST_P(HashOf, HkdfRefusesImpossibleSizes) {
  const Bytes key = filled(size_, 1);
  EXPECT_EQ(status_of([&] { hkdf_expand(algorithm_, key, {}, 0); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { hkdf_expand(algorithm_, key, {}, 255 * size_ + 1); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { hkdf_expand(algorithm_, ByteView(key).first(size_ - 1), {}, 32); }),
            MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace mychat
