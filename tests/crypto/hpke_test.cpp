// HPKE: the RFC's vectors, those of MLS (with their signatures) for the suites that the RFC has none for, and
// what must be refused.
#include "crypto/hpke.h"

#include <cjson/cJSON.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "crypto/kem.h"
#include "crypto/signature.h"
#include "tests/crypto/status.h"
#include "tests/support/vectors.h"

namespace mychat {
namespace {

using test::status_of;

constexpr KemAlgorithm kKems[] = {KemAlgorithm::kX25519, KemAlgorithm::kX448, KemAlgorithm::kP256,
                                  KemAlgorithm::kP384, KemAlgorithm::kP521};
constexpr HashAlgorithm kHashes[] = {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512};
constexpr AeadAlgorithm kAeads[] = {AeadAlgorithm::kAes128Gcm, AeadAlgorithm::kAes256Gcm,
                                    AeadAlgorithm::kChaCha20Poly1305};

// A JSON object of a vector file.
class Object {
 public:
  explicit Object(const cJSON* json) : json_(json) {}
  Object operator[](const char* name) const {
    const cJSON* const item = cJSON_GetObjectItemCaseSensitive(json_, name);
    if (item == nullptr) throw std::runtime_error(std::string("nothing in a vector file: ") + name);
    return Object(item);
  }
  std::string text() const {
    if (!cJSON_IsString(json_)) throw std::runtime_error("no text in a vector file");
    return json_->valuestring;
  }
  Bytes bytes() const { return hex_decode(text()).value(); }
  int number() const {
    if (!cJSON_IsNumber(json_)) throw std::runtime_error("no number in a vector file");
    return json_->valueint;
  }
  std::vector<Object> items() const {
    std::vector<Object> all;
    const cJSON* item = nullptr;
    cJSON_ArrayForEach(item, json_) all.push_back(Object(item));
    return all;
  }

 private:
  const cJSON* json_;
};

using Document = std::unique_ptr<cJSON, void (*)(cJSON*)>;
Document read_json(const std::string& name) {
  Document document(cJSON_Parse(test::read_vector(name).c_str()), cJSON_Delete);
  if (document == nullptr) throw std::runtime_error(name + " is not JSON");
  return document;
}

HpkeSuite suite_of(const Object& vector) {
  HpkeSuite suite{};
  for (const KemAlgorithm kem : kKems) {
    if (detail::kem_id(kem) == vector["kem_id"].number()) suite.kem = kem;
  }
  suite.kdf = kHashes[vector["kdf_id"].number() - 1];
  suite.aead = kAeads[vector["aead_id"].number() - 1];
  return suite;
}

TEST(Hpke, VectorsOfTheRfc) {
  MYCHAT_NEEDS_VECTORS("hpke");
  const Document document = read_json("hpke/mls-suites-base-mode.json");
  std::size_t vectors = 0, messages = 0, exports = 0, other_messages = 0;
  for (const Object& vector : Object(document.get()).items()) {
    SCOPED_TRACE("vector " + std::to_string(++vectors));
    ASSERT_EQ(vector["mode"].number(), 0);
    const HpkeSuite suite = suite_of(vector);
    ASSERT_EQ(detail::kem_id(suite.kem), vector["kem_id"].number());
    const Bytes info = vector["info"].bytes(), enc = vector["enc"].bytes();
    const Bytes private_key = vector["skRm"].bytes(), public_key = vector["pkRm"].bytes();

    const HpkeKeyPair receiver = hpke_derive_key_pair(suite.kem, vector["ikmR"].bytes());
    EXPECT_EQ(to_bytes(receiver.private_key), private_key);
    EXPECT_EQ(receiver.public_key, public_key);
    EXPECT_EQ(hpke_public_key(suite.kem, private_key), public_key);
    EXPECT_TRUE(is_hpke_public_key(suite.kem, public_key));
    const HpkeKeyPair ephemeral = hpke_derive_key_pair(suite.kem, vector["ikmE"].bytes());
    EXPECT_EQ(to_bytes(ephemeral.private_key), vector["skEm"].bytes());
    EXPECT_EQ(ephemeral.public_key, enc);

    const detail::Encapsulated made = detail::encapsulate(suite.kem, public_key, ephemeral.private_key);
    EXPECT_EQ(made.kem_output, enc);
    EXPECT_EQ(to_bytes(made.shared_secret), vector["shared_secret"].bytes());
    EXPECT_EQ(detail::decapsulate(suite.kem, private_key, enc), made.shared_secret);

    for (const Object& message : vector["encryptions"].items()) {
      // Single messages only: those after the first have another nonce.
      if (message["nonce"].text() != vector["base_nonce"].text()) {
        ++other_messages;
        continue;
      }
      ++messages;
      const Bytes aad = message["aad"].bytes(), plaintext = message["pt"].bytes();
      const Bytes ciphertext = message["ct"].bytes();
      const HpkeSealed sealed =
          hpke_seal(HpkeInfo(suite, info), public_key, aad, plaintext, ephemeral.private_key);
      EXPECT_EQ(sealed.kem_output, enc);
      EXPECT_EQ(sealed.ciphertext, ciphertext);
      EXPECT_EQ(to_bytes(hpke_open(suite, private_key, enc, info, aad, ciphertext)), plaintext);
    }
    for (const Object& exported : vector["exports"].items()) {
      ++exports;
      EXPECT_EQ(to_bytes(hpke_export_from(suite, private_key, enc, info, exported["exporter_context"].bytes(),
                                          static_cast<std::size_t>(exported["L"].number()))),
                exported["exported_value"].bytes());
    }
  }
  EXPECT_GE(vectors, 6u);
  EXPECT_EQ(messages, vectors);
  std::printf("hpke: %zu vectors, %zu messages, %zu exports\n  not applicable: %zu, later messages\n",
              vectors, messages, exports, other_messages);
}

// MLS's EncryptContext (RFC 9420 section 5.1.3): both parts with their lengths before them.
Bytes labeled_context(const std::string& label, const Bytes& context) {
  Bytes out;
  const auto add = [&](ByteView part) {
    ASSERT_LT(part.size(), 0x4000u);
    if (part.size() >= 0x40) out.push_back(static_cast<std::uint8_t>(0x40 | (part.size() >> 8)));
    out.push_back(static_cast<std::uint8_t>(part.size()));
    out.insert(out.end(), part.begin(), part.end());
  };
  add(view("MLS 1.0 " + label));
  add(context);
  return out;
}

TEST(Hpke, VectorsOfMls) {
  MYCHAT_NEEDS_VECTORS("mls");
  constexpr HpkeSuite kSuites[] = {
      {KemAlgorithm::kX25519, HashAlgorithm::kSha256, AeadAlgorithm::kAes128Gcm},
      {KemAlgorithm::kP256, HashAlgorithm::kSha256, AeadAlgorithm::kAes128Gcm},
      {KemAlgorithm::kX25519, HashAlgorithm::kSha256, AeadAlgorithm::kChaCha20Poly1305},
      {KemAlgorithm::kX448, HashAlgorithm::kSha512, AeadAlgorithm::kAes256Gcm},
      {KemAlgorithm::kP521, HashAlgorithm::kSha512, AeadAlgorithm::kAes256Gcm},
      {KemAlgorithm::kX448, HashAlgorithm::kSha512, AeadAlgorithm::kChaCha20Poly1305},
      {KemAlgorithm::kP384, HashAlgorithm::kSha384, AeadAlgorithm::kAes256Gcm}};
  constexpr SignatureAlgorithm kSignatures[] = {
      SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kEcdsaP256Sha256, SignatureAlgorithm::kEd25519,
      SignatureAlgorithm::kEd448,          SignatureAlgorithm::kEcdsaP521Sha512, SignatureAlgorithm::kEd448,
      SignatureAlgorithm::kEcdsaP384Sha384};
  const Document document = read_json("mls/crypto-basics.json");
  std::size_t checked = 0;
  for (const Object& vector : Object(document.get()).items()) {
    const HpkeSuite& suite = kSuites[vector["cipher_suite"].number() - 1];
    SCOPED_TRACE("cipher suite " + std::to_string(vector["cipher_suite"].number()));
    const Object sealed = vector["encrypt_with_label"];
    const Bytes private_key = sealed["priv"].bytes();
    const Bytes info = labeled_context(sealed["label"].text(), sealed["context"].bytes());
    EXPECT_EQ(hpke_public_key(suite.kem, private_key), sealed["pub"].bytes());
    EXPECT_EQ(to_bytes(hpke_open(suite, private_key, sealed["kem_output"].bytes(), info, {},
                                 sealed["ciphertext"].bytes())),
              sealed["plaintext"].bytes());
    // SignContent has the same form.
    const Object content = vector["sign_with_label"];
    const Bytes signed_bytes = labeled_context(content["label"].text(), content["content"].bytes());
    const SignatureAlgorithm signing = kSignatures[vector["cipher_suite"].number() - 1];
    const SigningKey key = SigningKey::from_bytes(signing, content["priv"].bytes());
    EXPECT_EQ(key.public_key(), content["pub"].bytes());
    EXPECT_TRUE(verify_signature(signing, key.public_key(), signed_bytes, content["signature"].bytes()));
    EXPECT_TRUE(verify_signature(signing, content["pub"].bytes(), signed_bytes, key.sign(signed_bytes)));
    ++checked;
  }
  EXPECT_EQ(checked, 7u);
}

class HpkeOf : public testing::TestWithParam<KemAlgorithm> {
 protected:
  const KemAlgorithm kem_ = GetParam();
  const HpkeKeyPair pair_ = hpke_generate_key_pair(kem_);
  const HpkeSuite suite_{kem_, HashAlgorithm::kSha256, AeadAlgorithm::kAes128Gcm};
  bool is_x() const { return kem_ == KemAlgorithm::kX25519 || kem_ == KemAlgorithm::kX448; }
  bool is_p() const { return !is_x() && kem_ != KemAlgorithm::kXWing; }
};
INSTANTIATE_TEST_SUITE_P(All, HpkeOf, testing::ValuesIn([] {
                           std::vector<KemAlgorithm> kems(std::begin(kKems), std::end(kKems));
                           if (is_kem_supported(KemAlgorithm::kXWing)) kems.push_back(KemAlgorithm::kXWing);
                           return kems;
                         }()));

TEST_P(HpkeOf, OpensAndExportsWithEverySuite) {
  EXPECT_EQ(hpke_public_key(kem_, pair_.private_key), pair_.public_key);
  EXPECT_TRUE(is_hpke_public_key(kem_, pair_.public_key));
  for (const HashAlgorithm kdf : kHashes) {
    for (const AeadAlgorithm aead : kAeads) {
      const HpkeSuite suite{kem_, kdf, aead};
      const HpkeSealed sealed =
          hpke_seal(suite, pair_.public_key, view("info"), view("aad"), view("plaintext"));
      EXPECT_EQ(sealed.ciphertext.size(), 9 + kAeadTagSize);
      EXPECT_EQ(text(hpke_open(suite, pair_.private_key, sealed.kem_output, view("info"), view("aad"),
                               sealed.ciphertext)),
                "plaintext");
      const HpkeExported exported =
          hpke_export_to(suite, pair_.public_key, view("info"), view("context"), 77);
      EXPECT_EQ(exported.secret.size(), 77u);
      EXPECT_EQ(
          hpke_export_from(suite, pair_.private_key, exported.kem_output, view("info"), view("context"), 77),
          exported.secret);
      EXPECT_NE(
          hpke_export_from(suite, pair_.private_key, exported.kem_output, view("info"), view("other"), 77),
          exported.secret);
    }
  }
  const HpkeSealed empty = hpke_seal(suite_, pair_.public_key, {}, {}, {});
  EXPECT_TRUE(hpke_open(suite_, pair_.private_key, empty.kem_output, {}, {}, empty.ciphertext).empty());
  EXPECT_NE(hpke_seal(suite_, pair_.public_key, {}, {}, {}).kem_output, empty.kem_output);
  EXPECT_EQ(status_of([&] { hpke_export_to(suite_, pair_.public_key, {}, {}, 0); }),
            MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { hpke_export_to(suite_, pair_.public_key, {}, {}, 255 * 32 + 1); }),
            MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(HpkeOf, RefusesWhatWasNotSealedSo) {
  const HpkeSealed sealed = hpke_seal(suite_, pair_.public_key, view("info"), view("aad"), view("plaintext"));
  const auto status = [&](const HpkeSuite& suite, ByteView key, ByteView kem_output, ByteView info,
                          ByteView aad, ByteView ciphertext) {
    return status_of([&] { hpke_open(suite, key, kem_output, info, aad, ciphertext); });
  };
  const ByteView key = pair_.private_key, output = sealed.kem_output, ciphertext = sealed.ciphertext;
  EXPECT_EQ(status(suite_, key, output, view("info"), view("aad"), ciphertext), MYCHAT_OK);
  const HpkeKeyPair other = hpke_generate_key_pair(kem_);
  EXPECT_EQ(status(suite_, other.private_key, output, view("info"), view("aad"), ciphertext),
            MYCHAT_E_DECRYPT);
  const HpkeSealed another = hpke_seal(suite_, pair_.public_key, {}, {}, {});
  EXPECT_EQ(status(suite_, key, another.kem_output, view("info"), view("aad"), ciphertext), MYCHAT_E_DECRYPT);
  EXPECT_EQ(status(suite_, key, output, view("inf"), view("aad"), ciphertext), MYCHAT_E_DECRYPT);
  EXPECT_EQ(status(suite_, key, output, view("info"), view("aaD"), ciphertext), MYCHAT_E_DECRYPT);
  EXPECT_EQ(
      status({kem_, HashAlgorithm::kSha384, suite_.aead}, key, output, view("info"), view("aad"), ciphertext),
      MYCHAT_E_DECRYPT);
  EXPECT_EQ(status({kem_, suite_.kdf, AeadAlgorithm::kAes256Gcm}, key, output, view("info"), view("aad"),
                   ciphertext),
            MYCHAT_E_DECRYPT);
  for (std::size_t size = 0; size < ciphertext.size(); ++size) {
    EXPECT_EQ(status(suite_, key, output, view("info"), view("aad"), ciphertext.first(size)),
              MYCHAT_E_DECRYPT);
  }
  for (std::size_t size = 0; size < output.size(); size += 5) {
    EXPECT_EQ(status(suite_, key, output.first(size), view("info"), view("aad"), ciphertext),
              MYCHAT_E_MALFORMED);
  }
  Bytes altered = sealed.ciphertext;
  altered.back() ^= 1;
  EXPECT_EQ(status(suite_, key, output, view("info"), view("aad"), altered), MYCHAT_E_DECRYPT);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(HpkeOf, RefusesKeysThatAreNone) {
  Bytes longer = pair_.public_key;
  longer.push_back(0);
  std::vector<Bytes> wrong = {{}, {0}, longer, to_bytes(ByteView(longer).first(longer.size() - 2))};
  if (is_p()) {
    Bytes altered = pair_.public_key;
    altered.back() ^= 1;
    wrong.push_back(altered);
    altered = pair_.public_key;
    altered[0] = static_cast<std::uint8_t>(6 | (altered.back() & 1));  // The hybrid form.
    wrong.push_back(altered);
    wrong.push_back(Bytes(altered.size(), 0));
  }
  for (const Bytes& bytes : wrong) {
    EXPECT_FALSE(is_hpke_public_key(kem_, bytes));
    EXPECT_EQ(status_of([&] { hpke_seal(suite_, bytes, {}, {}, {}); }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(status_of([&] { hpke_export_to(suite_, bytes, {}, {}, 32); }), MYCHAT_E_MALFORMED);
  }
  if (is_x()) {
    // Of small order: zero, one. They have the form of a key, but the shared secret would be all zero.
    Bytes one(pair_.public_key.size());
    one[0] = 1;
    for (const Bytes& peer : {Bytes(one.size()), one}) {
      EXPECT_EQ(status_of([&] { hpke_seal(suite_, peer, {}, {}, {}); }), MYCHAT_E_MALFORMED);
      EXPECT_EQ(status_of([&] { hpke_open(suite_, pair_.private_key, peer, {}, {}, Bytes(16)); }),
                MYCHAT_E_MALFORMED);
    }
  }
  Secret long_private = pair_.private_key;
  long_private.insert(long_private.begin(), 0);
  std::vector<Secret> wrong_private = {{}, long_private};
  if (is_x()) {
    wrong_private.push_back(to_secret(ByteView(long_private).first(long_private.size() - 2)));
  } else if (is_p()) {
    wrong_private.push_back(Secret(pair_.private_key.size()));
    wrong_private.push_back(Secret(pair_.private_key.size(), 0xFF));
  }
  for (const Secret& bytes : wrong_private) {
    EXPECT_EQ(status_of([&] { (void)hpke_public_key(kem_, bytes); }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(status_of([&] { hpke_open(suite_, bytes, pair_.public_key, {}, {}, Bytes(16)); }),
              MYCHAT_E_MALFORMED);
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// Some implementations write scalars without the zeros that stand before them.
TEST(Hpke, ShortScalarsAreTakenAsIfZerosStoodBefore) {
  for (const KemAlgorithm kem : {KemAlgorithm::kP256, KemAlgorithm::kP384, KemAlgorithm::kP521}) {
    Secret whole(hpke_generate_key_pair(kem).private_key.size());
    whole.back() = 5;
    EXPECT_EQ(hpke_public_key(kem, Bytes{5}), hpke_public_key(kem, whole));
  }
}

TEST_P(HpkeOf, DerivedKeysDependOnTheMaterialAlone) {
  const HpkeKeyPair one = hpke_derive_key_pair(kem_, view("material"));
  const HpkeKeyPair again = hpke_derive_key_pair(kem_, view("material"));
  EXPECT_EQ(one.private_key, again.private_key);
  EXPECT_EQ(one.public_key, again.public_key);
  EXPECT_NE(hpke_derive_key_pair(kem_, view("other")).private_key, one.private_key);
  EXPECT_EQ(hpke_derive_key_pair(kem_, {}).private_key.size(), one.private_key.size());
}

TEST_P(HpkeOf, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (int& count : good) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const HpkeSealed sealed = hpke_seal(suite_, pair_.public_key, view("i"), view("a"), view("hello"));
        if (text(hpke_open(suite_, pair_.private_key, sealed.kem_output, view("i"), view("a"),
                           sealed.ciphertext)) == "hello") {
          ++count;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 10));
}

}  // namespace
}  // namespace mychat
