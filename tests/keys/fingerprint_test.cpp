#include "keys/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

#include "keys/jwk.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "protocol/json.h"
#include "support/test_keys.h"
#include "support/vectors.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

TEST(Fingerprint, HasBothFormsOfTheVectors) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  ASSERT_GT(identities->size(), 0U);
  for (const JsonView identity : identities.root()) {
    const std::string pem(identity.string("public_key_pem"));
    const std::string jwk(identity.string("public_jwk_string"));
    const RsaPublicKey key = parse_public_key(pem);
    EXPECT_EQ(key_fingerprint(key), identity.string("fingerprint"));
    EXPECT_EQ(pem_fingerprint(pem), identity.string("pem_fingerprint"));
    for (const auto form : {identity.string("fingerprint"), identity.string("pem_fingerprint")}) {
      EXPECT_TRUE(fingerprint_matches(key, pem, form));
      EXPECT_TRUE(fingerprint_matches(key, jwk, form));
      EXPECT_TRUE(fingerprint_matches(key, pem, lower_ascii(form)));
    }
  }
}

TEST(Fingerprint, OfAPemAsItCameMatches) {
  const RsaPublicKey& key = alice_key().public_key();
  const std::string with_newline = key.to_spki_pem() + "\n";
  EXPECT_NE(pem_fingerprint(with_newline), pem_fingerprint(key.to_spki_pem()));
  EXPECT_TRUE(fingerprint_matches(key, with_newline, pem_fingerprint(with_newline)));
  EXPECT_TRUE(fingerprint_matches(key, with_newline, pem_fingerprint(key.to_spki_pem())));
  EXPECT_FALSE(fingerprint_matches(key, key.to_spki_pem(), pem_fingerprint(with_newline)));
}

TEST(Fingerprint, OfAnotherKeyOrAnotherJsonTextDoesNotMatch) {
  const RsaPublicKey& key = alice_key().public_key();
  const RsaPublicKey& other = bob_key().public_key();
  EXPECT_FALSE(fingerprint_matches(key, key.to_spki_pem(), key_fingerprint(other)));
  EXPECT_FALSE(fingerprint_matches(key, key.to_spki_pem(), pem_fingerprint(other.to_spki_pem())));
  const std::string pretty = public_jwk_pretty(key);
  EXPECT_FALSE(fingerprint_matches(key, pretty, pem_fingerprint(pretty)));
}

TEST(Fingerprint, ThatDiffersInOneDigitOrInFormDoesNotMatch) {
  const RsaPublicKey& key = alice_key().public_key();
  const std::string right = key_fingerprint(key);
  ASSERT_EQ(right.size(), kFingerprintSize);
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = wrong[i] == '0' ? '1' : '0';
    EXPECT_FALSE(fingerprint_matches(key, "", wrong)) << i;
    EXPECT_FALSE(equal_fingerprints(right, wrong)) << i;
  }
  for (const std::string& wrong :
       {std::string(), right.substr(1), right + "0", right.substr(0, 78), " " + right}) {
    EXPECT_FALSE(fingerprint_matches(key, "", wrong)) << wrong;
    EXPECT_FALSE(equal_fingerprints(wrong, wrong)) << wrong;
  }
}

}  // namespace
}  // namespace mychat
