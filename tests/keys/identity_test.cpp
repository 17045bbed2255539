#include "keys/identity.h"

#include <gtest/gtest.h>

#include <string>

#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "support/expect_error.h"
#include "support/test_keys.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

constexpr std::string_view kAlice = "alice@example.org";
constexpr std::int64_t kNow = 1'800'000'000'000;

TEST(Identity, CertifiesItsSigningKeyForItsHandle) {
  const Identity identity = Identity::with_new_signing_key(kAlice, alice_key());
  const auto& signing_key = identity.signing_key().public_key();
  EXPECT_TRUE(signing_key_certified(identity.public_key(), kAlice, signing_key, identity.certificate()));
  EXPECT_EQ(identity.fingerprint(), key_fingerprint(alice_key().public_key()));

  EXPECT_FALSE(signing_key_certified(bob_key().public_key(), kAlice, signing_key, identity.certificate()));
  EXPECT_FALSE(
      signing_key_certified(identity.public_key(), "alice@example.com", signing_key, identity.certificate()));
  const auto other = Ed25519PrivateKey::generate().public_key();
  EXPECT_FALSE(signing_key_certified(identity.public_key(), kAlice, other, identity.certificate()));
}

TEST(Identity, CertificateOfWrongLengthOrAlteredIsRefusedQuietly) {
  const Identity identity = Identity::with_new_signing_key(kAlice, alice_key());
  const auto& signing_key = identity.signing_key().public_key();
  const Bytes good = identity.certificate();
  Bytes altered = good;
  altered[100] ^= 1;
  Bytes longer = good;
  longer.push_back(0);
  for (const Bytes& wrong : {Bytes{}, altered, longer, Bytes(good.begin(), good.end() - 1)}) {
    EXPECT_FALSE(signing_key_certified(identity.public_key(), kAlice, signing_key, wrong));
  }
  EXPECT_FALSE(signing_key_certified(identity.public_key(), kAlice, ByteView(signing_key).first(31), good));
  EXPECT_FALSE(signing_key_certified(identity.public_key(), kAlice, {}, good));
}

TEST(Identity, ComesBackFromItsParts) {
  const Identity identity = Identity::with_new_signing_key(kAlice, alice_key());
  const Secret seed = identity.signing_key().seed();
  const Identity back = Identity::restore(kAlice, alice_key(), view(seed), identity.certificate());
  EXPECT_EQ(back.signing_key().public_key(), identity.signing_key().public_key());
  EXPECT_EQ(back.handle(), kAlice);
  EXPECT_ERROR(Identity::restore("eve@example.org", alice_key(), view(seed), identity.certificate()),
               MYCHAT_E_SIGNATURE, "certificate");
  EXPECT_ERROR(Identity::restore(kAlice, bob_key(), view(seed), identity.certificate()), MYCHAT_E_SIGNATURE,
               "certificate");
  EXPECT_ERROR(Identity::restore(kAlice, alice_key(), view(seed).first(16), identity.certificate()),
               MYCHAT_E_MALFORMED, "");
}

TEST(Identity, TakesCanonicalHandlesOnly) {
  for (const char* handle : {"Alice@example.org", "alice", "alice@", "", "al ice@example.org"}) {
    EXPECT_ERROR(Identity::with_new_signing_key(handle, alice_key()), MYCHAT_E_INVALID_ARGUMENT, "handle");
  }
}

TEST(Identity, IsMadeFreshAndCanBeCancelled) {
  bool checked = false;
  const Identity identity = Identity::create(kAlice, {}, [&](const KeygenProgress& progress) {
    checked |= progress.phase != KeygenPhase::kSearching;
  });
  EXPECT_TRUE(checked);
  EXPECT_TRUE(signing_key_certified(identity.public_key(), kAlice, identity.signing_key().public_key(),
                                    identity.certificate()));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_ERROR(Identity::create(kAlice, stop.get_token()), MYCHAT_E_CANCELLED, "");
}

TEST(Rotation, IsVouchedForByBothKeys) {
  const auto statement = make_rotation(alice_key(), bob_key(), kAlice, kNow);
  EXPECT_EQ(statement.created_at, "2027-01-15T08:00:00.000Z");
  EXPECT_NO_THROW(verify_rotation(statement, alice_key().public_key(), bob_key().public_key(), kAlice));
}

TEST(Rotation, ThatDoesNotHoldIsRefusedWithItsReason) {
  const auto good = make_rotation(alice_key(), bob_key(), kAlice, kNow);
  const RsaPublicKey& old_key = alice_key().public_key();
  const RsaPublicKey& new_key = bob_key().public_key();
  const auto verify = [&](const KeyRotationStatement& statement) {
    verify_rotation(statement, old_key, new_key, kAlice);
    return 0;
  };
  auto wrong = good;
  wrong.signature_old[7] ^= 1;
  EXPECT_ERROR(verify(wrong), MYCHAT_E_SIGNATURE, "old key's");
  wrong = good;
  wrong.signature_new.clear();
  EXPECT_ERROR(verify(wrong), MYCHAT_E_SIGNATURE, "new key's");
  wrong = good;
  wrong.signature_new = good.signature_old;  // Only the old key agreed.
  EXPECT_ERROR(verify(wrong), MYCHAT_E_SIGNATURE, "new key's");
  wrong = good;
  wrong.old_fingerprint = good.new_fingerprint;
  EXPECT_ERROR(verify(wrong), MYCHAT_E_KEY_MISMATCH, "old");
  wrong = good;
  wrong.new_fingerprint.clear();
  EXPECT_ERROR(verify(wrong), MYCHAT_E_KEY_MISMATCH, "new");
  wrong = good;
  wrong.created_at = "yesterday";
  EXPECT_ERROR(verify(wrong), MYCHAT_E_MALFORMED, "time");
  wrong = good;
  wrong.created_at = "2027-01-15T08:00:00.001Z";
  EXPECT_ERROR(verify(wrong), MYCHAT_E_SIGNATURE, "");
  EXPECT_ERROR((verify_rotation(good, old_key, new_key, "bob@example.org"), 0), MYCHAT_E_SIGNATURE, "");
  EXPECT_ERROR((verify_rotation(good, new_key, old_key, kAlice), 0), MYCHAT_E_KEY_MISMATCH, "");
  EXPECT_ERROR((verify_rotation(good, old_key, old_key, kAlice), 0), MYCHAT_E_KEY_MISMATCH, "same key");
  EXPECT_ERROR(make_rotation(alice_key(), alice_key(), kAlice, kNow), MYCHAT_E_INVALID_ARGUMENT, "different");
}

}  // namespace
}  // namespace mychat
