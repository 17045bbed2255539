// Whole nodes that speak with each other: users of different nodes, over the public C ABI.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "e2e/federated_test.h"
#include "e2e/rest.h"
#include "e2e/sdk.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

class Federation : public FederatedTest {
 protected:
  FederatedNode a{{"--federation-allow-private", "true"}};
  FederatedNode b{{"--federation-allow-private", "true"}};
};

TEST_F(Federation, MessagesAndReceiptsCrossNodesOnce) {
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  EXPECT_EQ(bob.handle, "bob@" + b.domain);
  const std::string id = alice.send(bob.handle, "hello over there");
  const Msg got = bob.wait_message("hello over there");
  EXPECT_EQ(got.id, id);
  EXPECT_EQ(got.sender, alice.handle);
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_VERIFIED);
  alice.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
  ASSERT_EQ(bob.mark_read(alice.handle), MYCHAT_OK);
  alice.wait_status(id, MYCHAT_MESSAGE_READ);
  const std::string back = bob.send(alice.handle, "and back");
  EXPECT_EQ(alice.wait_message("and back").id, back);
  bob.wait_status(back, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(bob.times_received(id), 1);
  EXPECT_EQ(alice.times_received(back), 1);
}

TEST_F(Federation, ContactsOfOtherNodesAreAddedAndTheirKeysLookedUp) {
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  ASSERT_EQ(alice.add_contact(bob.handle, "Bob"), MYCHAT_OK) << alice.error;
  EXPECT_EQ(alice.contact(bob.handle).fingerprint, bob.account().fingerprint);
  EXPECT_EQ(alice.safety_number(bob.handle).size() > 0, true);
  EXPECT_EQ(alice.add_contact("nobody@" + b.domain), MYCHAT_E_NOT_FOUND) << alice.error;
}

TEST_F(Federation, WhatIsSentWhileANodeIsDownArrivesOnceAndInOrder) {
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.send(bob.handle, "first");
  bob.wait_message("first");
  b.process->kill();
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(alice.send(bob.handle, "while away " + std::to_string(i)));
  for (const std::string& id : ids) alice.wait_status(id, MYCHAT_MESSAGE_PENDING);
  a.process->kill();  // Its queue is as durable as its messages.
  a.process->start();
  b.process->start();
  std::vector<std::string> order;
  for (int i = 0; i < 20; ++i) bob.wait_message("while away " + std::to_string(i));
  for (const Msg& message : bob.whole_history(alice.handle)) {
    if (message.data.starts_with("while away ")) order.push_back(message.id);
  }
  EXPECT_EQ(order, ids);
  for (const std::string& id : ids) EXPECT_EQ(bob.times_received(id), 1) << id;
  for (const std::string& id : ids) alice.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
}

TEST_F(Federation, WhatTheOtherNodeDoesNotTakeFailsWithItsReasonAndHoldsUpNothing) {
  const FederatedNode narrow({"--federation-allow-private", "true", "--max-message-size", "4096"});
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk carol = user(narrow, "carol", test::kBobKey);
  const std::string large = alice.send(carol.handle, std::string(10'000, 'x'));
  const std::string small = alice.send(carol.handle, "small");
  EXPECT_EQ(carol.wait_message("small").id, small);
  alice.wait_status(large, MYCHAT_MESSAGE_FAILED);
  alice.wait_status(small, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_NE(alice.explain(large).description.find("4096"), std::string::npos)
      << alice.explain(large).description;
  // Tried again, it fails again.
  ASSERT_EQ(mychat_client_retry(alice.get(), large.c_str(), nullptr), MYCHAT_OK);
  alice.wait_status(large, MYCHAT_MESSAGE_FAILED);
  EXPECT_EQ(carol.times_received(large), 0);
}

// Either side goes back to a moment before the other one's memory: the numbering begins anew, and what is new
// arrives.
class RestoredFederation : public Federation, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(Side, RestoredFederation, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Sender" : "Recipient"; });

TEST_P(RestoredFederation, ANodeRestoredFromAnOldBackupGoesOn) {
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "before the backup"), MYCHAT_MESSAGE_DELIVERED);
  NodeProcess& restored = GetParam() ? *a.process : *b.process;
  const std::string backup = dir.file("backup.db");
  ASSERT_EQ(restored.operate({"backup", backup}), 0);
  for (int i = 0; i < 3; ++i) {
    alice.wait_status(alice.send(bob.handle, "after the backup " + std::to_string(i)),
                      MYCHAT_MESSAGE_DELIVERED);
  }
  EXPECT_EQ(restored.stop(), 0);
  ASSERT_EQ(restored.operate({"restore", backup}), 0);
  restored.start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(alice.send(bob.handle, "after the restore " + std::to_string(i)));
  for (int i = 0; i < 3; ++i) bob.wait_message("after the restore " + std::to_string(i));
  for (const std::string& id : ids) {
    alice.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
    EXPECT_EQ(bob.times_received(id), 1);
  }
}

TEST_F(Federation, ANewKeyIsToldToTheOtherNode) {
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.send(bob.handle, "first");
  bob.wait_message("first");
  const auto before = alice.contact(bob.handle).fingerprint;
  ASSERT_EQ(bob.call([&](mychat_request_id* request, mychat_error* error) {
    return mychat_client_rotate_identity(bob.get(), "a long password", request, error);
  }),
            MYCHAT_OK)
      << bob.error;
  alice.wait(
      [&](const Seen& seen) {
        return seen.type == MYCHAT_EVENT_KEY_CHANGED && seen.contact.handle == bob.handle;
      },
      "the key change");
  EXPECT_NE(bob.account().fingerprint, before);
}

class OtherClock : public Federation {
 protected:
  void set_clock_ahead(std::int64_t seconds) const {
    std::fstream file(dir.file("clock"), std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(dir.file("clock"), std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  }
  std::unique_ptr<FederatedNode> with_clock_ahead(std::int64_t seconds) const {
    set_clock_ahead(seconds);
    std::unique_ptr<FederatedNode> node;
    with_that_clock([&] {
      node = std::make_unique<FederatedNode>(std::vector<std::string>{"--federation-allow-private", "true"});
    });
    return node;
  }
  void with_that_clock(const std::function<void()>& start) const {
    ::setenv("CLOCK_AHEAD_FILE", dir.file("clock").c_str(), 1);
    ::setenv("LD_PRELOAD", MYCHAT_CLOCK_AHEAD, 1);
    start();
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("CLOCK_AHEAD_FILE");
  }
};

// All nodes have the clock that moves; nothing is lost before the seven days are over, and then it is said.
TEST_F(OtherClock, ANodeThatIsAwayForAWeekGetsWhatWaitedAndOneThatStaysAwayIsGivenUp) {
  constexpr std::int64_t kHourS = 3'600;
  constexpr std::int64_t kWeekS = 7 * 24 * kHourS;
  const auto home = with_clock_ahead(0);
  const auto away = with_clock_ahead(0);
  const auto gone = with_clock_ahead(0);
  Sdk alice = user(*home, "alice", test::kAliceKey);
  Sdk bob = user(*away, "bob", test::kBobKey);
  Sdk carol = user(*gone, "carol", test::kBobKey);
  for (Sdk* peer : {&bob, &carol}) {
    alice.send(peer->handle, "before");
    peer->wait_message("before");
  }
  away->process->kill();
  gone->process->kill();
  const std::string to_away = alice.send(bob.handle, "during");
  const std::string to_gone = alice.send(carol.handle, "during");
  for (const std::string& id : {to_away, to_gone}) alice.wait_status(id, MYCHAT_MESSAGE_PENDING);
  set_clock_ahead(kWeekS - 2 * kHourS);
  home->process->kill();  // What was queued, and since when, is on the disk.
  with_that_clock([&] { home->process->start(); });
  alice.wait_online();
  alice.pump_for(1'500);
  for (const std::string& id : {to_away, to_gone})
    EXPECT_EQ(alice.message(id).status, MYCHAT_MESSAGE_PENDING);
  with_that_clock([&] { away->process->start(); });
  EXPECT_EQ(bob.wait_message("during").id, to_away);
  alice.wait_status(to_away, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(bob.times_received(to_away), 1);
  set_clock_ahead(kWeekS + kHourS);
  home->process->kill();
  with_that_clock([&] { home->process->start(); });
  ASSERT_EQ(alice.login("alice"), MYCHAT_OK) << alice.error;  // A session lasts a week, too.
  alice.wait_status(to_gone, MYCHAT_MESSAGE_FAILED);
  EXPECT_NE(alice.explain(to_gone).description.find("could not be reached for 7 days"), std::string::npos)
      << alice.explain(to_gone).description;
  EXPECT_EQ(alice.message(to_away).status, MYCHAT_MESSAGE_DELIVERED);
}

// Of one node only, by an hour and by a day, either way.
class WrongClock : public OtherClock, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Seconds, WrongClock, ::testing::Values(300, -300, 3600, -3600, 86'400, -86'400),
                         [](const auto& param) {
                           return (param.param < 0 ? "Behind" : "Ahead") +
                                  std::to_string(std::abs(param.param));
                         });

TEST_P(WrongClock, HoldsUpNothing) {
  const auto wrong = with_clock_ahead(GetParam());
  const std::string said = a.ask({"doctor", wrong->domain}).text;
  EXPECT_NE(said.find("warning: clock: Its clock is "), std::string::npos) << said;
  EXPECT_NE(said.find("ok: back: "), std::string::npos) << said;
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(*wrong, "bob", test::kBobKey);
  const std::string there = alice.send(bob.handle, "to where it is another time");
  EXPECT_EQ(bob.wait_message("to where it is another time").id, there);
  alice.wait_status(there, MYCHAT_MESSAGE_DELIVERED);
  const std::string back = bob.send(alice.handle, "and from there");
  EXPECT_EQ(alice.wait_message("and from there").id, back);
  bob.wait_status(back, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(bob.times_received(there), 1);
  EXPECT_EQ(alice.times_received(back), 1);
}

TEST_P(WrongClock, ThatLeapsAndIsSetRightHoldsUpLittle) {
  const auto leaping = with_clock_ahead(0);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(*leaping, "bob", test::kBobKey);
  int sent = 0;
  const auto talk = [&] {
    const std::string text = std::to_string(++sent);
    const std::string there = alice.send(bob.handle, "there " + text);
    const std::string back = bob.send(alice.handle, "back " + text);
    EXPECT_EQ(bob.wait_message("there " + text).id, there);
    EXPECT_EQ(alice.wait_message("back " + text).id, back);
    alice.wait_status(there, MYCHAT_MESSAGE_DELIVERED);
    bob.wait_status(back, MYCHAT_MESSAGE_DELIVERED);
    EXPECT_EQ(bob.times_received(there), 1);
    EXPECT_EQ(alice.times_received(back), 1);
  };
  ASSERT_NO_THROW(talk());
  set_clock_ahead(GetParam());
  ASSERT_NO_THROW(talk()) << "while it is wrong";
  set_clock_ahead(0);
  ASSERT_NO_THROW(talk()) << "when it is right again";
  const std::string said = a.ask({"doctor", leaping->domain}).text;
  EXPECT_NE(said.find("ok: clock: "), std::string::npos) << said;
  EXPECT_NE(said.find("ok: back: "), std::string::npos) << said;
}

TEST_F(Federation, TheNodesDocumentIsThereForReadersOfBothProtocols) {
  const RestAnswer answer = rest(a.port, "GET", "/.well-known/mychat-node");
  EXPECT_EQ(answer.status, 200);
  for (const char* part :
       {"\"version\":\"1.0\"", "\"federation_api\":\"http://127.0.0.1:", "BEGIN PUBLIC KEY",
        "\"capabilities\":[",
        "\"max_message_size\":", "\"statistics\":{\"user_count\":", "\"federation\":{\"payload\":\""}) {
    EXPECT_NE(answer.body.find(part), std::string::npos) << part << " in " << answer.body;
  }
}

TEST_F(Federation, WithoutASignatureNothingIsTaken) {
  const std::string transaction = R"({"stream":"11111111-1111-4111-8111-111111111111","first":1,"items":[]})";
  const RestAnswer unsigned_one = rest(a.port, "POST", "/api/federation/transactions", {}, transaction);
  EXPECT_EQ(unsigned_one.status, 401);
  EXPECT_NE(unsigned_one.body.find("\"error\":\"bad_signature\""), std::string::npos) << unsigned_one.body;
  EXPECT_EQ(rest(a.port, "POST", "/api/federation/messages", {}, "{}").status, 403);
  EXPECT_EQ(rest(a.port, "POST", "/api/federation/handshake", {}, "{}").status, 422);
}

}  // namespace
}  // namespace mychat::e2e
