// Looks through the whole memory of this process for secrets that should be gone.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "crypto/sign.h"
#include "crypto/signature.h"

namespace mychat {
namespace {

// 24 bytes of a secret, kept masked so that the search does not find itself.
class Trace {
 public:
  static constexpr std::size_t kSize = 24;

  explicit Trace(ByteView secret, std::size_t at) {
    for (std::size_t i = 0; i < kSize; ++i) masked_[i] = static_cast<std::uint8_t>(secret[at + i] ^ kMask);
  }

  // How often the process's writable memory holds it, as it is (as bytes) or reversed (as OpenSSL's numbers,
  // which start with the least significant byte).
  std::size_t count() const {
    std::ifstream maps("/proc/self/maps");
    std::size_t found = 0;
    std::string line;
    while (std::getline(maps, line)) {
      unsigned long begin = 0, end = 0;
      char mode[5] = {};
      if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) != 3) continue;
      if (mode[0] != 'r' || mode[1] != 'w' || line.find("[v") != std::string::npos) continue;
      found += count_in(reinterpret_cast<const volatile std::uint8_t*>(begin), end - begin);
    }
    return found;
  }

 private:
  static constexpr std::uint8_t kMask = 0x5A;

  bool is_at(const volatile std::uint8_t* place, bool reversed) const {
    for (std::size_t i = 0; i < kSize; ++i) {
      if ((place[i] ^ kMask) != masked_[reversed ? kSize - 1 - i : i]) return false;
    }
    return true;
  }
  std::size_t count_in(const volatile std::uint8_t* memory, std::size_t size) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i + kSize <= size; ++i) {
      if (is_at(memory + i, false) || is_at(memory + i, true)) ++found;
    }
    return found;
  }

  std::uint8_t masked_[kSize];
};

class Wiping : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "The sanitizers' shadow memory is too large to search.";
#endif
  }
};

TEST_F(Wiping, TheSearchFindsASecretThatIsStillThere) {
  Secret secret = random_secret(64);
  const Trace trace(secret, 8);
  EXPECT_GE(trace.count(), 1u);
  std::reverse(secret.begin(), secret.end());
  EXPECT_GE(trace.count(), 1u);
  secret = Secret();
  EXPECT_EQ(trace.count(), 0u);
}

TEST_F(Wiping, NothingOfAnRsaKeyIsLeft) {
  std::optional<RsaPrivateKey> key = generate_rsa_4096();
  std::optional<RsaPrivateComponents> numbers = key->components();
  const Trace p(numbers->p, 100), q(numbers->q, 100), d(numbers->d, 200), dp(numbers->dp, 100),
      qi(numbers->qi, 100);
  numbers.reset();
  EXPECT_GE(p.count(), 1u) << "the key itself holds it";
  const Secret message = random_secret(32);
  EXPECT_EQ(key->decrypt_oaep(key->public_key().encrypt_oaep(message)), message);
  (void)key->sign_pss(message);
  (void)key->to_pkcs8_pem();
  key.reset();
  EXPECT_EQ(p.count(), 0u);
  EXPECT_EQ(q.count(), 0u);
  EXPECT_EQ(d.count(), 0u);
  EXPECT_EQ(dp.count(), 0u);
  EXPECT_EQ(qi.count(), 0u);
}

TEST_F(Wiping, NothingOfASymmetricKeyOrAnEd25519SeedIsLeft) {
  std::optional<Secret> key = random_secret(32);
  const Trace trace(*key, 4);
  {
    Aead aead(AeadAlgorithm::kAes256Gcm, *key);
    const auto nonce = random_array<kAeadNonceSize>();
    EXPECT_EQ(text(aead.open(nonce, aead.seal(nonce, view("hello")))), "hello");
  }
  std::optional<Ed25519PrivateKey> signer = Ed25519PrivateKey::generate();
  const Trace seed(signer->seed(), 4);
  (void)signer->sign(view("hello"));
  signer.reset();
  key.reset();
  EXPECT_EQ(trace.count(), 0u);
  EXPECT_EQ(seed.count(), 0u);
}

// What the seed of X-Wing is expanded to: d and z of ML-KEM, and the key of X25519.
TEST_F(Wiping, NothingOfTheKeysInsideXWingIsLeft) {
  if (!is_kem_supported(KemAlgorithm::kXWing)) GTEST_SKIP() << "OpenSSL has no ML-KEM.";
  const HpkeKeyPair pair = hpke_generate_key_pair(KemAlgorithm::kXWing);
  std::optional<Secret> expanded(std::in_place, 96);
  {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    ASSERT_EQ(EVP_DigestInit_ex2(context.get(), EVP_shake256(), nullptr), 1);
    ASSERT_EQ(EVP_DigestUpdate(context.get(), pair.private_key.data(), pair.private_key.size()), 1);
    ASSERT_EQ(EVP_DigestFinalXOF(context.get(), expanded->data(), expanded->size()), 1);
  }
  const Trace d(*expanded, 4), z(*expanded, 36), x25519(*expanded, 68);
  EXPECT_GE(d.count(), 1u);
  expanded.reset();
  const HpkeSuite suite{KemAlgorithm::kXWing, HashAlgorithm::kSha512, AeadAlgorithm::kAes256Gcm};
  const HpkeSealed sealed = hpke_seal(suite, pair.public_key, {}, {}, view("hello"));
  EXPECT_EQ(text(hpke_open(suite, pair.private_key, sealed.kem_output, {}, {}, sealed.ciphertext)), "hello");
  EXPECT_EQ(hpke_public_key(KemAlgorithm::kXWing, pair.private_key), pair.public_key);
  EXPECT_EQ(d.count(), 0u);
  EXPECT_EQ(z.count(), 0u);
  EXPECT_EQ(x25519.count(), 0u);
}

TEST_F(Wiping, NothingOfAnHpkeOrAnEcdsaKeyIsLeft) {
  for (const KemAlgorithm kem : {KemAlgorithm::kX25519, KemAlgorithm::kX448, KemAlgorithm::kP256,
                                 KemAlgorithm::kP384, KemAlgorithm::kP521, KemAlgorithm::kXWing}) {
    if (!is_kem_supported(kem)) continue;
    const HpkeSuite suite{kem, HashAlgorithm::kSha512, AeadAlgorithm::kAes128Gcm};
    std::optional<Secret> material = random_secret(64);
    std::optional<HpkeKeyPair> pair = hpke_derive_key_pair(kem, *material);
    const Trace derived_from(*material, 8), key(pair->private_key, 4);
    EXPECT_GE(key.count(), 1u);
    HpkeSealed sealed = hpke_seal(suite, pair->public_key, {}, {}, view("hello"));
    EXPECT_EQ(text(hpke_open(suite, pair->private_key, sealed.kem_output, {}, {}, sealed.ciphertext)),
              "hello");
    std::optional<HpkeExported> exported = hpke_export_to(suite, pair->public_key, {}, {}, 32);
    const Trace secret(exported->secret, 4);
    EXPECT_EQ(hpke_export_from(suite, pair->private_key, exported->kem_output, {}, {}, 32), exported->secret);
    exported.reset();
    pair.reset();
    material.reset();
    EXPECT_EQ(derived_from.count(), 0u) << static_cast<int>(kem);
    EXPECT_EQ(key.count(), 0u) << static_cast<int>(kem);
    EXPECT_EQ(secret.count(), 0u) << static_cast<int>(kem);
  }
  for (const SignatureAlgorithm algorithm :
       {SignatureAlgorithm::kEd25519, SignatureAlgorithm::kEd448, SignatureAlgorithm::kEcdsaP256Sha256,
        SignatureAlgorithm::kEcdsaP384Sha384, SignatureAlgorithm::kEcdsaP521Sha512}) {
    std::optional<SigningKey> signer = SigningKey::generate(algorithm);
    const Trace key(signer->to_bytes(), 4);
    EXPECT_TRUE(
        verify_signature(algorithm, signer->public_key(), view("hello"), signer->sign(view("hello"))));
    signer.reset();
    EXPECT_EQ(key.count(), 0u) << static_cast<int>(algorithm);
  }
}

}  // namespace
}  // namespace mychat
