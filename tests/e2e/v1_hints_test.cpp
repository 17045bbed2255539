// A plain v1 node with a WebSocket: its frames say when to poll and for whom, and nothing else.
#include <chrono>

#include "e2e/node_process.h"
#include "e2e/sdk.h"
#include "support/test_keys.h"
#include "support/v1_node.h"

namespace mychat::e2e {
namespace {

using test::V1Node;

const std::string kAlice = "alice@old.example";
const std::string kBob = "bob@old.example";

class V1Hints : public ::testing::Test {
 protected:
  V1Hints() { node.websocket(V1Node::WebSocket::kServed); }
  Sdk user(const std::string& name, std::string_view key, std::uint32_t flags = 0,
           mychat_connection_state state = MYCHAT_CONNECTION_ONLINE) {
    Sdk::Options options;
    options.store = dir.file(name);
    options.node_url = node.url();
    options.flags = flags;
    Sdk sdk(options);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK);
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_state(state);
    return sdk;
  }
  Sdk alice() { return user("alice", test::kAliceKey); }
  Sdk bob() { return user("bob", test::kBobKey); }

  V1Node node;
  TempDir dir;
};

TEST_F(V1Hints, MessagesArriveAtTheHintNotAtTheNextRound) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK) << a.error;
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK) << b.error;
  EXPECT_EQ(node.subscribers("bob"), 1);
  const auto start = std::chrono::steady_clock::now();
  constexpr int kMessages = 8;
  for (int i = 0; i < kMessages; ++i) {
    a.send(kBob, "number " + std::to_string(i));
    b.wait_message("number " + std::to_string(i));
  }
  // Rounds are at least two seconds apart, and each message is sent after the one before was there.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2 * (kMessages - 1)));
  EXPECT_EQ(b.whole_history(kAlice).size(), static_cast<std::size_t>(kMessages));
  b.pump_for(2500);  // A round meets them again.
  EXPECT_EQ(b.whole_history(kAlice).size(), static_cast<std::size_t>(kMessages));
}

TEST_F(V1Hints, AHintAlsoBringsWhatNoContactWrote) {
  Sdk a = alice();
  Sdk b = bob();
  a.send(kBob, "we have not met");
  EXPECT_TRUE(b.wait_message("we have not met").readable);
  EXPECT_FALSE(b.contact(kAlice).listed);
}

TEST_F(V1Hints, WhatAFrameHoldsIsNotBelieved) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const auto forged = [](const std::string& sender) {
    return R"({"type":"message","data":{"id":"7d2bb9ab-0a0a-4a5e-8d1b-0a0b0c0d0e0f","sender_handle":")" +
           sender +
           R"(","recipient_handle":"bob@old.example","encrypted_content":"AAAA","encrypted_key":"AAAA",)"
           R"("iv":"AAAA","content_type":"text","created_at":"2026-01-01T00:00:00.000Z","status":"pending"}})";
  };
  for (const std::string& frame :
       {forged(kAlice), forged("nobody@old.example"), forged("no handle"), forged(kBob),
        std::string("no json"), std::string("{}"), std::string(R"({"type":"message"})"),
        std::string(R"({"type":"message","data":5})"), std::string(R"({"type":"typing","user_handle":7})"),
        std::string(R"({"type":"something new"})"), std::string(R"({"type":"error","detail":"x"})")})
    EXPECT_EQ(node.send_frame("bob", frame), 1) << frame;
  a.send(kBob, "a real one");
  b.wait_message("a real one");
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].data, "a real one");
  EXPECT_EQ(node.upgrades(), 2) << "the connection is still the first";
}

TEST_F(V1Hints, TypingAndPresenceAreToldLive) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  node.send_frame("bob", R"({"type":"typing","user_handle":"alice@old.example","is_typing":true})");
  const Seen typing = b.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_TYPING; }, "typing");
  EXPECT_EQ(typing.peer, kAlice);
  EXPECT_TRUE(typing.is_typing);
  node.send_frame("bob", R"({"type":"presence","user_handle":"alice@old.example","status":"away"})");
  const Seen presence =
      b.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_PRESENCE; }, "presence");
  EXPECT_EQ(presence.presence, MYCHAT_PRESENCE_AWAY);
  ASSERT_EQ(mychat_client_set_typing(b.get(), kAlice.c_str(), 1, nullptr), MYCHAT_OK);
  b.until(
      [&] {
        for (const std::string& frame : node.frames())
          if (frame.find("\"typing\"") != std::string::npos && frame.find(kAlice) != std::string::npos &&
              frame.find("subscribe") == std::string::npos)
            return true;
        return false;
      },
      "the node hears of it");
}

TEST_F(V1Hints, AConnectionThatEndsIsReplacedAndNothingIsMissed) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK);
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  node.close_websockets();
  b.wait_state(MYCHAT_CONNECTION_POLLING);
  a.send(kBob, "meanwhile");
  b.wait_message("meanwhile");
  b.wait_state(MYCHAT_CONNECTION_ONLINE);
  EXPECT_EQ(b.whole_history(kAlice).size(), 1u);
}

TEST_F(V1Hints, ANodeThatClosesEveryConnectionIsNotHammered) {
  node.websocket(V1Node::WebSocket::kClosedAtOnce);
  Sdk b = user("bob", test::kBobKey, 0, MYCHAT_CONNECTION_POLLING);
  const int upgrades = node.upgrades();
  const int rounds = node.rounds();
  b.pump_for(6000);
  EXPECT_LE(node.upgrades() - upgrades, 3) << "at least two seconds apart";
  EXPECT_LE(node.rounds() - rounds, 7);
  EXPECT_GE(node.rounds() - rounds, 1) << "it polls all the same";
}

TEST_F(V1Hints, WithoutWebSocketNoneIsTried) {
  Sdk b = user("bob", test::kBobKey, MYCHAT_CLIENT_NO_WEBSOCKET, MYCHAT_CONNECTION_POLLING);
  b.pump_for(1000);
  EXPECT_EQ(node.upgrades(), 0);
}

}  // namespace
}  // namespace mychat::e2e
