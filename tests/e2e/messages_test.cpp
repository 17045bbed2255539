// Messages between two users, in real time.
#include <algorithm>

#include "e2e/world.h"

namespace mychat::e2e {
namespace {

// The same promises with the WebSocket and without.
class Messages : public World, public ::testing::WithParamInterface<std::uint32_t> {
 protected:
  std::uint32_t flags() const { return GetParam(); }
  mychat_connection_state connected() const {
    return flags() != 0 ? MYCHAT_CONNECTION_POLLING : MYCHAT_CONNECTION_ONLINE;
  }
};

INSTANTIATE_TEST_SUITE_P(Transport, Messages,
                         ::testing::Values(0u, std::uint32_t{MYCHAT_CLIENT_NO_WEBSOCKET}),
                         [](const auto& param) { return param.param == 0 ? "WebSocket" : "LongPolling"; });

TEST_P(Messages, AreDeliveredReadAndAcknowledgedOnce) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  const std::string id = a.send(kBob, "hello");
  const Msg got = b.wait_message("hello");
  EXPECT_EQ(got.id, id);
  EXPECT_EQ(got.sender, kAlice);
  EXPECT_EQ(got.peer, kAlice);
  EXPECT_EQ(got.direction, MYCHAT_DIRECTION_IN);
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(got.type, MYCHAT_CONTENT_TEXT);
  EXPECT_TRUE(got.readable);
  EXPECT_NE(got.created_at, 0);
  a.wait_status(id, MYCHAT_MESSAGE_PENDING);
  a.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(b.unread(kAlice), 1u);
  ASSERT_EQ(b.mark_read(kAlice), MYCHAT_OK);
  EXPECT_EQ(b.unread(kAlice), 0u);
  const Msg read = a.wait_status(id, MYCHAT_MESSAGE_READ);
  EXPECT_NE(read.read_at, 0);
  EXPECT_NE(read.delivered_at, 0);
  a.pump_for(300);
  b.pump_for(300);
  EXPECT_EQ(a.statuses_of(id), (std::vector<mychat_message_status>{
                                   MYCHAT_MESSAGE_PENDING, MYCHAT_MESSAGE_DELIVERED, MYCHAT_MESSAGE_READ}));
  EXPECT_EQ(b.times_received(id), 1);
  EXPECT_EQ(a.times_received(id), 0) << "a message of one's own came back";
}

TEST_P(Messages, OfEveryKindArriveUnchanged) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  std::string bytes(256, '\0');
  for (int i = 0; i < 256; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(i);
  std::string large(1024 * 1024, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
  std::string id;
  a.send(kBob, "");
  a.send(kBob, "Grüße aus Zürich, 你好, שלום, 🦉");
  ASSERT_EQ(a.send_bytes(kBob, MYCHAT_CONTENT_FILE, bytes, &id), MYCHAT_OK) << a.error;
  ASSERT_EQ(a.send_bytes(kBob, MYCHAT_CONTENT_IMAGE, large, &id), MYCHAT_OK) << a.error;
  EXPECT_EQ(a.send_bytes(kBob, MYCHAT_CONTENT_TEXT, "\xff\xfe", &id), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(a.send_bytes(kBob, MYCHAT_CONTENT_FILE, std::string(10'485'745, 'x'), &id), MYCHAT_E_TOO_LARGE);
  a.send(kBob, "the last one");
  b.wait_message("the last one");
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), 5u);
  EXPECT_EQ(got[0].data, "");
  EXPECT_TRUE(got[0].readable);
  EXPECT_EQ(got[1].data, "Grüße aus Zürich, 你好, שלום, 🦉");
  EXPECT_EQ(got[2].data, bytes);
  EXPECT_EQ(got[2].type, MYCHAT_CONTENT_FILE);
  EXPECT_TRUE(got[3].data == large);
  EXPECT_EQ(got[3].type, MYCHAT_CONTENT_IMAGE);
  for (const Msg& message : got) EXPECT_EQ(message.verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_P(Messages, WaitForTheRecipientAndKeepTheirOrder) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  b.close();
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(a.send(kBob, "number " + std::to_string(i)));
  a.wait_status(ids.back(), MYCHAT_MESSAGE_PENDING);
  b.reopen();
  b.wait_message("number 39");
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(got[i].id, ids[i]);
    EXPECT_EQ(b.times_received(ids[i]), 1);
  }
  a.wait_status(ids.back(), MYCHAT_MESSAGE_DELIVERED);
}

TEST_P(Messages, QueuedWhileTheNodeIsAwayGoOutInOrderOnce) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  a.send(kBob, "before");
  b.wait_message("before");
  EXPECT_EQ(node.stop(), 0);
  a.wait_state(MYCHAT_CONNECTION_WAITING);
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(a.send(kBob, "away " + std::to_string(i)));
  const Explained waits = a.explain(ids[0]);
  EXPECT_EQ(waits.repair, MYCHAT_REPAIR_WAIT);
  EXPECT_EQ(a.message(ids[0]).status, MYCHAT_MESSAGE_QUEUED);
  node.start();
  b.wait_message("away 9");
  a.wait_status(ids.back(), MYCHAT_MESSAGE_DELIVERED);
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), 11u);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(got[i + 1].id, ids[i]);
    EXPECT_EQ(b.times_received(ids[i]), 1);
    EXPECT_EQ(a.statuses_of(ids[i]).front(), MYCHAT_MESSAGE_PENDING);
  }
}

TEST_P(Messages, SurviveANodeKilledInTheMiddleOfABurst) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  std::vector<std::string> ids;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 60; ++i) ids.push_back(a.send(kBob, "burst " + std::to_string(ids.size())));
    b.until([&] { return b.history(kAlice, 0, 500).size() >= ids.size() - 50; }, "some arrived");
    node.kill();
    node.start();
  }
  for (const std::string& id : ids)
    b.wait([&](const Seen& seen) { return seen.type == MYCHAT_EVENT_MESSAGE && seen.message.id == id; }, id,
           60'000);
  a.wait_status(ids.back(), MYCHAT_MESSAGE_DELIVERED);
  b.pump_for(200);
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(got[i].id, ids[i]) << i;
    EXPECT_EQ(b.times_received(ids[i]), 1);
  }
}

TEST_P(Messages, UnacknowledgedEventsComeAgainAndMessagesExactlyOnce) {
  Sdk a = alice(flags());
  Sdk b = bob(flags(), false);
  const std::string first = a.send(kBob, "first");
  const std::string second = a.send(kBob, "second");
  const Seen one =
      b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == first; }, "first");
  b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == second; }, "second");
  ASSERT_EQ(mychat_client_ack(b.get(), one.seq, nullptr), MYCHAT_OK);
  b.close();
  const std::string third = a.send(kBob, "third");
  a.wait_status(third, MYCHAT_MESSAGE_PENDING);
  b.reopen();
  b.wait_message("third");
  EXPECT_EQ(b.times_received(first), 0) << "an acknowledged event came again";
  EXPECT_EQ(b.times_received(second), 1);
  EXPECT_EQ(b.times_received(third), 1);
  EXPECT_EQ(b.whole_history(kAlice).size(), 3u);
  b.forget();
  ASSERT_EQ(mychat_client_rewind(b.get(), nullptr), MYCHAT_OK);
  b.wait_message("third");
  EXPECT_EQ(b.times_received(second), 1);
}

// The sender must not wait for the next time the recipient runs.
TEST_P(Messages, OfAClientThatEndsAtTheirEventAreDelivered) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  for (int round = 0; round < 15; ++round) {
    const std::string text = "round " + std::to_string(round);
    const std::string id = a.send(kBob, text);
    b.wait_message(text);
    b.close();
    a.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
    b.reopen();
    b.wait_state(connected());
  }
}

TEST_P(Messages, AnUnknownRecipientFailsAndIsExplained) {
  Sdk a = alice(flags());
  const std::string id = a.send("nobody@localhost", "is anybody there?");
  const Msg failed = a.wait_status(id, MYCHAT_MESSAGE_FAILED);
  EXPECT_EQ(failed.failure, MYCHAT_E_NOT_FOUND);
  const Explained why = a.explain(id);
  EXPECT_EQ(why.cause, MYCHAT_E_NOT_FOUND);
  EXPECT_EQ(why.repair, MYCHAT_REPAIR_CHANGE);
  EXPECT_FALSE(why.description.empty());
  const std::string away = a.send("bob@elsewhere.example", "hello over there");
  EXPECT_EQ(a.wait_status(away, MYCHAT_MESSAGE_FAILED).failure, MYCHAT_E_UNSUPPORTED);
  // The user came to be meanwhile.
  Sdk nobody = user("nobody", test::kBobKey, flags());
  ASSERT_EQ(mychat_client_retry(a.get(), id.c_str(), nullptr), MYCHAT_OK);
  nobody.wait_message("is anybody there?");
  EXPECT_EQ(a.explain(id).cause, MYCHAT_OK);
  EXPECT_EQ(mychat_client_retry(a.get(), id.c_str(), nullptr), MYCHAT_E_INVALID_STATE);
}

TEST_P(Messages, OfOneAccountAreTheSameInAllItsSessions) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  Sdk second = client("bob2", flags());
  ASSERT_EQ(second.import_key(test::kBobKey), MYCHAT_OK);
  ASSERT_EQ(second.login("bob"), MYCHAT_OK) << second.error;
  second.wait_state(connected());
  const std::string in = a.send(kBob, "to both");
  EXPECT_EQ(b.wait_message("to both").id, in);
  EXPECT_EQ(second.wait_message("to both").id, in);
  const std::string out = b.send(kAlice, "from the first");
  const Msg mirrored = second.wait_message("from the first");
  EXPECT_EQ(mirrored.id, out);
  EXPECT_EQ(mirrored.direction, MYCHAT_DIRECTION_OUT);
  EXPECT_EQ(mirrored.peer, kAlice);
  EXPECT_TRUE(mirrored.readable);
  a.wait_message("from the first");
  second.wait_status(out, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(second.unread(kAlice), 1u);
  ASSERT_EQ(b.mark_read(kAlice), MYCHAT_OK);
  second.until([&] { return second.unread(kAlice) == 0; }, "the other session knows it was read");
  a.wait_status(in, MYCHAT_MESSAGE_READ);
}

TEST_P(Messages, HistoryPagesAndSearchFindThem) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  for (int i = 0; i < 25; ++i) a.send(kBob, i % 5 == 0 ? "Äpfel " + std::to_string(i) : std::to_string(i));
  b.wait_message("24");
  std::int64_t next = 0;
  std::vector<Msg> all;
  int pages = 0;
  do {
    const std::vector<Msg> page = b.history(kAlice, next, 10, &next);
    all.insert(all.end(), page.begin(), page.end());
    ++pages;
  } while (next != 0);
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(all.size(), 25u);
  EXPECT_EQ(all.front().data, "24");
  EXPECT_EQ(all.back().data, "Äpfel 0");
  const std::vector<Msg> found = b.search("äpfel");
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found.front().data, "Äpfel 20");
  EXPECT_TRUE(b.search("birnen").empty());
  EXPECT_TRUE(b.history("nobody@localhost").empty());
}

TEST_P(Messages, AreIdempotentByTheCallersId) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  options.recipient = kBob.c_str();
  options.data = "once";
  options.size = 4;
  options.message_id = "0F8FAD5B-D9CB-469F-A165-70867728950E";
  char id[MYCHAT_MESSAGE_ID_SIZE];
  for (int i = 0; i < 3; ++i) ASSERT_EQ(mychat_client_send(a.get(), &options, id, nullptr), MYCHAT_OK);
  EXPECT_STREQ(id, "0f8fad5b-d9cb-469f-a165-70867728950e");
  a.send(kBob, "after");
  b.wait_message("after");
  EXPECT_EQ(b.whole_history(kAlice).size(), 2u);
  options.recipient = kAlice.c_str();
  EXPECT_EQ(mychat_client_send(a.get(), &options, id, nullptr), MYCHAT_E_ALREADY_EXISTS);
}

TEST_P(Messages, ReadReceiptsCanBeWithheld) {
  Sdk a = alice(flags());
  Sdk b = bob(flags());
  ASSERT_EQ(mychat_client_set_policy(b.get(), MYCHAT_POLICY_NO_READ_RECEIPTS, nullptr), MYCHAT_OK);
  const std::string id = a.send(kBob, "secretly read");
  b.wait_message("secretly read");
  ASSERT_EQ(b.mark_read(kAlice), MYCHAT_OK);
  const std::string again = b.send(kAlice, "well");
  a.wait_message("well");
  a.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
  a.pump_for(300);
  EXPECT_EQ(a.message(id).status, MYCHAT_MESSAGE_DELIVERED);
}

using Live = World;

TEST_F(Live, TypingIsSeenAndNeverQueued) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  ASSERT_EQ(mychat_client_set_typing(a.get(), kBob.c_str(), 1, nullptr), MYCHAT_OK);
  const auto typing = [](bool on) {
    return [on](const Seen& s) {
      return s.type == MYCHAT_EVENT_TYPING && s.peer == kAlice && s.is_typing == on;
    };
  };
  b.wait(typing(true), "typing");
  ASSERT_EQ(mychat_client_set_typing(a.get(), kBob.c_str(), 0, nullptr), MYCHAT_OK);
  b.wait(typing(false), "no longer typing");
  ASSERT_EQ(mychat_client_set_policy(a.get(), MYCHAT_POLICY_NO_TYPING, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_set_typing(a.get(), kBob.c_str(), 1, nullptr), MYCHAT_OK);
  a.send(kBob, "after");
  b.forget();
  b.wait_message("after");
  b.pump_for(200);
  for (const Seen& seen : b.seen()) EXPECT_NE(seen.type, MYCHAT_EVENT_TYPING);
}

TEST_F(Live, PresenceFollowsTheContact) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const auto presence = [](mychat_presence_status status) {
    return [status](const Seen& s) {
      return s.type == MYCHAT_EVENT_PRESENCE && s.peer == kAlice && s.presence == status;
    };
  };
  ASSERT_EQ(mychat_client_set_presence(a.get(), MYCHAT_PRESENCE_AWAY, nullptr), MYCHAT_OK);
  b.wait(presence(MYCHAT_PRESENCE_AWAY), "away");
  ASSERT_EQ(mychat_client_set_presence(a.get(), MYCHAT_PRESENCE_ONLINE, nullptr), MYCHAT_OK);
  b.wait(presence(MYCHAT_PRESENCE_ONLINE), "online");
  a.stop();
  b.wait(presence(MYCHAT_PRESENCE_OFFLINE), "offline");
  b.forget();
  a.start();
  b.wait(presence(MYCHAT_PRESENCE_ONLINE), "online again");
  ASSERT_EQ(mychat_client_set_presence(a.get(), MYCHAT_PRESENCE_AWAY, nullptr), MYCHAT_OK);
  b.wait(presence(MYCHAT_PRESENCE_AWAY), "away");
  b.forget();
  a.stop();
  b.wait(presence(MYCHAT_PRESENCE_OFFLINE), "offline");
  a.start();
  b.wait(presence(MYCHAT_PRESENCE_AWAY), "still away after the reconnection");
}

}  // namespace
}  // namespace mychat::e2e
