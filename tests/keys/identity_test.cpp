#include "keys/identity.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>
#include <string>
#include <utility>

#include "base/encoding.h"
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
  const Identity identity = Identity::of_key(kAlice, alice_key());
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
  const Identity identity = Identity::of_key(kAlice, alice_key());
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

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Free>;
using Context = std::unique_ptr<BN_CTX, Free>;

Number number_of(const Secret& bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}
Secret inverse(const BIGNUM* number, const BIGNUM* modulus) {
  const Context context(BN_CTX_new());
  const Number result(BN_mod_inverse(nullptr, number, modulus, context.get()));
  Secret out(static_cast<std::size_t>(BN_num_bytes(result.get())));
  BN_bn2bin(result.get(), out.data());
  return out;
}
Secret inverse(const Secret& number, const Secret& modulus) {
  return inverse(number_of(number).get(), number_of(modulus).get());
}
// d as the inverse of e modulo (p-1)(q-1).
Secret inverse_of_exponent(const Secret& p, const Secret& q) {
  const Context context(BN_CTX_new());
  const Number p1 = number_of(p), q1 = number_of(q), totient(BN_new()), e(BN_new());
  BN_sub_word(p1.get(), 1);
  BN_sub_word(q1.get(), 1);
  BN_mul(totient.get(), p1.get(), q1.get(), context.get());
  BN_set_word(e.get(), 65537);
  return inverse(e.get(), totient.get());
}

// The same numbers, whichever way round: p and q exchanged, and d reduced by (p-1)(q-1) instead of their
// least common multiple or the other way round, are one key and sign with one key.
TEST(SigningKey, FollowsFromTheIdentityKeyAlone) {
  const auto public_of = [](const RsaPrivateKey& key) { return derive_signing_key(key).public_key(); };
  EXPECT_EQ(hex_encode(public_of(alice_key())),
            "4f6432b8215395dedd57168cae858c4b37cea8d4c10506eee6c6ec9a1c5d0056");
  EXPECT_EQ(hex_encode(public_of(bob_key())),
            "845fdb6210e0eccbbc6d41c2165bc7ad39dbb1a3d18a80b8b8f820552260822f");
  const RsaPrivateComponents numbers = alice_key().components();
  RsaPrivateComponents swapped = numbers;
  std::swap(swapped.p, swapped.q);
  std::swap(swapped.dp, swapped.dq);
  swapped.qi = inverse(numbers.p, numbers.q);
  EXPECT_EQ(public_of(RsaPrivateKey::from_components(swapped, RsaCheck::kArithmetic)),
            public_of(alice_key()));
  RsaPrivateComponents other_d = numbers;
  other_d.d = inverse_of_exponent(numbers.p, numbers.q);
  ASSERT_NE(other_d.d, numbers.d);
  EXPECT_EQ(public_of(RsaPrivateKey::from_components(other_d, RsaCheck::kArithmetic)),
            public_of(alice_key()));
  EXPECT_EQ(Identity::of_key(kAlice, alice_key()).signing_key().seed(),
            Identity::of_key("alice@elsewhere.example", alice_key()).signing_key().seed());
}

TEST(Identity, TakesCanonicalHandlesOnly) {
  for (const char* handle : {"Alice@example.org", "alice", "alice@", "", "al ice@example.org"}) {
    EXPECT_ERROR(Identity::of_key(handle, alice_key()), MYCHAT_E_INVALID_ARGUMENT, "handle");
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
