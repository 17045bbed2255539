// X-Wing and the ML-KEM-768 in it: Wycheproof's vectors, what FIPS 203 has refused and what it has rejected
// silently, and the pieces put together a second time. tests/mls/interop compares with another
// implementation.
#include "crypto/x_wing.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string>

#include "crypto/dh.h"
#include "crypto/hpke.h"
#include "crypto/kem.h"
#include "crypto/ml_kem.h"
#include "crypto/random.h"
#include "crypto/version.h"
#include "tests/crypto/status.h"
#include "tests/crypto/wycheproof.h"

namespace mychat {
namespace {

using detail::MlKemPrivateKey;
using test::Case;
using test::run_wycheproof;
using test::status_of;

class MlKem : public testing::Test {
 protected:
  void SetUp() override {
    if (!detail::has_ml_kem()) GTEST_SKIP() << "OpenSSL " << openssl_version() << " has no ML-KEM.";
  }
};
using XWing = MlKem;

TEST_F(MlKem, WycheproofKeysFromSeeds) {
  run_wycheproof("mlkem_768_keygen_seed_test.json", [](const Case& test) -> std::string {
    const Bytes public_key = MlKemPrivateKey(test.bytes("seed")).public_key();
    EXPECT_EQ(public_key, test.bytes("ek"));
    EXPECT_TRUE(detail::is_ml_kem_public_key(public_key));
    return {};
  });
}

TEST_F(MlKem, WycheproofEncapsulates) {
  std::size_t refused = 0;
  run_wycheproof("mlkem_768_encaps_test.json", [&](const Case& test) -> std::string {
    const Bytes key = test.bytes("ek"), entropy = test.bytes("m");
    EXPECT_EQ(detail::is_ml_kem_public_key(key), test.valid());
    if (!test.valid()) {
      EXPECT_EQ(status_of([&] { detail::ml_kem_encapsulate(key, entropy); }), MYCHAT_E_MALFORMED);
      ++refused;
      return {};
    }
    const detail::MlKemEncapsulated made = detail::ml_kem_encapsulate(key, entropy);
    EXPECT_EQ(made.ciphertext, test.bytes("c"));
    EXPECT_EQ(to_bytes(made.shared_secret), test.bytes("K"));
    return {};
  });
  if (!testing::Test::IsSkipped()) std::printf("  of them refused: %zu\n", refused);
}

TEST_F(MlKem, WycheproofDecapsulates) {
  run_wycheproof("mlkem_768_test.json", [](const Case& test) -> std::string {
    const Bytes seed = test.bytes("seed"), ciphertext = test.bytes("c");
    if (!test.valid()) {
      EXPECT_EQ(status_of([&] { MlKemPrivateKey(seed).decapsulate(ciphertext); }), MYCHAT_E_MALFORMED);
      return {};
    }
    const MlKemPrivateKey key(seed);
    EXPECT_EQ(key.public_key(), test.bytes("ek"));
    EXPECT_EQ(to_bytes(key.decapsulate(ciphertext)), test.bytes("K"));
    return {};
  });
}

TEST_F(MlKem, EachCoefficientOfAKeyIsLookedAt) {
  const Bytes good = MlKemPrivateKey(random_secret(64)).public_key();
  EXPECT_EQ(status_of([&] { detail::ml_kem_encapsulate(good, random_secret(32)); }), MYCHAT_OK);
  for (std::size_t i = 0; i < 768; ++i) {
    const auto with = [&](unsigned value) {
      Bytes key = good;
      std::uint8_t* const at = key.data() + i / 2 * 3;
      if (i % 2 == 0) {
        at[0] = static_cast<std::uint8_t>(value);
        at[1] = static_cast<std::uint8_t>((at[1] & 0xF0U) | value >> 8U);
      } else {
        at[1] = static_cast<std::uint8_t>((at[1] & 0x0FU) | (value & 15U) << 4U);
        at[2] = static_cast<std::uint8_t>(value >> 4U);
      }
      return key;
    };
    EXPECT_TRUE(detail::is_ml_kem_public_key(with(3328)));
    EXPECT_FALSE(detail::is_ml_kem_public_key(with(3329)));
    EXPECT_FALSE(detail::is_ml_kem_public_key(with(4095)));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(MlKem, RejectsACiphertextWithoutAWord) {
  const MlKemPrivateKey key(random_secret(64));
  const detail::MlKemEncapsulated made = detail::ml_kem_encapsulate(key.public_key(), random_secret(32));
  EXPECT_EQ(key.decapsulate(made.ciphertext), made.shared_secret);
  for (const std::size_t at : {std::size_t{0}, std::size_t{500}, made.ciphertext.size() - 1}) {
    Bytes changed = made.ciphertext;
    changed[at] ^= 1;
    const Secret other = key.decapsulate(changed);
    EXPECT_NE(other, made.shared_secret);
    EXPECT_EQ(key.decapsulate(changed), other) << "the secret of a wrong ciphertext does not change";
  }
  EXPECT_NE(MlKemPrivateKey(random_secret(64)).decapsulate(made.ciphertext), made.shared_secret);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

Bytes digest(const char* name, ByteView data, std::size_t size) {
  Bytes out(size);
  const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> algorithm(EVP_MD_fetch(nullptr, name, nullptr),
                                                             EVP_MD_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr), 1);
  EXPECT_EQ(EVP_DigestUpdate(context.get(), data.data(), data.size()), 1);
  if (std::string(name) == "SHAKE256") {
    EXPECT_EQ(EVP_DigestFinalXOF(context.get(), out.data(), size), 1);
  } else {
    EXPECT_EQ(EVP_DigestFinal_ex(context.get(), out.data(), nullptr), 1);
  }
  return out;
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// The draft's pseudocode, from the parts that have vectors of their own.
TEST_F(XWing, IsPutTogetherAsTheDraftSays) {
  const Bytes material = to_bytes(random_secret(77));
  const HpkeKeyPair pair = hpke_derive_key_pair(KemAlgorithm::kXWing, material);
  EXPECT_EQ(to_bytes(pair.private_key), digest("SHAKE256", material, 32));
  const Bytes expanded = digest("SHAKE256", pair.private_key, 96);
  const MlKemPrivateKey ml_kem(ByteView(expanded).first(64));
  const auto x25519 = X25519PrivateKey::from_bytes(ByteView(expanded).subspan(64));
  EXPECT_EQ(pair.public_key, joined({ml_kem.public_key(), x25519.public_key()}));
  EXPECT_EQ(pair.public_key.size(), detail::kXWingPublicKeySize);
  EXPECT_EQ(hpke_public_key(KemAlgorithm::kXWing, pair.private_key), pair.public_key);

  const Secret entropy = random_secret(64);
  const detail::Encapsulated made = detail::encapsulate(KemAlgorithm::kXWing, pair.public_key, entropy);
  const auto part = detail::ml_kem_encapsulate(ml_kem.public_key(), ByteView(entropy).first(32));
  const auto ephemeral = X25519PrivateKey::from_bytes(ByteView(entropy).subspan(32));
  EXPECT_EQ(made.kem_output, joined({part.ciphertext, ephemeral.public_key()}));
  EXPECT_EQ(made.kem_output.size(), detail::kXWingCiphertextSize);
  const Bytes combined =
      joined({part.shared_secret, x25519.agree(ephemeral.public_key()), ephemeral.public_key(),
              x25519.public_key(), Bytes{0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c}});
  EXPECT_EQ(to_bytes(made.shared_secret), digest("SHA3-256", combined, 32));
  EXPECT_EQ(detail::decapsulate(KemAlgorithm::kXWing, pair.private_key, made.kem_output), made.shared_secret);
  EXPECT_EQ(detail::kem_id(KemAlgorithm::kXWing), 0x647A);
}

TEST_F(XWing, RefusesKeysAndCiphertextsThatAreNone) {
  const HpkeKeyPair pair = hpke_generate_key_pair(KemAlgorithm::kXWing);
  const auto encapsulates = [](ByteView key) {
    return status_of([&] { detail::x_wing_encapsulate(key, random_secret(64)); });
  };
  EXPECT_EQ(encapsulates(pair.public_key), MYCHAT_OK);
  Bytes key = pair.public_key;
  key[0] = 0x01, key[1] = static_cast<std::uint8_t>((key[1] & 0xF0) | 0x0D);  // 0xD01 is q.
  EXPECT_FALSE(is_hpke_public_key(KemAlgorithm::kXWing, key));
  EXPECT_EQ(encapsulates(key), MYCHAT_E_MALFORMED);
  // X25519 of small order.
  key = pair.public_key;
  std::fill(key.end() - 32, key.end(), std::uint8_t{0});
  EXPECT_TRUE(is_hpke_public_key(KemAlgorithm::kXWing, key)) << "has the form";
  EXPECT_EQ(encapsulates(key), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { detail::x_wing_encapsulate(pair.public_key, random_secret(63)); }),
            MYCHAT_E_MALFORMED);

  const auto made = detail::x_wing_encapsulate(pair.public_key, random_secret(64));
  Bytes ciphertext = made.ciphertext;
  std::fill(ciphertext.end() - 32, ciphertext.end(), std::uint8_t{0});
  EXPECT_EQ(status_of([&] { detail::x_wing_decapsulate(pair.private_key, ciphertext); }), MYCHAT_E_MALFORMED);
  // Each half counts, and the bit of X25519 that its arithmetic does not look at.
  for (const std::size_t at : {std::size_t{0}, std::size_t{1087}, std::size_t{1088}, std::size_t{1119}}) {
    ciphertext = made.ciphertext;
    ciphertext[at] ^= 0x80;
    EXPECT_NE(detail::x_wing_decapsulate(pair.private_key, ciphertext), made.shared_secret) << at;
  }
  EXPECT_EQ(detail::x_wing_decapsulate(pair.private_key, made.ciphertext), made.shared_secret);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(XWingWithoutMlKem, IsNotThere) {
  if (detail::has_ml_kem()) GTEST_SKIP() << "OpenSSL " << openssl_version() << " has ML-KEM.";
  EXPECT_FALSE(is_kem_supported(KemAlgorithm::kXWing));
  constexpr HpkeSuite kSuite{KemAlgorithm::kXWing, HashAlgorithm::kSha512, AeadAlgorithm::kAes256Gcm};
  const Secret key = random_secret(32);
  const Bytes peer(detail::kXWingPublicKeySize), output(detail::kXWingCiphertextSize);
  EXPECT_EQ(status_of([&] { hpke_generate_key_pair(KemAlgorithm::kXWing); }), MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(status_of([&] { hpke_derive_key_pair(KemAlgorithm::kXWing, key); }), MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(status_of([&] { static_cast<void>(hpke_public_key(KemAlgorithm::kXWing, key)); }),
            MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(status_of([&] { hpke_seal(kSuite, peer, {}, {}, {}); }), MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(status_of([&] { hpke_open(kSuite, key, output, {}, {}, Bytes(16)); }), MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace mychat
