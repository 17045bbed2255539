// Contacts and keys that change in two places at once.
#include <atomic>
#include <thread>

#include "e2e/gate.h"
#include "e2e/world.h"
#include "keys/backup.h"
#include "keys/certificate.h"
#include "protocol/json_writer.h"
#include "protocol/user.h"

namespace mychat::e2e {
namespace {

class Races : public World {
 protected:
  Sdk through_middle(const std::string& store, const std::string& name, std::string_view key) {
    Sdk::Options options;
    options.store = dir.file(store);
    options.node_url = middle.url();
    options.flags = MYCHAT_CLIENT_NO_WEBSOCKET;
    Sdk sdk(options);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK);
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_state(MYCHAT_CONNECTION_POLLING);
    return sdk;
  }
  Sdk bob_through_middle() { return through_middle("bob", "bob", test::kBobKey); }
  // Another session of a user, with the same identity key.
  Sdk session(const std::string& store, const std::string& name, std::string_view key) {
    Sdk sdk = client(store);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK);
    EXPECT_EQ(sdk.login(name), MYCHAT_OK) << sdk.error;
    sdk.wait_online();
    return sdk;
  }
  static mychat_status remove(Sdk& sdk, const std::string& handle) {
    return sdk.call(
        [&](auto* r, auto* e) { return mychat_client_remove_contact(sdk.get(), handle.c_str(), r, e); });
  }
  static mychat_status rotate(Sdk& sdk, const char* password = nullptr) {
    return sdk.call(
        [&](auto* r, auto* e) { return mychat_client_rotate_identity(sdk.get(), password, r, e); });
  }
  static mychat_request_id begin_add(Sdk& sdk, const std::string& handle) {
    mychat_request_id request = 0;
    EXPECT_EQ(mychat_client_add_contact(sdk.get(), handle.c_str(), nullptr, &request, nullptr), MYCHAT_OK);
    return request;
  }
  static mychat_request_id begin_remove(Sdk& sdk, const std::string& handle) {
    mychat_request_id request = 0;
    EXPECT_EQ(mychat_client_remove_contact(sdk.get(), handle.c_str(), &request, nullptr), MYCHAT_OK);
    return request;
  }
  static mychat_status finish(Sdk& sdk, mychat_request_id request) {
    mychat_event* event = nullptr;
    const mychat_status status = mychat_client_await(sdk.get(), request, kWait, &event, nullptr);
    EXPECT_NE(event, nullptr) << "no completion";
    mychat_event_free(event);
    return status;
  }
  static int key_changes(const Sdk& sdk) {
    int count = 0;
    for (const Seen& seen : sdk.seen()) count += seen.type == MYCHAT_EVENT_KEY_CHANGED;
    return count;
  }
  // Answers of the kind `target` are the one that was given first.
  Middle::Alter replay(std::string target) {
    return [this, target = std::move(target)](const test::RawRequest& request, std::string& body) {
      if (!request.target.starts_with(target)) return true;
      const std::lock_guard lock(recorded_mutex);
      if (recorded.empty()) recorded = body;
      body = recorded;
      return true;
    };
  }

  std::mutex recorded_mutex;
  std::string recorded;
  Middle middle{node.port()};
};

TEST_F(Races, AListAskedForBeforeAContactWasAddedDoesNotRemoveIt) {
  Sdk a = alice();
  Sdk b = bob_through_middle();
  b.stop();
  b.wait_state(MYCHAT_CONNECTION_OFFLINE);
  Gate gate("GET", "/api/contacts");
  middle.set_alter(gate.alter());
  b.start();
  gate.wait_reached();  // The node has answered with an empty list.
  EXPECT_EQ(b.add_contact(kAlice), MYCHAT_OK) << b.error;
  gate.open();
  b.wait_state(MYCHAT_CONNECTION_POLLING);
  EXPECT_TRUE(b.contact(kAlice).listed);
  EXPECT_EQ(b.contacts().size(), 1u);
  middle.set_alter(nullptr);
}

TEST_F(Races, AListAskedForBeforeAContactWasRemovedDoesNotBringItBack) {
  Sdk a = alice();
  Sdk b = bob_through_middle();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  b.stop();
  b.wait_state(MYCHAT_CONNECTION_OFFLINE);
  Gate gate("GET", "/api/contacts");
  middle.set_alter(gate.alter());
  b.start();
  gate.wait_reached();
  EXPECT_EQ(remove(b, kAlice), MYCHAT_OK) << b.error;
  gate.open();
  b.wait_state(MYCHAT_CONNECTION_POLLING);
  EXPECT_FALSE(b.contact(kAlice).listed);
  middle.set_alter(nullptr);
}

TEST_F(Races, AnotherSessionsContactIsTakenOverAndRemovedUnderItsNewId) {
  Sdk a = alice();
  Sdk b = bob();
  Sdk other = session("bob2", "bob", test::kBobKey);
  ASSERT_EQ(other.add_contact(kAlice, "from there"), MYCHAT_OK) << other.error;
  EXPECT_FALSE(b.contact(kAlice).listed);
  EXPECT_EQ(b.add_contact(kAlice, "from here"), MYCHAT_E_ALREADY_EXISTS);
  const Peer taken = b.contact(kAlice);
  EXPECT_TRUE(taken.listed);
  EXPECT_EQ(taken.nickname, "from there");
  EXPECT_EQ(taken.fingerprint, a.account().fingerprint);

  ASSERT_EQ(remove(other, kAlice), MYCHAT_OK);
  ASSERT_EQ(other.add_contact(kAlice), MYCHAT_OK);  // Another id, of which b does not know.
  EXPECT_EQ(remove(b, kAlice), MYCHAT_OK) << b.error;
  EXPECT_FALSE(b.contact(kAlice).listed);
  other.reopen();
  other.wait_online();
  EXPECT_FALSE(other.contact(kAlice).listed);
  EXPECT_EQ(remove(b, kAlice), MYCHAT_E_NOT_FOUND);
  EXPECT_EQ(b.add_contact(kBob), MYCHAT_E_REJECTED) << "nobody is their own contact: " << b.error;
}

TEST_F(Races, CallsAboutOneContactAreCarriedOutInTheirOrder) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  for (int i = 0; i < 20; ++i) {
    const mychat_request_id removed = begin_remove(b, kAlice);
    const mychat_request_id added = begin_add(b, kAlice);
    EXPECT_EQ(finish(b, removed), MYCHAT_OK);
    EXPECT_EQ(finish(b, added), MYCHAT_OK);
    ASSERT_TRUE(b.contact(kAlice).listed);
  }
  // One whose turn has not come can be cancelled.
  const mychat_request_id first = begin_remove(b, kAlice);
  const mychat_request_id second = begin_add(b, kAlice);
  mychat_client_cancel(b.get(), second, nullptr);
  EXPECT_EQ(finish(b, first), MYCHAT_OK);
  const mychat_status status = finish(b, second);
  EXPECT_TRUE(status == MYCHAT_E_CANCELLED || status == MYCHAT_OK) << status;
}

TEST_F(Races, AKeyThatChangesWhileTheContactIsAddedIsTheOneThatIsTaken) {
  Sdk a = alice();
  Sdk b = bob_through_middle();
  const std::string before = a.account().fingerprint;
  Gate gate("GET", "/api/keys/alice");
  std::atomic<int> acks{0};
  middle.set_alter([&](const test::RawRequest& request, std::string&) {
    acks += request.method == "POST" && request.target == "/api/mailbox/ack";
    gate.pass(request);
    return true;
  });
  const mychat_request_id added = begin_add(b, kAlice);
  gate.wait_reached();  // The node has answered with the old key.
  ASSERT_EQ(rotate(a), MYCHAT_OK) << a.error;
  b.until([&] { return acks > 0; }, "the change is processed");
  gate.open();
  EXPECT_EQ(finish(b, added), MYCHAT_OK);
  const Peer contact = b.contact(kAlice);
  EXPECT_NE(a.account().fingerprint, before);
  EXPECT_EQ(contact.fingerprint, a.account().fingerprint);
  EXPECT_EQ(contact.trust, MYCHAT_TRUST_UNVERIFIED);
  EXPECT_EQ(contact.pending, "");
  b.pump_for(300);
  EXPECT_EQ(key_changes(b), 0);
  b.send(kAlice, "to the new key");
  EXPECT_TRUE(a.wait_message("to the new key").readable);
  middle.set_alter(nullptr);
}

TEST_F(Races, AnOldAnswerDoesNotTakeBackAKeyThatTheOldOneVouchedFor) {
  Sdk a = alice();
  Sdk b = bob_through_middle();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  middle.set_alter(replay("/api/users/alice"));
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  ASSERT_EQ(rotate(a), MYCHAT_OK) << a.error;
  b.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_KEY_CHANGED; }, "the key change");
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);  // Answered with the key of before.
  const Peer contact = b.contact(kAlice);
  EXPECT_EQ(contact.trust, MYCHAT_TRUST_CHANGED);
  EXPECT_EQ(contact.pending, a.account().fingerprint);
  EXPECT_TRUE(contact.vouched);
  EXPECT_EQ(b.try_send(kAlice, "to the old key"), MYCHAT_E_KEY_CHANGED);
  // Accepted, the old answer makes a change of it, which nobody vouches for.
  ASSERT_EQ(mychat_client_accept_key(b.get(), kAlice.c_str(), contact.pending.c_str(), nullptr), MYCHAT_OK);
  b.until([&] { return b.contact(kAlice).signs; },
          "the item with the new signing key, the last of the rotation");
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  EXPECT_EQ(b.contact(kAlice).trust, MYCHAT_TRUST_CHANGED);
  EXPECT_FALSE(b.contact(kAlice).vouched);
  EXPECT_EQ(b.contact(kAlice).fingerprint, a.account().fingerprint);
  // With the true answer nothing waits any more.
  middle.set_alter(nullptr);
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  EXPECT_EQ(b.contact(kAlice).trust, MYCHAT_TRUST_UNVERIFIED);
}

TEST_F(Races, RotationsOneAfterAnotherAreVouchedForAsAChain) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const std::string accepted = a.account().fingerprint;
  b.stop();
  b.wait_state(MYCHAT_CONNECTION_OFFLINE);
  ASSERT_EQ(rotate(a), MYCHAT_OK) << a.error;
  ASSERT_EQ(rotate(a), MYCHAT_OK) << a.error;
  b.start();
  b.until(
      [&] {
        const Peer contact = b.contact(kAlice);
        return contact.pending == a.account().fingerprint && contact.vouched;
      },
      "the last key waits, vouched for");
  EXPECT_EQ(b.contact(kAlice).fingerprint, accepted);
}

TEST_F(Races, AnOlderCertificateShownAgainTakesNoSigningKeyAway) {
  Sdk a = alice();
  Sdk b = bob_through_middle();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  middle.set_alter(replay("/api/users/alice"));
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);  // The certificate of the first session's signing key.
  Sdk second = session("alice2", "alice", test::kAliceKey);
  second.send(kBob, "from the second");
  EXPECT_EQ(b.wait_message("from the second").verification, MYCHAT_VERIFICATION_VERIFIED);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
    second.send(kBob, "second " + std::to_string(i));
    EXPECT_EQ(b.wait_message("second " + std::to_string(i)).verification, MYCHAT_VERIFICATION_VERIFIED);
    a.send(kBob, "first " + std::to_string(i));
    EXPECT_EQ(b.wait_message("first " + std::to_string(i)).verification, MYCHAT_VERIFICATION_VERIFIED);
  }
  middle.set_alter(nullptr);
}

TEST_F(Races, ABackupBringsNoSigningKeyThatIsNotCertified) {
  const auto restored = [&](const std::string& store, const Bytes& certificate,
                            const Ed25519PrivateKey& key) {
    BackupAccount account;
    account.handle = kBob;
    account.node_url = node.url();
    BackupContact contact;
    contact.handle = kAlice;
    contact.public_key = test::alice_key().public_key().to_spki_pem();
    contact.signing_key.assign(key.public_key().begin(), key.public_key().end());
    contact.signing_key_certificate = certificate;
    contact.added_at = 1;
    account.contacts.push_back(contact);
    const Bytes archive = export_backup(test::bob_key(), &account, "backup password", 1'700'000'000'000,
                                        {BackupShape::kSealedOnly, {64, 1, 1}});
    Sdk sdk = client(store);
    mychat_error failed = MYCHAT_ERROR_INIT;
    EXPECT_EQ(mychat_client_import_backup(sdk.get(), archive.data(), archive.size(), "backup password",
                                          nullptr, &failed),
              MYCHAT_OK)
        << failed.message;
    return sdk.contact(kAlice);
  };
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const Bytes good = certify_signing_key(test::alice_key(), kAlice, key.public_key());
  const Bytes of_another = certify_signing_key(test::alice_key(), kBob, key.public_key());
  const Bytes by_another = certify_signing_key(test::bob_key(), kAlice, key.public_key());
  EXPECT_TRUE(restored("good", good, key).signs);
  EXPECT_FALSE(restored("of-another", of_another, key).signs);
  EXPECT_FALSE(restored("by-another", by_another, key).signs);
  EXPECT_FALSE(restored("none", {}, key).signs);
}

TEST_F(Races, AListOfMoreContactsThanAreRememberedAsChangedComesInWhole) {
  constexpr std::size_t kContacts = 4200;
  std::vector<wire::Contact> contacts(kContacts);
  for (std::size_t i = 0; i < kContacts; ++i) {
    contacts[i].id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + i);
    contacts[i].contact_handle = "user_" + std::to_string(i) + "@localhost";
    contacts[i].public_key_fingerprint = "00";
    contacts[i].added_at = 1;
  }
  std::string list;
  JsonWriter(list).value(contacts);
  middle.set_alter([&list](const test::RawRequest& request, std::string& body) {
    if (request.target.starts_with("/api/contacts")) body = list;
    return true;
  });
  Sdk b = bob_through_middle();
  b.until([&] { return !b.contacts().empty(); }, "the list");
  EXPECT_EQ(b.contacts().size(), kContacts);
  middle.set_alter(nullptr);
}

}  // namespace
}  // namespace mychat::e2e
