// Typing and presence over nodes: told at once or never.
#include <string>

#include "crypto/random.h"
#include "e2e/federated_test.h"
#include "e2e/rogue.h"
#include "e2e/sdk.h"
#include "federation/hint.h"
#include "federation/transaction.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

const std::vector<std::string> kPrivate{"--federation-allow-private", "true"};

auto typing(const std::string& of, bool on) {
  return [of, on](const Seen& seen) {
    return seen.type == MYCHAT_EVENT_TYPING && seen.peer == of && seen.is_typing == on;
  };
}
auto presence(const std::string& of, mychat_presence_status status) {
  return [of, status](const Seen& seen) {
    return seen.type == MYCHAT_EVENT_PRESENCE && seen.peer == of && seen.presence == status;
  };
}

class FederationHints : public FederatedTest {
 protected:
  // They talk, so that each may know of the other, and both nodes have greeted.
  static void talk(Sdk& one, Sdk& other) {
    one.wait_status(one.send(other.handle, "hello"), MYCHAT_MESSAGE_DELIVERED);
    other.wait_status(other.send(one.handle, "hello yourself"), MYCHAT_MESSAGE_DELIVERED);
  }
  static int count(const Sdk& sdk, mychat_event_type type) {
    int n = 0;
    for (const Seen& seen : sdk.seen()) n += seen.type == type;
    return n;
  }
};

TEST_F(FederationHints, TypingCrossesNodesAndEndsByItself) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  talk(alice, bob);
  ASSERT_EQ(mychat_client_set_typing(alice.get(), bob.handle.c_str(), 1, nullptr), MYCHAT_OK);
  bob.wait(typing(alice.handle, true), "typing");
  ASSERT_EQ(mychat_client_set_typing(alice.get(), bob.handle.c_str(), 0, nullptr), MYCHAT_OK);
  bob.wait(typing(alice.handle, false), "no longer typing");
  bob.forget();
  ASSERT_EQ(mychat_client_set_typing(alice.get(), bob.handle.c_str(), 1, nullptr), MYCHAT_OK);
  bob.wait(typing(alice.handle, true), "typing again");
  a.process->kill();  // Nobody says that it ended.
  bob.wait(typing(alice.handle, false), "the end after five seconds");
}

TEST_F(FederationHints, PresenceOfContactsCrossesNodes) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  talk(alice, bob);
  ASSERT_EQ(bob.add_contact(alice.handle), MYCHAT_OK) << bob.error;
  ASSERT_EQ(mychat_client_set_presence(alice.get(), MYCHAT_PRESENCE_AWAY, nullptr), MYCHAT_OK);
  bob.wait(presence(alice.handle, MYCHAT_PRESENCE_AWAY), "away");
  ASSERT_EQ(mychat_client_set_presence(alice.get(), MYCHAT_PRESENCE_ONLINE, nullptr), MYCHAT_OK);
  bob.wait(presence(alice.handle, MYCHAT_PRESENCE_ONLINE), "online");
  // Who comes later asks how it is.
  bob.stop();
  bob.forget();
  bob.start();
  bob.wait(presence(alice.handle, MYCHAT_PRESENCE_ONLINE), "still online");
  alice.stop();
  bob.wait(presence(alice.handle, MYCHAT_PRESENCE_OFFLINE), "offline");
}

TEST_F(FederationHints, AnOperatorWhoTellsNoPresenceTellsNone) {
  const FederatedNode a({"--federation-allow-private", "true", "--federation-presence", "false"});
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  talk(alice, bob);
  ASSERT_EQ(bob.add_contact(alice.handle), MYCHAT_OK) << bob.error;
  ASSERT_EQ(alice.add_contact(bob.handle), MYCHAT_OK) << alice.error;
  bob.stop();
  bob.start();  // Asks.
  ASSERT_EQ(mychat_client_set_presence(alice.get(), MYCHAT_PRESENCE_AWAY, nullptr), MYCHAT_OK);
  // What the other way says, and typing, come all the same: later than an answer would have.
  ASSERT_EQ(mychat_client_set_presence(bob.get(), MYCHAT_PRESENCE_AWAY, nullptr), MYCHAT_OK);
  alice.wait(presence(bob.handle, MYCHAT_PRESENCE_AWAY), "bob is away");
  ASSERT_EQ(mychat_client_set_typing(alice.get(), bob.handle.c_str(), 1, nullptr), MYCHAT_OK);
  bob.wait(typing(alice.handle, true), "typing");
  EXPECT_EQ(count(bob, MYCHAT_EVENT_PRESENCE), 0);
}

TEST_F(FederationHints, NothingIsKeptForANodeThatIsAway) {
  const FederatedNode a(kPrivate);
  FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  talk(alice, bob);
  b.process->kill();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(mychat_client_set_typing(alice.get(), bob.handle.c_str(), 1, nullptr), MYCHAT_OK);
    alice.pump_for(50);
  }
  const auto listed = a.ask({"federation", "list", "--json"});
  EXPECT_NE(listed.text.find("\"queued\": 0"), std::string::npos) << listed.text;
  bob.forget();
  b.process->start();
  const std::string id = alice.send(bob.handle, "back again");
  EXPECT_EQ(bob.wait_message("back again").id, id);
  bob.pump_for(1'000);
  EXPECT_EQ(count(bob, MYCHAT_EVENT_TYPING), 0);
}

// A node that says what is not its to say, or asks what it may not know.
TEST_F(FederationHints, ANodeSpeaksForItsOwnUsersAndAsksForThoseWhoMayKnow) {
  const FederatedNode node(kPrivate);
  Sdk alice = user(node, "alice", test::kAliceKey);
  Sdk bob = user(node, "bob", test::kBobKey);
  ASSERT_EQ(alice.add_contact(bob.handle), MYCHAT_OK) << alice.error;
  talk(alice, bob);
  Rogue rogue;
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string eve = "eve@" + rogue.domain;
  const std::string path = "/api/federation/hints";
  const auto tell = [&](const std::vector<federation::Hint>& hints) {
    return rogue.post(node, path, federation::hints_json(hints)).status;
  };
  alice.forget();
  // A user that nobody here has talked with, users of this node, and of a third one.
  EXPECT_EQ(tell({federation::TypingHint{eve, alice.handle, true},
                  federation::TypingHint{bob.handle, alice.handle, true},
                  federation::TypingHint{"carol@third.example", alice.handle, true},
                  federation::PresenceHint{bob.handle, federation::HintedPresence::kAway, now_ms()},
                  federation::PresenceHint{eve, federation::HintedPresence::kOnline, now_ms()},
                  federation::PresenceQuestion{alice.handle, eve},
                  federation::PresenceQuestion{alice.handle, bob.handle}}),
            200);
  // It writes a message; then it may be seen typing. This comes after all that was told before.
  federation::MessageItem item;
  item.sender_handle = eve;
  item.created_at = now_ms();
  item.message.id = uuid_v4();
  item.message.recipient_handle = alice.handle;
  item.message.encrypted_content = "AAAA";
  item.message.encrypted_key = base64_encode(Bytes(512, 1));
  item.message.iv = base64_encode(Bytes(12, 2));
  EXPECT_EQ(
      rogue.post(node, kTransactions, to_json_text(federation::Transaction{uuid_v4(), 1, {item}})).status,
      200);
  EXPECT_EQ(tell({federation::TypingHint{eve, alice.handle, true}}), 200);
  alice.wait(typing(eve, true), "eve types");
  for (const Seen& seen : alice.seen()) {
    EXPECT_FALSE(seen.type == MYCHAT_EVENT_TYPING && seen.peer != eve) << seen.peer;
    EXPECT_NE(seen.type, MYCHAT_EVENT_PRESENCE) << seen.peer;
  }
  // Without a signature, and of what is no list.
  EXPECT_EQ(rogue.post(node, path, federation::hints_json({}), {}).status, 401);
  EXPECT_EQ(rogue.post(node, path, "[]").status, 422);
  EXPECT_EQ(rogue.post(node, path, std::string(100'000, ' ')).status, 413);
}

}  // namespace
}  // namespace mychat::e2e
