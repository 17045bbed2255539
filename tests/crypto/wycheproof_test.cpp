// Wycheproof's vectors for the symmetric primitives.
#include "tests/crypto/wycheproof.h"

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"

namespace mychat {
namespace {

using test::Case;
using test::run_wycheproof;

std::string check_aead(AeadAlgorithm algorithm, const Case& test) {
  const Bytes key = test.bytes("key"), nonce = test.bytes("iv"), aad = test.bytes("aad");
  if (key.size() != aead_key_size(algorithm)) return "keys of other sizes";
  const Bytes plaintext = test.bytes("msg"), tag = test.bytes("tag");
  Bytes sealed = test.bytes("ct");
  sealed.insert(sealed.end(), tag.begin(), tag.end());
  Aead aead(algorithm, key);
  if (nonce.size() != kAeadNonceSize) {
    // Also the valid ones among them are refused: 96-bit nonces are the only ones.
    EXPECT_THROW(aead.open(nonce, sealed, aad), Error);
    EXPECT_THROW(aead.seal(nonce, plaintext, aad), Error);
    return {};
  }
  Bytes out(plaintext.size(), 0xAA);
  if (test.valid()) {
    EXPECT_EQ(to_bytes(aead.open(nonce, sealed, aad)), plaintext);
    EXPECT_EQ(aead.seal(nonce, plaintext, aad), sealed);
    return {};
  }
  try {
    aead.open_into(nonce, sealed, aad, out);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_DECRYPT);
  }
  EXPECT_EQ(out, Bytes(plaintext.size(), 0)) << "unauthentic plaintext was left behind";
  return {};
}

TEST(Wycheproof, Aes256Gcm) {
  run_wycheproof("aes_gcm_test.json",
                 [](const Case& test) { return check_aead(AeadAlgorithm::kAes256Gcm, test); });
}

TEST(Wycheproof, Aes128Gcm) {
  run_wycheproof("aes_gcm_test.json",
                 [](const Case& test) { return check_aead(AeadAlgorithm::kAes128Gcm, test); });
}

TEST(Wycheproof, ChaCha20Poly1305) {
  run_wycheproof("chacha20_poly1305_test.json",
                 [](const Case& test) { return check_aead(AeadAlgorithm::kChaCha20Poly1305, test); });
}

TEST(Wycheproof, HmacSha256) {
  run_wycheproof("hmac_sha256_test.json", [](const Case& test) -> std::string {
    const Bytes key = test.bytes("key"), message = test.bytes("msg"), tag = test.bytes("tag");
    EXPECT_EQ(hmac(HashAlgorithm::kSha256, key, {message}), to_secret(hmac_sha256(key, message)));
    if (test.group_number("tagSize") != 256) {
      // A truncated tag, valid elsewhere, never verifies; what it is a part of is still computed.
      EXPECT_FALSE(hmac_sha256_verify(key, message, tag));
      const Sha256Digest whole = hmac_sha256(key, message);
      EXPECT_EQ(std::equal(tag.begin(), tag.end(), whole.begin()), test.valid());
      return {};
    }
    EXPECT_EQ(hmac_sha256_verify(key, message, tag), test.valid());
    return {};
  });
}

TEST(Wycheproof, HkdfSha256) {
  run_wycheproof("hkdf_sha256_test.json", [](const Case& test) -> std::string {
    const Bytes secret = test.bytes("ikm"), salt = test.bytes("salt"), info = test.bytes("info");
    const std::size_t size = test.number("size");
    if (!test.valid()) {
      EXPECT_TRUE(test.has_flag("SizeTooLarge"));
      EXPECT_THROW(hkdf_sha256(secret, salt, info, size), Error);
      return {};
    }
    EXPECT_EQ(to_bytes(hkdf_sha256(secret, salt, info, size)), test.bytes("okm"));
    return {};
  });
}

TEST(Wycheproof, Pbkdf2HmacSha256) {
  run_wycheproof("pbkdf2_hmacsha256_test.json", [](const Case& test) -> std::string {
    const auto iterations = static_cast<std::uint32_t>(test.number("iterationCount"));
    EXPECT_EQ(to_bytes(pbkdf2_hmac_sha256(test.bytes("password"), test.bytes("salt"), iterations,
                                          test.number("dkLen"))),
              test.bytes("dk"));
    return {};
  });
}

}  // namespace
}  // namespace mychat
