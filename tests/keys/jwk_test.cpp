#include "keys/jwk.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "keys/public_key.h"
#include "protocol/json.h"
#include "support/expect_error.h"
#include "support/test_keys.h"
#include "support/vectors.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string private_text(const RsaPrivateKey& key) {
  const Secret jwk = private_jwk_pretty(key);
  return std::string(text(view(jwk)));
}

// The value of a member, as it stands in the JWK.
std::string member(const std::string& jwk, const std::string& name) {
  return std::string(Json::parse(jwk)->string(name));
}

TEST(Jwk, IsWrittenExactlyAsBrowsersDo) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  ASSERT_GT(identities->size(), 0U);
  for (const JsonView identity : identities.root()) {
    const std::string public_text(identity.string("public_jwk_string"));
    const RsaPublicKey key = parse_public_jwk(public_text);
    EXPECT_EQ(public_jwk(key), public_text);
    EXPECT_EQ(key.to_spki_pem(), identity.string("public_key_pem"));
    EXPECT_EQ(parse_public_key(identity.string("public_key_pem")), key);
    EXPECT_EQ(member(public_jwk_pretty(key), "n"), identity.object("public_jwk").string("n"));
  }
}

TEST(Jwk, OfAPrivateKeyIsPrintedExactlyAsBrowsersDo) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  for (const JsonView identity : identities.root()) {
    // The vectors list the members in the order in which browsers export them.
    std::string pretty;
    for (const JsonView item : identity.object("private_jwk")) {
      std::string value = item.is_bool() ? "true" : "[\n    \"decrypt\"\n  ]";
      if (item.is_string()) value = '"' + std::string(item.as_string()) + '"';
      pretty += (pretty.empty() ? "{\n  \"" : ",\n  \"") + std::string(item.name()) + "\": " + value;
    }
    pretty += "\n}";
    const RsaPrivateKey key = parse_private_jwk(pretty);
    EXPECT_EQ(private_text(key), pretty);
    EXPECT_EQ(public_jwk(key.public_key()), identity.string("public_jwk_string"));
  }
}

TEST(Jwk, ReadsWhatItWrites) {
  EXPECT_EQ(parse_public_jwk(public_jwk(alice_key().public_key())), alice_key().public_key());
  EXPECT_EQ(parse_public_jwk(public_jwk_pretty(alice_key().public_key())), alice_key().public_key());
  EXPECT_EQ(parse_private_jwk(private_text(alice_key())), alice_key());
}

TEST(Jwk, IsReadInAnyOrderWithFurtherMembersAndWhiteSpace) {
  const std::string n = member(public_jwk(alice_key().public_key()), "n");
  EXPECT_EQ(
      parse_public_jwk("\n {\"n\" : \"" + n + "\",\t\"kid\":\"1\",\"e\":\"AQAB\", \"kty\":\"RSA\"}\r\n"),
      alice_key().public_key());
  EXPECT_EQ(parse_public_jwk("{\"x\":{\"y\":[1,2]},\"kty\":\"RSA\",\"use\":\"enc\",\"e\":\"AQAB\",\"n\":\"" +
                             n + "\"}"),
            alice_key().public_key());
}

TEST(Jwk, WithZerosBeforeANumberIsTheSameKeyInCanonicalForm) {
  RsaPublicComponents numbers = alice_key().public_key().components();
  numbers.n.insert(numbers.n.begin(), 0);
  const std::string jwk = "{\"kty\":\"RSA\",\"e\":\"AAEAAQ\",\"n\":\"" + base64url_encode(numbers.n) + "\"}";
  EXPECT_EQ(public_jwk(parse_public_jwk(jwk)), public_jwk(alice_key().public_key()));
}

TEST(Jwk, OfAnotherKindIsRefused) {
  const std::string jwk = public_jwk(alice_key().public_key());
  const auto parse = [](const std::string& text) { return parse_public_jwk(text); };
  EXPECT_ERROR(parse(replaced(jwk, "\"kty\":\"RSA\"", "\"kty\":\"EC\"")), MYCHAT_E_UNSUPPORTED, "kty");
  EXPECT_ERROR(parse(replaced(jwk, "RSA-OAEP-256", "RSA-OAEP-512")), MYCHAT_E_UNSUPPORTED, "alg");
  EXPECT_ERROR(parse(replaced(jwk, "\"ext\":true", "\"use\":\"sig\"")), MYCHAT_E_UNSUPPORTED, "use");
  EXPECT_ERROR(parse(replaced(jwk, "\"kty\":\"RSA\",", "")), MYCHAT_E_MALFORMED, "kty");
  EXPECT_ERROR(parse(replaced(jwk, "\"kty\":\"RSA\"", "\"kty\":7")), MYCHAT_E_MALFORMED, "kty");
  EXPECT_ERROR(parse(replaced(jwk, "AQAB", "AQAC")), MYCHAT_E_MALFORMED, "exponent");
  EXPECT_ERROR(parse(replaced(jwk, "AQAB", "Aw")), MYCHAT_E_MALFORMED, "exponent");
  EXPECT_ERROR(parse("[]"), MYCHAT_E_MALFORMED, "object");
  EXPECT_ERROR(parse(""), MYCHAT_E_MALFORMED, "");
  EXPECT_ERROR(parse(jwk + "x"), MYCHAT_E_MALFORMED, "");
  EXPECT_ERROR(parse(replaced(jwk, "\"ext\":true", "\"n\":\"AQAB\"")), MYCHAT_E_MALFORMED, "");
}

TEST(Jwk, WithABadNumberIsRefused) {
  const std::string jwk = public_jwk(alice_key().public_key());
  const std::string n = member(jwk, "n");
  const auto with_n = [&](const std::string& value) { return parse_public_jwk(replaced(jwk, n, value)); };
  EXPECT_ERROR(with_n(n + "="), MYCHAT_E_MALFORMED, "base64url");
  EXPECT_ERROR(with_n("+" + n.substr(1)), MYCHAT_E_MALFORMED, "base64url");
  EXPECT_ERROR(with_n(""), MYCHAT_E_MALFORMED, "base64url");
  EXPECT_ERROR(with_n(n.substr(0, 340)), MYCHAT_E_MALFORMED, "4096");
  EXPECT_ERROR(with_n(n + "AAAA"), MYCHAT_E_MALFORMED, "too long");
  EXPECT_ERROR(with_n(std::string(20000, 'A')), MYCHAT_E_TOO_LARGE, "");
}

TEST(Jwk, OfAPrivateKeyWhoseNumbersDisagreeIsRefused) {
  const std::string alice = private_text(alice_key());
  const std::string bob = private_text(bob_key());
  for (const char* name : {"d", "dp", "dq", "n", "p", "q", "qi"}) {
    const std::string mixed = replaced(alice, member(alice, name), member(bob, name));
    EXPECT_ERROR(parse_private_jwk(mixed), MYCHAT_E_MALFORMED, "RSA") << name;
    EXPECT_ERROR(parse_private_jwk(mixed, RsaCheck::kArithmetic), MYCHAT_E_MALFORMED, "RSA") << name;
  }
  EXPECT_ERROR(parse_private_jwk(public_jwk(alice_key().public_key())), MYCHAT_E_MALFORMED, "\"d\"");
  EXPECT_ERROR(parse_private_jwk(replaced(alice, "\"ext\"", "\"oth\"")), MYCHAT_E_UNSUPPORTED, "primes");
}

TEST(Jwk, ErrorsHoldNoPartOfThePrivateKey) {
  const std::string alice = private_text(alice_key());
  const std::string d = member(alice, "d");
  try {
    parse_private_jwk(replaced(alice, d, d.substr(0, 100) + "*"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find(d.substr(0, 12)), std::string::npos);
  }
}

TEST(PublicKey, IsReadFromEveryTextTheWireCarries) {
  const RsaPublicKey& key = alice_key().public_key();
  const std::string pem = key.to_spki_pem();
  EXPECT_NE(pem.back(), '\n');
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text :
       {pem, pem + "\n", crlf, crlf + "\r\n", public_jwk(key), public_jwk_pretty(key)}) {
    EXPECT_EQ(parse_public_key(text), key) << text;
  }
}

TEST(PublicKey, ThatIsNoneIsRefused) {
  const std::string pem = alice_key().public_key().to_spki_pem();
  for (const std::string& text : {std::string(), std::string("ssh-rsa AAAA"), pem.substr(0, 300),
                                  replaced(pem, "PUBLIC KEY", "RSA KEY"), std::string(test::kAliceKey),
                                  std::string("{}"), std::string("{\"kty\":")}) {
    EXPECT_ERROR(parse_public_key(text), MYCHAT_E_MALFORMED, "") << text;
  }
}

}  // namespace
}  // namespace mychat
