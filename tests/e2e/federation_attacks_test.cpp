// Another node that does what it must not: against a whole node, which refuses it and goes on.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "crypto/random.h"
#include "e2e/federated_test.h"
#include "e2e/rogue.h"
#include "e2e/sdk.h"
#include "federation/transaction.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

using namespace federation;

class Attacks : public FederatedTest {
 protected:
  FederatedNode node{{"--federation-allow-private", "true"}};
  Rogue rogue;

  std::string transaction(std::vector<Item> items, std::int64_t first = 1) const {
    return to_json_text(Transaction{stream, first, std::move(items)});
  }
  MessageItem message(const std::string& sender, const std::string& recipient) const {
    MessageItem item;
    item.sender_handle = sender;
    item.created_at = now_ms();
    item.message.id = uuid_v4();
    item.message.recipient_handle = recipient;
    item.message.encrypted_content = "AAAA";
    item.message.encrypted_key = base64_encode(Bytes(512, 1));
    item.message.iv = base64_encode(Bytes(12, 2));
    return item;
  }
  Sdk alice() { return user(node, "alice", test::kAliceKey); }
  void expect_alive() { EXPECT_EQ(rest(node.port, "GET", "/ready").status, 200); }

  std::string stream = uuid_v4();
};

TEST_F(Attacks, WithoutAHandshakeNothingIsTaken) {
  const Answer answer = rogue.post(node, kTransactions, transaction({}));
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.says("handshake_required")) << answer.body;
}

TEST_F(Attacks, ARequestSentTwiceIsRefused) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string body = transaction({});
  const auto fields = rogue.sign(node, kTransactions, body);
  EXPECT_EQ(rogue.post(node, kTransactions, body, fields).status, 200);
  const Answer again = rogue.post(node, kTransactions, body, fields);
  EXPECT_EQ(again.status, 401);
  EXPECT_TRUE(again.says("replayed")) << again.body;
}

TEST_F(Attacks, WhatWasSignedForAnotherNodeIsRefused) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const FederatedNode other({"--federation-allow-private", "true"});
  const std::string body = transaction({});
  const Answer answer = rogue.post(node, kTransactions, body, rogue.sign(other, kTransactions, body));
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.says("wrong_destination") || answer.says("bad_signature")) << answer.body;
}

TEST_F(Attacks, AnotherOriginThanTheSignersIsRefused) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  Rogue victim;
  ASSERT_NO_FATAL_FAILURE(victim.greet(node));
  const std::string body = transaction({});
  auto fields = rogue.sign(node, kTransactions, body);
  for (auto& [name, value] : fields) {
    if (name == "x-origin-node") value = victim.domain;
  }
  EXPECT_EQ(rogue.post(node, kTransactions, body, fields).status, 401);
  // Signed by the rogue's key under the victim's name.
  const auto forged = sign_request(rogue.key, victim.domain, node.domain, "POST",
                                   "http://" + node.domain + kTransactions, body, now_ms() / 1000);
  EXPECT_EQ(rogue.post(node, kTransactions, body, forged).status, 401);
}

TEST_F(Attacks, ASignatureOfAnotherTimeIsRefused) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string body = transaction({});
  for (const std::int64_t shift : {-3600, -100, 100, 3600}) {
    const auto fields = sign_request(rogue.key, rogue.domain, node.domain, "POST",
                                     "http://" + node.domain + kTransactions, body, now_ms() / 1000 + shift);
    const Answer answer = rogue.post(node, kTransactions, body, fields);
    EXPECT_EQ(answer.status, 401) << shift;
    EXPECT_TRUE(answer.says("stale")) << answer.body;
  }
}

TEST_F(Attacks, AnAlteredBodyIsRefused) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const auto fields = rogue.sign(node, kTransactions, transaction({}));
  EXPECT_EQ(rogue.post(node, kTransactions, transaction({NothingItem{}}), fields).status, 401);
}

TEST_F(Attacks, ANodeSpeaksForItsOwnUsersOnly) {
  Sdk victim = alice();
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string foreign = "bob@other.example";
  const std::string local = "mallory@" + node.domain;
  const Answer answer =
      rogue.post(node, kTransactions,
                 transaction({message(foreign, victim.handle), message(local, victim.handle),
                              message("eve@" + rogue.domain, "carol@third.example"),
                              message("eve@" + rogue.domain, victim.handle)}));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto taken = TransactionAnswer::from_json(Json::parse(answer.body));
  EXPECT_EQ(taken.acked, 4);
  ASSERT_EQ(taken.failures.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(taken.failures[i].seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(taken.failures[i].code, "forbidden");
  }
  victim.wait([&](const Seen& seen) { return seen.message.sender == "eve@" + rogue.domain; },
              "the one that is its own");
  for (const Seen& seen : victim.seen()) EXPECT_NE(seen.message.sender, foreign);
}

TEST_F(Attacks, ATransactionSentTwiceUnderNewSignaturesIsTakenOnce) {
  Sdk victim = alice();
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const auto item = message("eve@" + rogue.domain, victim.handle);
  const std::string body = transaction({item});
  EXPECT_EQ(rogue.post(node, kTransactions, body).status, 200);
  EXPECT_EQ(rogue.post(node, kTransactions, body).status, 200);
  stream = uuid_v4();  // The same message in another stream.
  EXPECT_EQ(rogue.post(node, kTransactions, transaction({item})).status, 200);
  victim.wait([&](const Seen& seen) { return seen.message.id == *item.message.id; }, "the message");
  victim.pump_for(500);
  EXPECT_EQ(victim.times_received(*item.message.id), 1);
}

TEST_F(Attacks, AGapInTheStreamIsNotTakenAndSaysWhereToGoOn) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const auto acked = [](const Answer& answer) {
    return TransactionAnswer::from_json(Json::parse(answer.body)).acked;
  };
  EXPECT_EQ(acked(rogue.post(node, kTransactions, transaction({NothingItem{}}, 5))), 0);
  EXPECT_EQ(acked(rogue.post(node, kTransactions, transaction({NothingItem{}, NothingItem{}}, 1))), 2);
  EXPECT_EQ(acked(rogue.post(node, kTransactions, transaction({NothingItem{}}, 4))), 2);
}

TEST_F(Attacks, AnotherKeyWithoutARotationStopsTheNode) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const Ed25519PrivateKey old = rogue.key;
  rogue.key = Ed25519PrivateKey::generate();
  rogue.sequence = 2;
  rogue.show(rogue.document());
  EXPECT_EQ(rogue.hello(node).status, 403);
  rogue.key = old;  // Also the old one waits for the operator now.
  const Answer answer = rogue.post(node, kTransactions, transaction({}));
  EXPECT_EQ(answer.status, 403);
  EXPECT_TRUE(answer.says("key_changed")) << answer.body;
}

TEST_F(Attacks, ARotationSignedByTheOldKeyIsFollowed) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const Ed25519PrivateKey old = rogue.key;
  rogue.key = Ed25519PrivateKey::generate();
  rogue.sequence = 2;
  NodeDocument rotated = rogue.document();
  rotated.rotations = {NodeKeyRotation::make(rogue.domain, old, rogue.key, 2)};
  rogue.show(rotated);
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  EXPECT_EQ(rogue.post(node, kTransactions, transaction({})).status, 200);
}

TEST_F(Attacks, ARotationToAnotherKeyThanTheAnnouncedOneAsksTheOperator) {
  const Ed25519PrivateKey old = rogue.key;
  const Ed25519PrivateKey announced = Ed25519PrivateKey::generate();
  NodeDocument document = rogue.document();
  document.next_key = announced.public_key();
  rogue.show(document);
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const auto rotate_to = [&](const Ed25519PrivateKey& key, std::int64_t sequence) {
    rogue.key = key;
    rogue.sequence = sequence;
    NodeDocument rotated = rogue.document();
    rotated.rotations = {NodeKeyRotation::make(rogue.domain, old, key, sequence)};
    rogue.show(rotated);
  };
  rotate_to(Ed25519PrivateKey::generate(), 2);  // As a thief of the old key would.
  const Ed25519PrivateKey stolen = rogue.key;
  EXPECT_EQ(rogue.hello(node).status, 403);
  const auto shown = node.ask({"federation", "show", rogue.domain});
  EXPECT_NE(shown.text.find("key-changed"), std::string::npos) << shown.text;
  EXPECT_NE(shown.text.find(node_key_id(announced.public_key()) + " as its next key"), std::string::npos)
      << shown.text;
  // The operator says that the known key is right: the announced one is followed, the thief's never.
  rotate_to(announced, 3);
  ASSERT_EQ(node.ask({"federation", "approve", rogue.domain, "--key", node_key_id(old.public_key())}).code,
            0);
  node.wait_taken_up();
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  EXPECT_EQ(rogue.post(node, kTransactions, transaction({})).status, 200);
  rotate_to(stolen, 4);
  EXPECT_EQ(rogue.hello(node).status, 403);
}

TEST_F(Attacks, AnOlderDocumentIsRefused) {
  rogue.sequence = 7;
  rogue.show(rogue.document());
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  rogue.sequence = 6;
  rogue.show(rogue.document());
  EXPECT_EQ(rogue.hello(node).status, 401);
}

TEST_F(Attacks, ADocumentThatLeadsElsewhereOrIsNoneIsRefused) {
  rogue.show_text("HTTP/1.1 302 Found\r\nLocation: http://" + node.domain +
                  "/.well-known/mychat-node\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(rogue.hello(node).status, 502);
  const std::string megabytes(8 * 1024 * 1024, 'x');
  rogue.show_text("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(megabytes.size()) + "\r\n\r\n" +
                  megabytes);
  EXPECT_GE(rogue.hello(node).status, 400);
  const std::string deep(20'000, '[');
  rogue.show_text("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(deep.size()) + "\r\n\r\n" + deep);
  EXPECT_EQ(rogue.hello(node).status, 422);
  // Compressed, as nobody asked for: not unpacked.
  rogue.show_text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01");
  EXPECT_GE(rogue.hello(node).status, 400);
  NodeDocument elsewhere = rogue.document();
  elsewhere.domain = "other.example";
  elsewhere.api_url = "https://other.example/api/federation";
  rogue.show(elsewhere);
  EXPECT_EQ(rogue.hello(node).status, 401);
  expect_alive();
}

TEST_F(Attacks, NodesThatAreSlowOrSilentHoldUpNobody) {
  test::Server silent([](test::Connection& connection) { connection.wait_closed(std::chrono::seconds(60)); });
  test::Server slow([](test::Connection& connection) {
    while (connection.write("X"))  // A header that never ends.
      if (connection.wait_closed(std::chrono::milliseconds(200))) return;
  });
  const FederatedNode other({"--federation-allow-private", "true"});
  Sdk sdk = alice();
  Sdk carol = user(node, "carol", test::kAliceKey);
  Sdk bob = user(other, "bob", test::kBobKey);
  for (int i = 0; i < 8; ++i) {
    for (const test::Server* server : {&silent, &slow})
      sdk.send("user_" + std::to_string(i) + "@127.0.0.1:" + std::to_string(server->port()), "into the void");
  }
  sdk.until([&] { return silent.accepted() + slow.accepted() > 0; }, "they are asked");
  const auto began = std::chrono::steady_clock::now();
  const std::string id = carol.send(bob.handle, "past them");
  EXPECT_EQ(bob.wait_message("past them").id, id);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  // They are given up, and that is said.
  EXPECT_NE(sdk.lookup("somebody@127.0.0.1:" + std::to_string(silent.port())), MYCHAT_OK);
  EXPECT_NE(sdk.lookup("somebody@127.0.0.1:" + std::to_string(slow.port())), MYCHAT_OK);
  expect_alive();
}

// Users of silent nodes come first in the outbox of one and the same user.
TEST_F(Attacks, ASilentNodeHoldsUpNoOtherConversationOfTheUser) {
  const auto wait_long = [](test::Connection& connection) {
    connection.wait_closed(std::chrono::seconds(60));
  };
  test::Server silent(wait_long);
  test::Server second(wait_long);
  const FederatedNode other({"--federation-allow-private", "true"});
  Sdk bob = user(other, "bob", test::kBobKey);
  Sdk carol = user(node, "carol", test::kBobKey);
  for (const std::uint32_t flags : {0U, std::uint32_t{MYCHAT_CLIENT_NO_WEBSOCKET}}) {
    Sdk::Options options;
    options.store = dir.file("sender-" + std::to_string(flags));
    options.node_url = node.process->url();
    options.flags = flags;
    Sdk sdk(options);
    ASSERT_EQ(sdk.import_key(test::kAliceKey), MYCHAT_OK) << sdk.error;
    ASSERT_EQ(sdk.register_user("sender_" + std::to_string(flags)), MYCHAT_OK) << sdk.error;
    sdk.wait_state(flags == 0 ? MYCHAT_CONNECTION_ONLINE : MYCHAT_CONNECTION_POLLING);
    std::vector<std::string> stuck;
    for (int i = 0; i < 6; ++i) {
      for (const test::Server* server : {&silent, &second}) {
        stuck.push_back(sdk.send("aaa" + std::to_string(i) + "@127.0.0.1:" + std::to_string(server->port()),
                                 "into the void"));
      }
    }
    const auto began = std::chrono::steady_clock::now();
    // Of another node and of this one, neither known before; in order within a conversation.
    const std::string tag = std::to_string(flags);
    const std::string first = sdk.send(bob.handle, "first " + tag);
    const std::string then = sdk.send(bob.handle, "then " + tag);
    const std::string near = sdk.send(carol.handle, "near " + tag);
    EXPECT_EQ(bob.wait_message("first " + tag).id, first);
    EXPECT_EQ(bob.wait_message("then " + tag).id, then);
    EXPECT_EQ(carol.wait_message("near " + tag).id, near);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(6)) << tag;
    EXPECT_LT(bob.message(first).position, bob.message(then).position);
    for (const std::string& id : stuck) EXPECT_EQ(sdk.message(id).status, MYCHAT_MESSAGE_QUEUED);
  }
}

// A node that sends well and then never tells who its senders are.
TEST_F(Attacks, SendersWhoseKeysNeverComeHoldUpNoOtherMessage) {
  const FederatedNode other({"--federation-allow-private", "true"});
  Sdk victim = alice();
  Sdk bob = user(other, "bob", test::kBobKey);
  bob.send(victim.handle, "known");
  victim.wait_message("known");
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  rogue.hides_keys = true;
  constexpr int kSenders = 8;
  std::vector<Item> items;
  for (int i = 0; i < kSenders; ++i)
    items.emplace_back(message("eve_" + std::to_string(i) + "@" + rogue.domain, victim.handle));
  EXPECT_EQ(rogue.post(node, kTransactions, transaction(items)).status, 200);
  const auto began = std::chrono::steady_clock::now();
  bob.send(victim.handle, "past them");
  victim.wait_message("past them");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(9))
      << "each of them was waited for";
  for (const Item& item : items) {
    const std::string& id = *std::get<MessageItem>(item).message.id;
    EXPECT_EQ(victim.times_received(id), 1) << "kept all the same";
  }
}

TEST_F(Attacks, AddressesThatAreNotPublicAreNotAsked) {
  const FederatedNode strict;  // Without the switch for development.
  const int before = rogue.asked();
  EXPECT_EQ(rogue.hello(strict).status, 502);
  EXPECT_EQ(rogue.asked(), before) << "it was asked all the same";
}

TEST_F(Attacks, ALargeBodyOfAStrangerIsNotRead) {
  const std::string large(1024 * 1024, ' ');
  EXPECT_EQ(rogue.post(node, kTransactions, large).status, 413);
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  EXPECT_EQ(rogue.post(node, kTransactions, large).status, 422);
  expect_alive();
}

TEST_F(Attacks, MalformedItemsAreRefusedOneByOne) {
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string body =
      R"({"stream":")" + stream +
      R"(","first":1,"items":[{"type":"message","data":{}},)"
      R"({"type":"message"},{"type":"from the future","data":{}},5,{"type":"nothing","data":{}},)"
      R"({"type":"receipt","data":{"recipient_handle":"x","message_ids":[],"status":"lost"}}]})";
  const Answer answer = rogue.post(node, kTransactions, body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto taken = TransactionAnswer::from_json(Json::parse(answer.body));
  EXPECT_EQ(taken.acked, 6);
  EXPECT_EQ(taken.failures.size(), 5U);
  for (const char* broken :
       {"", "[]", "{}", "{\"stream\":1}", "{\"stream\":\"x\",\"first\":1,\"items\":[]}"}) {
    EXPECT_EQ(rogue.post(node, kTransactions, broken).status, 422) << broken;
  }
  expect_alive();
}

TEST_F(Attacks, TooManyHandshakesOfOneNodeAreHeldBackAndOthersAreNot) {
  int refused = 0;
  for (int i = 0; i < 30; ++i) refused += rogue.hello(node).status == 429;
  EXPECT_GE(refused, 9);
  Rogue calm;
  EXPECT_EQ(calm.hello(node).status, 200);
}

TEST_F(Attacks, HandshakesOfNodesThatNeverAnswerLeaveRoomForOthers) {
  const FederatedNode behind({"--federation-allow-private", "true", "--trusted-proxies", "127.0.0.1"});
  test::Server silent([](test::Connection& connection) { connection.wait_closed(std::chrono::seconds(60)); });
  std::atomic<int> busy = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      Rogue evil;
      evil.domain = "127.0.0.1:" + std::to_string(silent.port());
      evil.forwarded_for = "192.0.2.1";
      busy += evil.hello(behind).status == 503 ? 1 : 0;
    });
  }
  while (busy < 8) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  Rogue calm;
  calm.forwarded_for = "192.0.2.2";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(calm.hello(behind).status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(busy, 8) << "of one address";
}

TEST_F(Attacks, NobodyMakesTheNodeKnockAtAnyNumberOfDoors) {
  const test::ClosedPort nobody;
  const std::string at = "@127.0.0.1:" + std::to_string(nobody.port());
  int held_back = 0;
  for (int i = 0; i < 70; ++i)
    held_back += rest(node.port, "GET", "/api/keys/user_" + std::to_string(i) + at).status == 429 ? 1 : 0;
  EXPECT_GE(held_back, 9);
  // What is known is answered all the same.
  Sdk sdk = alice();
  EXPECT_EQ(rest(node.port, "GET", "/api/keys/" + sdk.handle).status, 200);
}

TEST_F(Attacks, ANodeThatGreetsWellAndTakesNothingIsTriedEverMoreSeldom) {
  Sdk sender = alice();
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  const std::string handle = "eve@" + rogue.domain;
  const std::string token = rest_login(node.port, "alice");
  const std::string message_json =
      R"({"recipient_handle":")" + handle + R"(","encrypted_content":"AAAA","encrypted_key":")" +
      base64_encode(Bytes(512, 1)) + R"(","iv":")" + base64_encode(Bytes(12, 2)) + R"("})";
  EXPECT_EQ(rest(node.port, "POST", "/api/messages", token, message_json).status, 201);
  sender.pump_for(6'000);
  // At once, once more after a new handshake, then after pauses of up to 2, 4, 8 s.
  EXPECT_GE(rogue.transactions(), 2);
  EXPECT_LE(rogue.transactions(), 40);
  // Its reason is shown, as plain text.
  const auto shown = node.ask({"federation", "list"});
  EXPECT_NE(shown.text.find("go away?[2J?and stay away"), std::string::npos) << shown.text;
  expect_alive();
}

}  // namespace
}  // namespace mychat::e2e
