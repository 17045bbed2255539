// The WebSocket: docs/protocol.md section 4, and v1's.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "server/api_fixture.h"
#include "services/services.h"
#include "services/tokens.h"

namespace mychat::server::test {
namespace {

std::string send_frame(std::string_view id, const Account& to, std::string_view content = "hello") {
  return R"({"type":"send",)" + message_members(id, to.handle, content) + "}";
}

class ApiWs : public testing::Test {
 protected:
  TestNode node_;
  Account alice_ = node_.add("alice"), bob_ = node_.add("bob", 1);
};

TEST_F(ApiWs, MessagesFlowInRealTimeAndReceiptsComeBack) {
  WsClient alice(node_, alice_), bob(node_, bob_);
  alice.subscribe();
  const wire::SubscribedFrame subscribed = bob.subscribe();
  EXPECT_EQ(subscribed.events, (std::vector<std::string>{"typing", "presence"}));
  ASSERT_TRUE(subscribed.mailbox);

  const std::string id = fresh_id();
  alice.send(send_frame(id, bob_));
  const auto sent = alice.expect<wire::SentFrame>();
  ASSERT_EQ(sent.results.size(), 1u);
  EXPECT_EQ(sent.results[0].id, id);
  EXPECT_FALSE(sent.results[0].error);
  EXPECT_EQ(sent.results[0].status, wire::DeliveryStatus::kPending);

  const auto items = bob.items(1);
  EXPECT_EQ(message_of(items[0]).id, id);
  EXPECT_EQ(message_of(items[0]).sender_handle, "alice@node.test");
  EXPECT_EQ(message_of(items[0]).created_at, sent.results[0].created_at);
  bob.ack(items[0].seq);
  auto hers = alice.items(1);
  const auto& delivered = std::get<wire::ReceiptItem>(hers[0].data);
  EXPECT_EQ(delivered.message_ids, std::vector<std::string>{id});
  EXPECT_EQ(delivered.status, wire::DeliveryStatus::kDelivered);
  bob.send(R"({"type":"read","message_ids":[")" + id + "\"]}");
  EXPECT_EQ(std::get<wire::ReceiptItem>(alice.items(1)[0].data).status, wire::DeliveryStatus::kRead);
}

TEST_F(ApiWs, ResultsComeInTheOrderOfTheSendsEvenWhenSomeAreRefused) {
  WsClient alice(node_, alice_);
  std::vector<std::string> ids;
  Account nobody = bob_;
  nobody.handle = "nobody@node.test";
  Account away = bob_;
  away.handle = "bob@elsewhere.test";
  std::string bytes;
  for (int i = 0; i < 60; ++i) {
    ids.push_back(fresh_id());
    bytes += frame_bytes(1, send_frame(ids.back(), i % 10 == 3 ? nobody : i % 10 == 7 ? away : bob_));
  }
  alice.raw().send(bytes);
  std::vector<wire::SentResult> results;
  while (results.size() < ids.size())
    for (auto& result : alice.expect<wire::SentFrame>().results) results.push_back(std::move(result));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(results[i].id, ids[i]) << i;
    const int status = results[i].error ? results[i].error->status : 0;
    EXPECT_EQ(status, i % 10 == 3 ? 404 : i % 10 == 7 ? 501 : 0) << i;
  }
}

TEST_F(ApiWs, ARepeatedSendIsAnsweredAgainButStoredOnce) {
  WsClient alice(node_, alice_), bob(node_, bob_);
  bob.subscribe();
  const std::string id = fresh_id();
  alice.send(send_frame(id, bob_));
  alice.send(send_frame(id, bob_));
  std::size_t results = 0;
  while (results < 2) results += alice.expect<wire::SentFrame>().results.size();
  EXPECT_EQ(bob.items(1).size(), 1u);
  EXPECT_TRUE(bob.quiet());
}

TEST_F(ApiWs, AReconnectWithItsCursorGetsEachItemExactlyOnce) {
  std::vector<std::string> ids;
  std::set<std::string> got;
  std::int64_t cursor = 0;
  std::string mailbox;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 5; ++i) ids.push_back(node_.send(alice_, bob_));  // While Bob is away.
    WsClient bob(node_, bob_);
    const auto subscribed = bob.subscribe(cursor, mailbox);
    mailbox = subscribed.mailbox->id;
    for (int i = 0; i < 5; ++i) ids.push_back(node_.send(alice_, bob_));  // While he is there.
    std::size_t wanted = ids.size() - got.size();
    for (const auto& item : bob.items(wanted)) {
      EXPECT_GT(item.seq, cursor);
      cursor = item.seq;
      EXPECT_TRUE(got.insert(message_of(item).id).second) << "twice";
    }
    EXPECT_TRUE(bob.quiet());
  }
  EXPECT_EQ(got, std::set<std::string>(ids.begin(), ids.end()));
}

TEST_F(ApiWs, ACursorOfAnotherMailboxStartsAtTheBeginning) {
  const std::string id = node_.send(alice_, bob_);
  WsClient bob(node_, bob_);
  bob.subscribe(1'000'000, fresh_id());
  EXPECT_EQ(message_of(bob.items(1)[0]).id, id);
}

TEST(ApiWsWindow, NoMoreThanTheWindowIsSentAheadOfTheAcks) {
  TestNode node([](Config&, NodeOptions& options) { options.ws.window = 10; });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  for (int i = 0; i < 25; ++i) node.send(alice, bob);
  WsClient client(node, bob);
  client.subscribe();
  auto first = client.items(10);
  ASSERT_EQ(first.size(), 10u);
  EXPECT_TRUE(client.quiet());
  node.send(alice, bob);  // A live one must not jump the queue.
  EXPECT_TRUE(client.quiet());
  client.ack(first[4].seq);
  auto second = client.items(5);
  EXPECT_EQ(second.size(), 5u);
  EXPECT_TRUE(client.quiet());
  std::int64_t last = first.back().seq;
  std::size_t count = 10;
  while (true) {
    for (const auto& item : second) {
      EXPECT_GT(item.seq, last);
      last = item.seq;
      ++count;
    }
    if (count == 26) break;
    client.ack(last);
    second = client.items(1);
  }
  EXPECT_TRUE(client.quiet());
}

TEST_F(ApiWs, AV1SubscriberGetsMessageFramesAndNoMailbox) {
  WsClient bob(node_, bob_);
  bob.send(R"({"type":"subscribe","events":["message","typing","presence"]})");
  EXPECT_TRUE(bob.quiet());  // A v1 subscribe is not answered.
  const std::string id = node_.send(alice_, bob_);
  const auto frame = bob.expect<wire::MessageFrame>();
  EXPECT_EQ(frame.message.id, id);
  EXPECT_TRUE(frame.message.encrypted_key);
  ASSERT_TRUE(eventually([&] {
    const Json page = node_.call("GET", "/api/messages/conversation/bob@node.test", {}, alice_.token).json();
    return (*page->array("messages").begin()).string("status") == "delivered";
  }));
}

TEST_F(ApiWs, AMailboxSubscriptionGetsNoV1Frames) {
  WsClient bob(node_, bob_);
  bob.subscribe(0, {}, R"(["message","typing"])");
  node_.send(alice_, bob_);
  EXPECT_TRUE(std::holds_alternative<wire::MailboxFrame>(bob.next()));
  EXPECT_TRUE(bob.quiet());
}

TEST_F(ApiWs, TypingReachesOnlyAPeerThatKnowsTheSender) {
  const Account stranger = node_.add("stranger");
  node_.befriend(alice_, bob_);
  WsClient alice(node_, alice_), bob(node_, bob_), other(node_, stranger);
  bob.subscribe(0, {}, R"(["typing"])");
  other.send(R"({"type":"typing","conversation_handle":"bob@node.test","is_typing":true})");
  EXPECT_TRUE(other.quiet());
  alice.send(R"({"type":"typing","conversation_handle":"bob@node.test","is_typing":true})");
  const auto typing = bob.expect<wire::PeerTypingFrame>();
  EXPECT_EQ(typing.user_handle, "alice@node.test");
  EXPECT_TRUE(typing.is_typing);
}

TEST_F(ApiWs, PresenceOfContactsIsAnnounced) {
  node_.befriend(alice_, bob_);
  WsClient bob(node_, bob_);
  bob.subscribe(0, {}, R"(["presence"])");
  const auto wait_for = [&](wire::Presence wanted) {
    while (true) {
      const auto frame = bob.expect<wire::PeerPresenceFrame>();
      EXPECT_EQ(frame.user_handle, "alice@node.test");
      if (frame.status == wanted) return;
    }
  };
  {
    WsClient alice(node_, alice_);
    wait_for(wire::Presence::kOnline);
    alice.send(R"({"type":"presence","status":"away"})");
    wait_for(wire::Presence::kAway);
  }
  wait_for(wire::Presence::kOffline);
}

TEST_F(ApiWs, ARevokedSessionIsClosedWith4001AndOthersStay) {
  const Answer in =
      node_.call("POST", "/api/auth/login", R"({"username":"bob","password":"correct horse bob"})");
  Account other = bob_;
  other.token = in.json()->string("access_token");
  WsClient revoked(node_, bob_), stays(node_, other);
  EXPECT_EQ(node_.call("POST", "/api/auth/logout", {}, bob_.token).status, 200);
  EXPECT_EQ(revoked.close_code(), 4001);
  EXPECT_TRUE(stays.quiet());
}

TEST_F(ApiWs, AV1TokenIsClosedWith4001WhenItIsLoggedOutOrThePasswordChanges) {
  const auto v1 = [&](const Account& account) {
    const std::int64_t now = Clock::system().now_ms() / 1000;
    Account out = account;
    out.token = text(view(make_token(node_.config().secret_key, {account.user_id, "", now, now + 600})));
    return out;
  };
  const Account alice = v1(alice_), bob = v1(bob_);
  WsClient one(node_, alice), two(node_, bob), stays(node_, alice_);
  EXPECT_EQ(node_.call("POST", "/api/auth/logout", {}, alice.token).status, 200);
  EXPECT_EQ(one.close_code(), 4001);
  EXPECT_EQ(
      node_
          .call("PUT", "/api/auth/password",
                R"({"current_password":"correct horse bob","new_password":"another horse"})", bob_.token)
          .status,
      200);
  EXPECT_EQ(two.close_code(), 4001);
  EXPECT_TRUE(stays.quiet());
}

// What an operator's command writes beside the node is never announced: the stream must read it.
TEST_F(ApiWs, AnItemWrittenByAnotherProcessIsNotLostToALiveStream) {
  const Account carol = node_.add("carol");
  node_.befriend(bob_, carol);
  WsClient bob(node_, bob_);
  bob.subscribe();
  const std::string before = node_.send(alice_, bob_);
  ASSERT_EQ(message_of(bob.items(1).at(0)).id, before);
  {
    NodeConfig config;
    config.domain = node_.config().domain;
    config.secret_key = node_.config().secret_key;
    const Log log;
    Services command(config, {.path = node_.config().db_path, .hold = false}, log);
    command.admin().delete_user("carol");
  }
  const std::string after = node_.send(alice_, bob_);
  const auto items = bob.items(2);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<wire::AccountDeletedItem>(items[0].data));
  EXPECT_EQ(message_of(items[1]).id, after);
}

TEST_F(ApiWs, BeforeTheAuthenticationFramesAreSmall) {
  WsClient stranger(node_);
  stranger.send(R"({"type":"auth","token":")" + std::string(10'000, 'x') + "\"}");
  EXPECT_EQ(stranger.close_code(), 1009);
  WsClient alice(node_, alice_);
  alice.send(send_frame(fresh_id(), bob_, std::string(100'000, 'x')));
  EXPECT_FALSE(alice.expect<wire::SentFrame>().results.at(0).error);
}

TEST(ApiWsCostly, FramesThatCostMuchAreHeldBackAndNoneIsLost) {
  TestNode node([](Config&, NodeOptions& options) {
    options.ws.costly_burst_ms = 100;
    options.ws.costly_ms = 100;
    options.ws.sweep_ms = 20;
  });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(node.send(alice, bob));
  WsClient client(node, bob);
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& id : ids) client.send(R"({"type":"read","message_ids":[")" + id + "\"]}");
  EXPECT_TRUE(client.quiet());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
  WsClient sender(node, alice);
  sender.subscribe();
  std::set<std::string> read;
  while (read.size() < ids.size())
    for (const auto& item : sender.items(1))
      if (const auto* receipt = std::get_if<wire::ReceiptItem>(&item.data))
        read.insert(receipt->message_ids.begin(), receipt->message_ids.end());
  EXPECT_EQ(read, (std::set<std::string>{ids.begin(), ids.end()}));
}

TEST(ApiWsLarge, AnAnswerBesideALargeItemUnderWayIsNoOverflow) {
  TestNode node;
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  WsClient slow(node, 4096);
  slow.authenticate(bob.token);
  slow.subscribe();
  WsClient sender(node, alice);
  sender.send(send_frame(fresh_id(), bob, std::string(8'000'000, 'x')));
  sender.expect<wire::SentFrame>();
  for (int i = 0; i < 10; ++i) slow.send(R"({"type":"ping"})");
  EXPECT_GT(message_of(slow.items(1).at(0)).encrypted_content.size(), 8'000'000u);
  slow.expect<wire::PongFrame>();
}

TEST_F(ApiWs, ABadTokenIsClosedWith4001AndNoTokenInTimeWith1008) {
  WsClient bad(node_);
  bad.send(R"({"type":"auth","token":"nonsense"})");
  EXPECT_EQ(std::get<wire::ErrorFrame>(bad.next()).status, 401);
  EXPECT_EQ(bad.close_code(), 4001);
  TestNode hasty([](Config&, NodeOptions& options) { options.ws.auth_timeout_ms = 200; });
  WsClient silent(hasty);
  EXPECT_EQ(silent.close_code(), 1008);
}

TEST_F(ApiWs, ATokenInTheAddressIsRefused) {
  TestClient client(node_.port());
  EXPECT_EQ(client.upgrade("/ws?token=" + bob_.token), 400);
}

TEST_F(ApiWs, NothingButAuthAndPingIsTakenBeforeTheAuthentication) {
  WsClient client(node_);
  EXPECT_TRUE(client.quiet());
  const std::string id = fresh_id();
  client.send(send_frame(id, bob_));
  const auto error = std::get<wire::ErrorFrame>(client.next());
  EXPECT_EQ(error.status, 401);
  EXPECT_EQ(error.id, id);
  client.send(R"({"type":"subscribe","events":["message"]})");
  EXPECT_EQ(std::get<wire::ErrorFrame>(client.next()).status, 401);
  client.authenticate(alice_.token);
}

TEST_F(ApiWs, FramesThatCannotBeTakenAreAnsweredAndTheConnectionStays) {
  WsClient alice(node_, alice_);
  const auto status_of = [&](std::string_view frame) {
    alice.send(frame);
    return std::get<wire::ErrorFrame>(alice.next()).status;
  };
  EXPECT_EQ(status_of("not json"), 400);
  EXPECT_EQ(status_of(R"({"type":"no such type"})"), 400);
  EXPECT_EQ(status_of(R"({"type":"ack","seq":"x"})"), 422);
  EXPECT_EQ(status_of(R"({"type":"send","id":"not-a-uuid"})"), 422);
  EXPECT_TRUE(alice.quiet());
}

TEST(ApiWsErrors, TooManyErrorsCloseWith1008) {
  TestNode node([](Config&, NodeOptions& options) { options.ws.errors_per_minute = 5; });
  WsClient client(node, node.add("alice"));
  for (int i = 0; i < 8; ++i) client.send("nonsense");
  EXPECT_EQ(client.close_code(), 1008);
}

TEST(ApiWsFlood, ASenderThatFloodsIsHeldBackAndLosesNothing) {
  TestNode node([](Config&, NodeOptions& options) {
    options.ws.sends_per_connection = 16;
    options.ws.sends_in_all = 24;
  });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  WsClient sender(node, alice), receiver(node, bob);
  receiver.subscribe();
  std::vector<std::string> ids;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    ids.push_back(fresh_id());
    bytes += frame_bytes(1, send_frame(ids.back(), bob));
  }
  std::thread writer([&] { sender.raw().send(bytes); });
  std::vector<std::string> results, received;
  std::thread reader([&] {
    while (received.size() < ids.size()) {
      std::int64_t last = 0;
      for (const auto& item : receiver.items(1)) {
        received.push_back(message_of(item).id);
        last = item.seq;
      }
      receiver.ack(last);
    }
  });
  while (results.size() < ids.size())
    for (const auto& result : sender.expect<wire::SentFrame>().results) {
      EXPECT_FALSE(result.error);
      results.push_back(result.id);
    }
  writer.join();
  reader.join();
  EXPECT_EQ(results, ids);
  EXPECT_EQ(received, ids);
}

TEST(ApiWsSlow, AReaderThatDoesNotReadIsHeldAtItsBoundsAndFindsItsItemsLater) {
  TestNode node([](Config&, NodeOptions& options) { options.ws.buffered_bytes = 256 * 1024; });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  WsClient sender(node, alice);
  std::set<std::string> sent, got;
  std::string mailbox;
  {
    WsClient slow(node, 4096);
    slow.authenticate(bob.token);
    mailbox = slow.subscribe().mailbox->id;
    const std::string content(100'000, 'x');
    for (int i = 0; i < 80; ++i) {
      const std::string id = fresh_id();
      sent.insert(id);
      sender.send(send_frame(id, bob, content));
      sender.expect<wire::SentFrame>();
    }
    slow.raw().reset();
  }
  WsClient again(node, bob);
  again.subscribe(0, mailbox);
  while (got.size() < sent.size()) {
    std::int64_t last = 0;
    for (const auto& item : again.items(1)) {
      EXPECT_TRUE(got.insert(message_of(item).id).second);
      last = item.seq;
    }
    again.ack(last);
  }
  EXPECT_EQ(got, sent);
}

TEST_F(ApiWs, DrainingClosesWith1001AndTheNodeFindsEverythingAgain) {
  WsClient bob(node_, bob_);
  const std::string mailbox = bob.subscribe().mailbox->id;
  const std::string id = node_.send(alice_, bob_);
  bob.items(1);
  bool clean = false;
  std::thread drain([&] { clean = node_.node().drain(std::chrono::milliseconds(5000)); });
  EXPECT_EQ(bob.close_code(), 1001);
  bob.raw().close();
  drain.join();
  EXPECT_TRUE(clean);
  node_.stop();
  node_.start();
  WsClient again(node_, bob_);
  EXPECT_EQ(again.subscribe(0, mailbox).mailbox->id, mailbox);
  EXPECT_EQ(message_of(again.items(1)[0]).id, id);
}

}  // namespace
}  // namespace mychat::server::test
