// An account's own keys, over its devices and backups: what the node may say of them, and which follows
// which.
#include <atomic>

#include "e2e/trust.h"

namespace mychat::e2e {
namespace {

// What the node answers of a user's keys.
std::string keys_json(const std::string& handle, const RsaPrivateKey& identity,
                      const Ed25519PrivateKey& signer) {
  wire::KeyResponse keys;
  keys.full_handle = handle;
  keys.public_key = identity.public_key().to_spki_pem();
  keys.public_key_fingerprint = key_fingerprint(identity.public_key());
  keys.signing_key = base64_encode(signer.public_key());
  keys.signing_key_certificate = base64_encode(certify_signing_key(identity, handle, signer.public_key()));
  return to_json_text(keys);
}

std::string contacts_json(const std::string& handle, const std::string& fingerprint) {
  wire::Contact contact;
  contact.id = "00000000-0000-4000-8000-000000000002";
  contact.contact_handle = handle;
  contact.public_key_fingerprint = fingerprint;
  contact.added_at = 1;
  return "[" + to_json_text(contact) + "]";
}

class OwnKeys : public Trust {
 protected:
  static mychat_status rotate_with_password(Sdk& sdk) {
    return sdk.call(
        [&](auto* r, auto* e) { return mychat_client_rotate_identity(sdk.get(), "a long password", r, e); });
  }
  static mychat_status log_out(Sdk& sdk) {
    return sdk.call([&](auto* r, auto* e) { return mychat_client_logout(sdk.get(), r, e); });
  }
  static void set_policy(Sdk& sdk, std::uint32_t policy) {
    EXPECT_EQ(mychat_client_set_policy(sdk.get(), policy, nullptr), MYCHAT_OK);
  }
};

// ---- Own signing keys

TEST_F(OwnKeys, ANodeThatListsTheAccountAmongItsContactsMakesNoSignerOneOfItsOwn) {
  Sdk b = bob();
  Middle middle(node.port());
  Sdk a = through(middle, "alice");
  ASSERT_EQ(a.import_key(test::kAliceKey), MYCHAT_OK);
  ASSERT_EQ(a.register_user("alice"), MYCHAT_OK) << a.error;
  a.wait_state(MYCHAT_CONNECTION_POLLING);
  // The node certifies one signing key, then another, with an identity key of its own making.
  const Ed25519PrivateKey forger = Ed25519PrivateKey::generate();
  const Ed25519PrivateKey other = Ed25519PrivateKey::generate();
  std::atomic<int> phase{0};
  middle.set_alter([&](const test::RawRequest& request, std::string& body) {
    if (phase > 1) return true;
    if (request.target.starts_with("/api/keys/alice"))
      body = keys_json(kAlice, test::bob_key(), phase == 0 ? forger : other);
    if (request.target.starts_with("/api/contacts")) body = contacts_json(kAlice, phase == 0 ? "00" : "11");
    return true;
  });
  for (phase = 0; phase < 3; ++phase) {
    a.reopen();
    a.wait_state(MYCHAT_CONNECTION_POLLING);
    EXPECT_EQ(a.contact(kAlice).handle, "") << phase;
  }
  // An answer about the account itself teaches nothing when the application asks for it either.
  EXPECT_EQ(a.lookup(kAlice), MYCHAT_E_INVALID_ARGUMENT);
  const Msg forged = wait_id(a, send_signed("forged", forger));
  EXPECT_EQ(forged.verification, MYCHAT_VERIFICATION_UNVERIFIED);
  EXPECT_EQ(forged.direction, MYCHAT_DIRECTION_OUT);
}

// ---- Which key follows which

TEST_F(OwnKeys, ANewerKeyThatCouldNotBeKnownAsSuchIsAdoptedOnceTheNodeShowsIt) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(log_out(a), MYCHAT_OK);
  // Elsewhere the key is replaced without the old one: no archive says which follows which.
  Sdk laptop = client("laptop");
  ASSERT_EQ(laptop.login("alice"), MYCHAT_OK) << laptop.error;
  laptop.wait_online();
  ASSERT_EQ(rotate_with_password(laptop), MYCHAT_OK) << laptop.error;
  const std::string newer = laptop.account().fingerprint;
  const std::string newest = backup(laptop);

  ASSERT_EQ(restore(a, newest), MYCHAT_OK) << a.error;
  EXPECT_NE(a.account().fingerprint, newer);
  const std::string stale = backup(a);
  EXPECT_EQ(a.login("alice"), MYCHAT_E_KEY_MISMATCH);
  int matches = -1;
  ASSERT_EQ(restore(a, newest, &matches), MYCHAT_OK) << a.error;
  EXPECT_EQ(matches, 1);
  EXPECT_EQ(a.account().fingerprint, newer);
  ASSERT_EQ(a.login("alice"), MYCHAT_OK) << a.error;

  // The archive that was made in between leads nobody back.
  ASSERT_EQ(restore(laptop, stale), MYCHAT_OK) << laptop.error;
  EXPECT_EQ(laptop.account().fingerprint, newer);
}

TEST_F(OwnKeys, AnOldArchiveRestoredBeforeTheFirstLoginIsRepairedByTheNewest) {
  Sdk a = alice();
  const std::string old = backup(a);
  Sdk laptop = client("laptop");
  ASSERT_EQ(laptop.login("alice"), MYCHAT_OK) << laptop.error;
  laptop.wait_online();
  ASSERT_EQ(rotate_with_password(laptop), MYCHAT_OK) << laptop.error;
  for (const bool archive : {true, false}) {
    SCOPED_TRACE(archive);
    Sdk fresh = client(archive ? "fresh" : "fresh2");
    ASSERT_EQ(archive ? restore(fresh, old) : fresh.import_key(test::kAliceKey), MYCHAT_OK) << fresh.error;
    EXPECT_EQ(fresh.login("alice"), MYCHAT_E_KEY_MISMATCH);
    ASSERT_EQ(restore(fresh, backup(laptop)), MYCHAT_OK) << fresh.error;
    EXPECT_EQ(fresh.account().fingerprint, laptop.account().fingerprint);
    ASSERT_EQ(fresh.login("alice"), MYCHAT_OK) << fresh.error;
    EXPECT_TRUE(fresh.account().signs);
  }
}

TEST_F(OwnKeys, KeysThatOnlyOpenOlderMessagesGoOnThroughBackups) {
  Sdk a = alice();
  Sdk b = bob();
  const std::string id = b.send(kAlice, "to the first key");
  a.wait_message("to the first key");
  const std::string old = backup(a);
  a.close();
  Sdk laptop = client("laptop");
  ASSERT_EQ(laptop.login("alice"), MYCHAT_OK) << laptop.error;
  laptop.wait_online();
  ASSERT_EQ(rotate_with_password(laptop), MYCHAT_OK) << laptop.error;
  ASSERT_EQ(restore(laptop, old), MYCHAT_OK) << laptop.error;
  laptop.until([&] { return laptop.message(id).readable; }, "the older message");
  Sdk phone = client("phone");
  ASSERT_EQ(restore(phone, backup(laptop)), MYCHAT_OK) << phone.error;
  ASSERT_EQ(phone.login("alice"), MYCHAT_OK) << phone.error;
  EXPECT_EQ(phone.wait_message("to the first key").id, id);
}

// ---- What comes with a backup

TEST_F(OwnKeys, ABackupOnlyMakesThePolicyStricter) {
  Sdk a = alice();
  set_policy(a, MYCHAT_POLICY_NO_TYPING);
  Sdk fresh = client("fresh");
  set_policy(fresh, MYCHAT_POLICY_REQUIRE_SIGNATURES);
  ASSERT_EQ(restore(fresh, backup(a)), MYCHAT_OK) << fresh.error;
  std::uint32_t policy = 0;
  ASSERT_EQ(mychat_client_policy(fresh.get(), &policy, nullptr), MYCHAT_OK);
  EXPECT_EQ(policy, MYCHAT_POLICY_REQUIRE_SIGNATURES | MYCHAT_POLICY_NO_TYPING);
}

TEST_F(OwnKeys, ASignerThatComesWithABackupVerifiesWhatItSigned) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const std::string id = send_signed("by another client", key);
  EXPECT_EQ(wait_id(b, id).verification, MYCHAT_VERIFICATION_UNVERIFIED);
  b.stop();
  publish(key);
  Sdk second = device("bob2", "bob", test::kBobKey);
  ASSERT_EQ(second.lookup(kAlice), MYCHAT_OK);
  ASSERT_EQ(restore(b, backup(second)), MYCHAT_OK) << b.error;
  EXPECT_EQ(b.message(id).verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(OwnKeys, AnOwnSignerThatIsLearnedLaterMakesEarlierMessagesOnesOwn) {
  Sdk b = bob();
  Sdk a = alice();
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const std::string id = send_signed("by another session", key);
  EXPECT_EQ(wait_id(a, id).verification, MYCHAT_VERIFICATION_UNVERIFIED);
  publish(key);
  EXPECT_EQ(wait_id(a, send_signed("again", key)).verification, MYCHAT_VERIFICATION_NONE);
  a.until([&] { return a.message(id).verification == MYCHAT_VERIFICATION_NONE; }, "one's own");
}

}  // namespace
}  // namespace mychat::e2e
