// Who wrote a message, for those who come late: new devices, new contacts, and what becomes known afterwards.
#include <mutex>

#include "e2e/trust.h"

namespace mychat::e2e {
namespace {

// ---- A late receiver

TEST_F(Trust, AMessageOfBeforeARotationIsUnverifiedOnANewDeviceAndNotForged) {
  Sdk a = alice();
  Sdk b = bob();
  const std::string id = a.send(kBob, "before");
  EXPECT_EQ(b.wait_message("before").verification, MYCHAT_VERIFICATION_VERIFIED);
  const std::string saved = backup(b);
  rotate(a);
  a.send(kBob, "after");

  Sdk fresh = device("bob2", "bob", test::kBobKey);
  const Msg before = wait_id(fresh, id);
  EXPECT_EQ(before.verification, MYCHAT_VERIFICATION_UNVERIFIED);
  EXPECT_EQ(before.data, "before");
  EXPECT_EQ(fresh.explain(id).cause, MYCHAT_E_SIGNATURE);
  EXPECT_EQ(fresh.explain(id).repair, MYCHAT_REPAIR_ASK_SENDER);
  EXPECT_NE(fresh.explain(id).description.find("was not altered"), std::string::npos);
  EXPECT_EQ(fresh.wait_message("after").verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(key_changes(fresh), 0);

  // Who requires signatures is told that there is one.
  Sdk strict = device("bob3", "bob", test::kBobKey, MYCHAT_POLICY_REQUIRE_SIGNATURES);
  const Msg kept = wait_id(strict, id);
  EXPECT_FALSE(kept.readable);
  EXPECT_EQ(kept.failure, MYCHAT_E_POLICY);
  EXPECT_EQ(strict.explain(id).cause, MYCHAT_E_POLICY);
  EXPECT_NE(strict.explain(id).description.find("It is signed, and was not altered"), std::string::npos)
      << strict.explain(id).description;
  EXPECT_TRUE(strict.wait_message("after").readable);

  // A backup that knows the old key proves the old message.
  Sdk restored = client("bob4");
  ASSERT_EQ(restore(restored, saved), MYCHAT_OK) << restored.error;
  ASSERT_EQ(restored.login("bob"), MYCHAT_OK) << restored.error;
  EXPECT_EQ(wait_id(restored, id).verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(wait_key_change(restored).contact.pending, a.account().fingerprint);
}

TEST_F(Trust, AllSessionsWithTheIdentityKeySignWithTheSameKey) {
  Sdk b = bob();
  b.close();
  Sdk a = alice();
  Sdk phone = client("alice2");
  ASSERT_EQ(restore(phone, backup(a, MYCHAT_BACKUP_V1)), MYCHAT_OK) << phone.error;
  ASSERT_EQ(phone.login("alice"), MYCHAT_OK) << phone.error;
  phone.wait_online();
  a.wait_status(a.send(kBob, "from the first device"), MYCHAT_MESSAGE_PENDING);
  phone.wait_status(phone.send(kBob, "from the phone"), MYCHAT_MESSAGE_PENDING);
  a.wait_status(a.send(kBob, "again"), MYCHAT_MESSAGE_PENDING);
  Sdk late = device("bob2", "bob", test::kBobKey);
  for (const char* text : {"from the first device", "from the phone", "again"})
    EXPECT_EQ(late.wait_message(text).verification, MYCHAT_VERIFICATION_VERIFIED) << text;
  // The other device's messages are one's own.
  EXPECT_EQ(a.wait_message("from the phone").verification, MYCHAT_VERIFICATION_NONE);
  EXPECT_EQ(phone.wait_message("again").verification, MYCHAT_VERIFICATION_NONE);
}

TEST_F(Trust, OwnMessagesOfBeforeARotationAreStillOnesOwn) {
  Sdk b = bob();
  Sdk a = alice();
  a.wait_status(a.send(kBob, "old key"), MYCHAT_MESSAGE_PENDING);
  rotate(a);
  a.wait_status(a.send(kBob, "new key"), MYCHAT_MESSAGE_PENDING);
  Sdk fresh = client("alice2");
  ASSERT_EQ(restore(fresh, backup(a)), MYCHAT_OK) << fresh.error;
  ASSERT_EQ(fresh.login("alice"), MYCHAT_OK) << fresh.error;
  EXPECT_EQ(fresh.wait_message("old key").verification, MYCHAT_VERIFICATION_NONE);
  EXPECT_EQ(fresh.wait_message("new key").verification, MYCHAT_VERIFICATION_NONE);
}

// ---- What becomes known afterwards

TEST_F(Trust, AnUnknownSignersMessagesAreVerifiedOnceTheSenderCertifiedTheKey) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const std::string id = send_signed("who am I?", key);
  EXPECT_EQ(wait_id(b, id).verification, MYCHAT_VERIFICATION_UNVERIFIED);
  ASSERT_EQ(mychat_client_set_policy(b.get(), MYCHAT_POLICY_REQUIRE_SIGNATURES, nullptr), MYCHAT_OK);
  const std::string kept = send_signed("and now?", key);
  EXPECT_FALSE(wait_id(b, kept).readable);
  publish(key);
  EXPECT_EQ(wait_id(b, id, MYCHAT_EVENT_MESSAGE_STATUS).verification, MYCHAT_VERIFICATION_VERIFIED);
  const Msg readable = wait_id(b, kept, MYCHAT_EVENT_MESSAGE_STATUS);
  EXPECT_EQ(readable.verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(readable.data, "and now?");
  EXPECT_EQ(b.explain(id).cause, MYCHAT_OK);
  EXPECT_EQ(wait_id(b, send_signed("again", key)).verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(key_changes(b), 0);
}

TEST_F(Trust, UnderThePolicyAMessageWhoseSignerIsFoundOutComesWithItsBody) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  ASSERT_EQ(mychat_client_set_policy(b.get(), MYCHAT_POLICY_REQUIRE_SIGNATURES, nullptr), MYCHAT_OK);
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  publish(key);  // Of which nobody tells b.
  const std::string id = send_signed("signed by a new key", key);
  const Msg got = wait_id(b, id);
  EXPECT_TRUE(got.readable);
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_VERIFIED);
  b.pump_for(500);
  for (const Seen& seen : b.seen())
    EXPECT_FALSE(seen.type == MYCHAT_EVENT_MESSAGE_STATUS && seen.message.id == id) << "it came in two steps";
}

TEST_F(Trust, MessagesByANewIdentityKeyAreVerifiedOnceItIsAccepted) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  rotate(a);
  wait_key_change(b);
  b.until([&] { return b.contact(kAlice).pending == a.account().fingerprint; }, "the new key waits");
  a.stop();
  a.start();  // The new signing key is published at the latest now.
  a.wait_online();
  const std::string id = a.send(kBob, "by the new key");
  EXPECT_EQ(wait_id(b, id).verification, MYCHAT_VERIFICATION_UNVERIFIED);
  EXPECT_EQ(b.explain(id).cause, MYCHAT_E_KEY_CHANGED);
  EXPECT_EQ(b.explain(id).repair, MYCHAT_REPAIR_ACCEPT_KEY);
  accept(b, kAlice, a.account().fingerprint);
  EXPECT_EQ(wait_id(b, id, MYCHAT_EVENT_MESSAGE_STATUS).verification, MYCHAT_VERIFICATION_VERIFIED);
}

// ---- Changes of keys, replayed

TEST_F(Trust, ANewDeviceThatReplaysOldChangesOfKeysRaisesNoAlarm) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const std::string old = a.account().fingerprint;
  publish(Ed25519PrivateKey::generate());  // An item with the old identity key.
  rotate(a);
  EXPECT_EQ(wait_key_change(b).contact.pending, a.account().fingerprint);
  accept(b, kAlice, a.account().fingerprint);
  rotate(a);
  a.send(kBob, "now");

  Sdk fresh = device("bob2", "bob", test::kBobKey);
  EXPECT_EQ(fresh.wait_message("now").verification, MYCHAT_VERIFICATION_VERIFIED);
  fresh.pump_for(500);
  EXPECT_EQ(key_changes(fresh), 0);
  const Peer contact = fresh.contact(kAlice);
  EXPECT_EQ(contact.fingerprint, a.account().fingerprint);
  EXPECT_EQ(contact.pending, "");
  EXPECT_EQ(contact.trust, MYCHAT_TRUST_UNVERIFIED);
  fresh.send(kAlice, "no doubt");
  EXPECT_TRUE(a.wait_message("no doubt").readable);
}

// ---- Rotations and one's other devices

TEST_F(Trust, AnotherDeviceFollowsARotationByTheNewestBackupAndSendsNothingUntilThen) {
  Sdk b = bob();
  Sdk a = alice();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const std::string first = backup(a, MYCHAT_BACKUP_V1);
  for (const mychat_backup_kind kind : {MYCHAT_BACKUP_FULL, MYCHAT_BACKUP_V1}) {
    SCOPED_TRACE(kind);
    Sdk phone = client("phone" + std::to_string(kind));
    ASSERT_EQ(restore(phone, backup(a)), MYCHAT_OK) << phone.error;
    ASSERT_EQ(phone.login("alice"), MYCHAT_OK) << phone.error;
    phone.wait_online();
    rotate(a);
    b.forget();
    phone.wait(
        [](const Seen& s) {
          return s.type == MYCHAT_EVENT_CONNECTION && s.state == MYCHAT_CONNECTION_ONLINE &&
                 s.error == MYCHAT_E_KEY_MISMATCH;
        },
        "it is told while it is online");
    phone.reopen();
    EXPECT_EQ(phone.wait_online().error, MYCHAT_E_KEY_MISMATCH);
    const std::string id = phone.send(kBob, "from the phone " + std::to_string(kind));
    phone.pump_for(500);
    EXPECT_EQ(phone.message(id).status, MYCHAT_MESSAGE_QUEUED);
    EXPECT_EQ(phone.explain(id).cause, MYCHAT_E_KEY_MISMATCH);
    EXPECT_EQ(phone.explain(id).repair, MYCHAT_REPAIR_RESTORE_BACKUP);
    EXPECT_EQ(restore(phone, first), kind == MYCHAT_BACKUP_FULL ? MYCHAT_OK : MYCHAT_E_ALREADY_EXISTS);
    EXPECT_NE(phone.account().fingerprint, a.account().fingerprint) << "an old backup is no repair";

    int matches = -1;
    ASSERT_EQ(restore(phone, backup(a, kind), &matches), MYCHAT_OK) << phone.error;
    EXPECT_EQ(matches, 1);
    EXPECT_EQ(phone.account().fingerprint, a.account().fingerprint);
    phone.wait_status(id, MYCHAT_MESSAGE_PENDING);
    EXPECT_EQ(phone.explain(id).cause, MYCHAT_OK);
    b.until([&] { return b.contact(kAlice).pending == a.account().fingerprint; }, "the new key waits");
    accept(b, kAlice, a.account().fingerprint);
    b.until([&] { return b.message(id).verification == MYCHAT_VERIFICATION_VERIFIED; }, "it is verified");
  }
}

TEST_F(Trust, TheNewestBackupIsTakenOfflineAndWithoutAKey) {
  Sdk a = alice();
  Sdk offline = device("offline", "alice", test::kAliceKey);
  offline.stop();
  Sdk bare = client("bare");
  ASSERT_EQ(bare.login("alice"), MYCHAT_OK) << bare.error;
  bare.wait_online();
  Sdk logged_out = device("logged-out", "alice", test::kAliceKey);
  ASSERT_EQ(logged_out.call([&](auto* r, auto* e) { return mychat_client_logout(logged_out.get(), r, e); }),
            MYCHAT_OK);
  const std::string old = backup(a);
  rotate(a);
  const std::string saved = backup(a);
  for (Sdk* sdk : {&offline, &bare}) {
    ASSERT_EQ(restore(*sdk, saved), MYCHAT_OK) << sdk->error;
    EXPECT_EQ(sdk->account().fingerprint, a.account().fingerprint);
  }
  // A log-in with the key of before is refused, and says what to do.
  EXPECT_EQ(logged_out.login("alice"), MYCHAT_E_KEY_MISMATCH);
  EXPECT_NE(logged_out.error.find("newest key backup"), std::string::npos) << logged_out.error;
  ASSERT_EQ(restore(logged_out, backup(a, MYCHAT_BACKUP_V1)), MYCHAT_OK) << logged_out.error;
  EXPECT_EQ(logged_out.login("alice"), MYCHAT_OK) << logged_out.error;
  offline.forget();
  offline.start();
  EXPECT_EQ(offline.wait_online().error, MYCHAT_OK);
  // One that is too old for a device without a key is refused for what it is.
  Sdk bare2 = client("bare2");
  ASSERT_EQ(bare2.login("alice"), MYCHAT_OK) << bare2.error;
  EXPECT_EQ(restore(bare2, old), MYCHAT_E_KEY_MISMATCH);
  EXPECT_NE(bare2.error.find("newest"), std::string::npos) << bare2.error;
}

TEST_F(Trust, ANodeCannotLeadBackToAKeyThatWasGivenUp) {
  Middle middle(node.port());
  Sdk a = through(middle, "alice");
  ASSERT_EQ(a.import_key(test::kAliceKey), MYCHAT_OK);
  ASSERT_EQ(a.register_user("alice"), MYCHAT_OK) << a.error;
  a.wait_state(MYCHAT_CONNECTION_POLLING);
  const std::string old = backup(a);
  const std::string old_v1 = backup(a, MYCHAT_BACKUP_V1);
  std::string me;
  std::mutex mutex;
  middle.set_alter([&](const test::RawRequest& request, std::string& body) {
    if (request.target != "/api/users/me") return true;
    const std::lock_guard lock(mutex);
    if (me.empty()) me = body;
    body = me;  // The key of before the rotation, for ever.
    return true;
  });
  a.reopen();
  a.wait_state(MYCHAT_CONNECTION_POLLING);
  rotate(a);
  const std::string present = a.account().fingerprint;
  a.reopen();
  EXPECT_EQ(a.wait_state(MYCHAT_CONNECTION_POLLING).error, MYCHAT_E_KEY_MISMATCH);
  int matches = -1;
  EXPECT_EQ(restore(a, old, &matches), MYCHAT_OK) << a.error;
  EXPECT_EQ(matches, 0);
  EXPECT_EQ(restore(a, old_v1), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(a.account().fingerprint, present);
  middle.set_alter(nullptr);
}

// ---- Own messages and accounts

TEST_F(Trust, WithoutTheKeyOwnMessagesSayWhyTheyCannotBeRead) {
  Sdk b = bob();
  Sdk a = alice();
  const std::string id = a.send(kBob, "mine");
  a.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
  Sdk fresh = client("alice2");
  ASSERT_EQ(fresh.login("alice"), MYCHAT_OK) << fresh.error;
  fresh.until([&] { return fresh.message(id).status >= MYCHAT_MESSAGE_DELIVERED; }, "its receipt");
  EXPECT_EQ(fresh.message(id).direction, MYCHAT_DIRECTION_OUT);
  EXPECT_FALSE(fresh.message(id).readable);
  EXPECT_EQ(fresh.message(id).failure, MYCHAT_E_NO_IDENTITY);
  EXPECT_EQ(fresh.explain(id).cause, MYCHAT_E_NO_IDENTITY);
  EXPECT_EQ(fresh.explain(id).repair, MYCHAT_REPAIR_RESTORE_BACKUP);
  ASSERT_EQ(restore(fresh, backup(a)), MYCHAT_OK) << fresh.error;
  fresh.until([&] { return fresh.message(id).readable; }, "it can be read");
  EXPECT_EQ(fresh.message(id).verification, MYCHAT_VERIFICATION_NONE);
}

TEST_F(Trust, ARestoredBackupKnowsTheAccountBeforeTheFirstLogin) {
  Sdk a = alice();
  const std::string saved = backup(a);
  Sdk fresh = client("alice2");
  ASSERT_EQ(restore(fresh, saved), MYCHAT_OK) << fresh.error;
  EXPECT_EQ(fresh.account().handle, kAlice);
  EXPECT_FALSE(fresh.account().logged_in);
  mychat_account* account = nullptr;
  ASSERT_EQ(mychat_client_account(fresh.get(), &account, nullptr), MYCHAT_OK);
  EXPECT_GT(account->backup_at, 0);
  mychat_account_free(account);
  EXPECT_EQ(fresh.try_send(kBob, "too early"), MYCHAT_E_INVALID_STATE);
  ASSERT_EQ(fresh.login("alice"), MYCHAT_OK) << fresh.error;
  EXPECT_TRUE(fresh.account().signs);
}

TEST_F(Trust, FromADeletedAccountNothingIsSent) {
  Sdk a = alice();
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_delete_account(a.get(), "a long password", r, e);
  }),
            MYCHAT_OK)
      << a.error;
  EXPECT_EQ(a.try_send(kBob, "never"), MYCHAT_E_INVALID_STATE);
  EXPECT_NE(a.error.find("deleted"), std::string::npos);
}

}  // namespace
}  // namespace mychat::e2e
