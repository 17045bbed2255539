// Wycheproof's vectors for RSA-4096.
#include "tests/crypto/wycheproof.h"

#include <optional>

#include "base/error.h"
#include "crypto/rsa.h"

namespace mychat {
namespace {

using test::Case;
using test::run_wycheproof;

Bytes jwk_number(const Case& test, const char* key, const char* name) {
  const auto bytes = base64url_decode(Case::text_of(test.group_object(key), name));
  if (!bytes) throw std::runtime_error("not base64url in a vector file");
  return *bytes;
}

RsaPrivateComponents jwk_components(const Case& test) {
  const auto number = [&](const char* name) { return to_secret(jwk_number(test, "privateKeyJwk", name)); };
  return {jwk_number(test, "privateKeyJwk", "n"),
          jwk_number(test, "privateKeyJwk", "e"),
          number("d"),
          number("p"),
          number("q"),
          number("dp"),
          number("dq"),
          number("qi")};
}

TEST(Wycheproof, RsaOaep4096Sha256) {
  std::optional<RsaPrivateKey> key;
  std::string key_text;
  run_wycheproof("rsa_oaep_4096_sha256_mgf1sha256_test.json", [&](const Case& test) -> std::string {
    if (key_text != test.group_text("privateKeyPem")) {  // The three forms of the key are one key.
      key_text = test.group_text("privateKeyPem");
      key = RsaPrivateKey::from_pkcs8_pem(key_text);
      const Bytes der = Case::from_hex(test.group_text("privateKeyPkcs8"));
      EXPECT_EQ(to_bytes(key->to_pkcs8_der()), der);
      EXPECT_EQ(*key, RsaPrivateKey::from_pkcs8_der(der, RsaCheck::kArithmetic));
      EXPECT_EQ(*key, RsaPrivateKey::from_components(jwk_components(test), RsaCheck::kArithmetic));
      EXPECT_EQ(key->components().d, jwk_components(test).d);
    }
    if (!test.text("label").empty()) {
      EXPECT_THROW(key->decrypt_oaep(test.bytes("ct")), Error);
      return "the label is always empty here (its refusal was checked)";
    }
    if (test.valid()) {
      const Bytes message = test.bytes("msg");
      EXPECT_EQ(to_bytes(key->decrypt_oaep(test.bytes("ct"))), message);
      EXPECT_EQ(to_bytes(key->decrypt_oaep(key->public_key().encrypt_oaep(message))), message);
      return {};
    }
    try {
      key->decrypt_oaep(test.bytes("ct"));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), MYCHAT_E_DECRYPT);
      EXPECT_EQ(error.detail(), 0) << "the reason must not be told";
    }
    return {};
  });
}

TEST(Wycheproof, RsaPss4096Sha256) {
  std::optional<RsaPublicKey> key;
  std::string key_text;
  run_wycheproof("rsa_pss_4096_sha256_mgf1_32_test.json", [&](const Case& test) -> std::string {
    EXPECT_EQ(test.group_number("sLen"), 32);
    if (key_text != test.group_text("publicKeyPem")) {
      key_text = test.group_text("publicKeyPem");
      key = RsaPublicKey::from_spki_pem(key_text);
      EXPECT_EQ(key->to_spki_der(), Case::from_hex(test.group_text("publicKeyDer")));
      EXPECT_EQ(*key, RsaPublicKey::from_components(
                          {jwk_number(test, "publicKeyJwk", "n"), jwk_number(test, "publicKeyJwk", "e")}));
    }
    EXPECT_EQ(key->verify_pss(test.bytes("msg"), test.bytes("sig")), test.valid());
    return {};
  });
}

}  // namespace
}  // namespace mychat
