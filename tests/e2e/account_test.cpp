// The account's life, over the public C ABI and against the real node.
#include <algorithm>

#include "e2e/world.h"

namespace mychat::e2e {
namespace {

using Accounts = World;

TEST_F(Accounts, RegistersAndIsOnline) {
  Sdk a = client("alice");
  EXPECT_FALSE(a.account().logged_in);
  ASSERT_EQ(a.import_key(test::kAliceKey), MYCHAT_OK) << a.error;
  ASSERT_EQ(a.register_user("Alice"), MYCHAT_OK) << a.error;
  a.wait_online();
  const Account account = a.account();
  EXPECT_EQ(account.handle, kAlice);
  EXPECT_TRUE(account.logged_in);
  EXPECT_TRUE(account.has_identity);
  EXPECT_TRUE(account.signs);
  EXPECT_EQ(account.fingerprint.size(), 79u);
  EXPECT_EQ(a.register_user("alice"), MYCHAT_E_INVALID_STATE);
}

TEST_F(Accounts, ATakenNameIsRefusedAndTheKeyIsKeptForTheNextAttempt) {
  Sdk a = alice();
  Sdk b = client("other");
  ASSERT_EQ(b.import_key(test::kBobKey), MYCHAT_OK);
  EXPECT_EQ(b.register_user("alice"), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_FALSE(b.account().logged_in);
  EXPECT_EQ(b.register_user("bob"), MYCHAT_OK) << b.error;
  EXPECT_EQ(b.account().handle, kBob);
}

TEST_F(Accounts, MakesItsKeysWithProgressAndCanBeCancelled) {
  Sdk a = client("alice");
  mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
  options.username = "alice";
  options.password = "a long password";
  mychat_request_id request = 0;
  ASSERT_EQ(mychat_client_register(a.get(), &options, &request, nullptr), MYCHAT_OK);
  mychat_request_id second = 0;
  EXPECT_EQ(mychat_client_register(a.get(), &options, &second, nullptr), MYCHAT_E_INVALID_STATE);
  a.wait([&](const Seen& seen) { return seen.type == MYCHAT_EVENT_PROGRESS && seen.request == request; },
         "progress");
  ASSERT_EQ(mychat_client_cancel(a.get(), request, nullptr), MYCHAT_OK);
  const Seen done = a.wait([&](const Seen& seen) { return seen.type == MYCHAT_EVENT_COMPLETION; }, "the end");
  EXPECT_EQ(done.error, MYCHAT_E_CANCELLED);
  EXPECT_EQ(done.operation, MYCHAT_OPERATION_REGISTER);
  EXPECT_FALSE(a.account().has_identity);
  EXPECT_EQ(mychat_client_cancel(a.get(), request, nullptr), MYCHAT_E_NOT_FOUND);

  a.forget();
  ASSERT_EQ(a.register_user("alice"), MYCHAT_OK) << a.error;
  a.wait_online();
  std::vector<Seen> progress;
  for (const Seen& seen : a.seen())
    if (seen.type == MYCHAT_EVENT_PROGRESS) progress.push_back(seen);
  ASSERT_FALSE(progress.empty());
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end(), [](const Seen& x, const Seen& y) {
    return x.primes < y.primes || (x.primes == y.primes && x.candidates < y.candidates);
  }));
  EXPECT_EQ(progress.back().primes, 2u);
}

TEST_F(Accounts, ResumesItsSessionAfterARestart) {
  Sdk a = alice();
  const Account before = a.account();
  a.reopen();
  a.wait_online();
  EXPECT_TRUE(a.account().logged_in);
  EXPECT_EQ(a.account().fingerprint, before.fingerprint);
}

TEST_F(Accounts, LogsOutAndInAgain) {
  Sdk a = alice();
  EXPECT_EQ(a.login("bob"), MYCHAT_E_INVALID_STATE);
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_logout(a.get(), r, e); }), MYCHAT_OK);
  EXPECT_FALSE(a.account().logged_in);
  a.wait_state(MYCHAT_CONNECTION_OFFLINE);
  EXPECT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_logout(a.get(), r, e); }),
            MYCHAT_E_INVALID_STATE);
  EXPECT_EQ(a.login("alice", "not the password"), MYCHAT_E_UNAUTHORIZED);
  EXPECT_FALSE(a.account().logged_in);
  ASSERT_EQ(a.login("alice"), MYCHAT_OK) << a.error;
  a.forget();
  a.wait_online();
}

TEST_F(Accounts, AStoreWithAnotherKeyIsRefusedAtLogin) {
  Sdk a = alice();
  Sdk b = client("second");
  ASSERT_EQ(b.import_key(test::kBobKey), MYCHAT_OK);
  EXPECT_EQ(b.login("alice"), MYCHAT_E_KEY_MISMATCH);
  EXPECT_FALSE(b.account().logged_in);
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_sessions(a.get(), r, e); }), MYCHAT_OK);
  EXPECT_EQ(a.sessions.size(), 1u) << "the refused login left a session";
}

TEST_F(Accounts, ChangesThePasswordAndDeletesTheAccount) {
  Sdk a = alice();
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_change_password(a.get(), "wrong password", "another password", r, e);
  }),
            MYCHAT_E_UNAUTHORIZED);
  EXPECT_TRUE(a.account().logged_in);
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_change_password(a.get(), "a long password", "another password", r, e);
  }),
            MYCHAT_OK)
      << a.error;
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_delete_account(a.get(), "a long password", r, e);
  }),
            MYCHAT_E_UNAUTHORIZED);
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_delete_account(a.get(), "another password", r, e);
  }),
            MYCHAT_OK)
      << a.error;
  EXPECT_FALSE(a.account().logged_in);
  EXPECT_EQ(a.login("alice", "another password"), MYCHAT_E_UNAUTHORIZED);
}

TEST_F(Accounts, SetsTheProfileAndContactsSeeIt) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK) << b.error;
  ASSERT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_set_profile(a.get(), nullptr, "außer Haus", r, e);
  }),
            MYCHAT_OK)
      << a.error;
  EXPECT_EQ(a.account().status_message, "außer Haus");
  const Seen told = b.wait(
      [](const Seen& seen) {
        return seen.type == MYCHAT_EVENT_CONTACT && seen.contact.status_message == "außer Haus";
      },
      "the profile");
  EXPECT_EQ(told.contact.handle, kAlice);
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_set_profile(a.get(), nullptr, "", r, e); }),
            MYCHAT_OK);
  EXPECT_EQ(a.account().status_message, "");
}

TEST_F(Accounts, SessionsAreListedAndARevokedOneIsToldSo) {
  Sdk a = alice();
  Sdk second = client("alice2");
  ASSERT_EQ(second.import_key(test::kAliceKey), MYCHAT_OK);
  ASSERT_EQ(second.login("alice", "a long password", "telephone"), MYCHAT_OK) << second.error;
  second.wait_online();
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_sessions(a.get(), r, e); }), MYCHAT_OK);
  ASSERT_EQ(a.sessions.size(), 2u);
  const auto other =
      std::find_if(a.sessions.begin(), a.sessions.end(), [](const Session& s) { return !s.current; });
  ASSERT_NE(other, a.sessions.end());
  EXPECT_EQ(other->device, "telephone");
  const std::string id = other->id;
  EXPECT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_revoke_session(a.get(), "no-such-session", r, e);
  }),
            MYCHAT_E_NOT_FOUND)
      << a.error;
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_revoke_session(a.get(), id.c_str(), r, e); }),
            MYCHAT_OK)
      << a.error;
  const Seen ended = second.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_SESSION_ENDED; },
                                 "the session's end");
  EXPECT_EQ(ended.error, MYCHAT_E_UNAUTHORIZED);
  EXPECT_NE(ended.seq, 0u);
  EXPECT_FALSE(second.account().logged_in);
  EXPECT_TRUE(a.account().logged_in);
  ASSERT_EQ(second.login("alice"), MYCHAT_OK);
  second.forget();
  second.wait_online();
}

TEST_F(Accounts, ContactsAreAddedOnceAndRemoved) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob, "Bobby"), MYCHAT_OK) << a.error;
  EXPECT_EQ(a.add_contact(kBob), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(a.add_contact("nobody@localhost"), MYCHAT_E_NOT_FOUND);
  EXPECT_EQ(a.add_contact("not a handle"), MYCHAT_E_INVALID_ARGUMENT);
  ASSERT_EQ(a.contacts().size(), 1u);
  const Peer peer = a.contacts().front();
  EXPECT_EQ(peer.nickname, "Bobby");
  EXPECT_EQ(peer.fingerprint, b.account().fingerprint);
  EXPECT_EQ(peer.trust, MYCHAT_TRUST_UNVERIFIED);
  EXPECT_TRUE(peer.signs);
  EXPECT_EQ(
      a.call([&](auto* r, auto* e) { return mychat_client_remove_contact(a.get(), kBob.c_str(), r, e); }),
      MYCHAT_OK)
      << a.error;
  EXPECT_TRUE(a.contacts().empty());
  EXPECT_EQ(a.contact(kBob).fingerprint, peer.fingerprint);
  EXPECT_EQ(
      a.call([&](auto* r, auto* e) { return mychat_client_remove_contact(a.get(), kBob.c_str(), r, e); }),
      MYCHAT_E_NOT_FOUND);
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK) << a.error;
  EXPECT_EQ(a.contacts().size(), 1u);
}

TEST_F(Accounts, NodeInfoNeedsNoAccount) {
  Sdk a = client("nobody");
  EXPECT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_node_info(a.get(), r, e); }), MYCHAT_OK)
      << a.error;
}

}  // namespace
}  // namespace mychat::e2e
