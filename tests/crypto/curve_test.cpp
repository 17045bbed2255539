#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/dh.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::status_of;

Bytes hex(const char* text) { return hex_decode(text).value(); }

TEST(Ed25519, MatchesRfc8032) {
  const auto key =
      Ed25519PrivateKey::from_seed(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  EXPECT_EQ(hex_encode(key.public_key()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(hex_encode(key.sign(hex("72"))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, SeedAndKeyGoBothWays) {
  const auto key = Ed25519PrivateKey::generate();
  const auto again = Ed25519PrivateKey::from_seed(key.seed());
  EXPECT_EQ(again.public_key(), key.public_key());
  EXPECT_EQ(again.sign(view("hello")), key.sign(view("hello")));
  EXPECT_NE(Ed25519PrivateKey::generate().public_key(), key.public_key());
}

TEST(Ed25519, RefusesWhatItDidNotSign) {
  const auto key = Ed25519PrivateKey::generate();
  const Bytes message(300, 'm');
  const auto signature = key.sign(message);
  EXPECT_TRUE(ed25519_verify(key.public_key(), message, signature));
  EXPECT_TRUE(ed25519_verify(key.public_key(), {}, key.sign({})));
  EXPECT_FALSE(ed25519_verify(key.public_key(), view("other"), signature));
  EXPECT_FALSE(ed25519_verify(Ed25519PrivateKey::generate().public_key(), message, signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    auto altered = signature;
    altered[at] ^= 1;
    EXPECT_FALSE(ed25519_verify(key.public_key(), message, altered)) << at;
  }
  EXPECT_FALSE(ed25519_verify(key.public_key(), message, ByteView(signature).first(63)));
  EXPECT_FALSE(ed25519_verify(key.public_key(), message, {}));
  EXPECT_FALSE(ed25519_verify(ByteView(key.public_key()).first(31), message, signature));
  EXPECT_FALSE(ed25519_verify({}, message, signature));
  EXPECT_EQ(status_of([] { Ed25519PrivateKey::from_seed(Bytes(31)); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([] { Ed25519PrivateKey::from_seed({}); }), MYCHAT_E_MALFORMED);
}

TEST(X25519, BothSidesAgreeAndKeysGoBothWays) {
  const auto alice = X25519PrivateKey::generate(), bob = X25519PrivateKey::generate();
  const Secret shared = alice.agree(bob.public_key());
  EXPECT_EQ(shared, bob.agree(alice.public_key()));
  EXPECT_EQ(shared, X25519PrivateKey::from_bytes(alice.to_bytes()).agree(bob.public_key()));
  EXPECT_NE(shared, X25519PrivateKey::generate().agree(bob.public_key()));
}

TEST(X25519, RefusesSmallOrderAndWrongSizes) {
  const auto key = X25519PrivateKey::generate();
  Bytes one(32);
  one[0] = 1;
  for (const Bytes& peer : {Bytes(32), one, Bytes(31, 9), Bytes(33, 9), Bytes()}) {
    EXPECT_EQ(status_of([&] { key.agree(peer); }), MYCHAT_E_MALFORMED);
  }
  EXPECT_EQ(status_of([] { X25519PrivateKey::from_bytes(Bytes(33)); }), MYCHAT_E_MALFORMED);
}

}  // namespace
}  // namespace mychat
