// A plain v1 node: no capabilities, no WebSocket, ids of its own.
#include "support/v1_node.h"
#include "e2e/node_process.h"
#include "e2e/sdk.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

const std::string kAlice = "alice@old.example";
const std::string kBob = "bob@old.example";

class PlainV1 : public ::testing::Test {
 protected:
  Sdk user(const std::string& name, std::string_view key) {
    Sdk::Options options;
    options.store = dir.file(name);
    options.node_url = node.url();
    Sdk sdk(options);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK);
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_state(MYCHAT_CONNECTION_POLLING);
    return sdk;
  }
  // Polling begins with the contacts.
  void acquaint(Sdk& a, Sdk& b) {
    ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK) << a.error;
    ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK) << b.error;
  }

  test::V1Node node;
  TempDir dir;
};

TEST_F(PlainV1, MessagesGoBothWaysByPollingAndTheirStatusIsRead) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  EXPECT_EQ(a.add_contact(kBob), MYCHAT_E_ALREADY_EXISTS);
  EXPECT_EQ(a.add_contact("nobody@old.example"), MYCHAT_E_NOT_FOUND);
  const std::string id = a.send(kBob, "hello, old node");
  a.wait_status(id, MYCHAT_MESSAGE_PENDING);
  const Msg got = b.wait_message("hello, old node");
  EXPECT_NE(got.id, id) << "a v1 node makes its own ids";
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_UNSIGNED);
  ASSERT_EQ(b.mark_read(kAlice), MYCHAT_OK);
  b.until([&] { return node.reads() == 1; }, "the node knows it was read");
  a.wait_status(id, MYCHAT_MESSAGE_READ);
  const std::string answer = b.send(kAlice, "and back");
  a.wait_message("and back");
  b.wait_status(answer, MYCHAT_MESSAGE_PENDING);
  EXPECT_EQ(a.whole_history(kBob).size(), 2u) << "what one sent oneself came again";
  EXPECT_EQ(b.whole_history(kAlice).size(), 2u);
  EXPECT_EQ(node.messages(), 2);
  a.reopen();
  a.wait_state(MYCHAT_CONNECTION_POLLING);
  b.send(kAlice, "once more");
  a.wait_message("once more");
  EXPECT_EQ(a.whole_history(kBob).size(), 3u);
}

TEST_F(PlainV1, ASendWhoseAnswerWasLostIsFoundByItsIvAndNotRepeated) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  node.drop_answers(3);
  node.drop_requests(1);
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(a.send(kBob, "number " + std::to_string(i)));
  a.wait_status(ids.back(), MYCHAT_MESSAGE_PENDING);
  b.wait_message("number 4");
  EXPECT_EQ(node.dropped(), 4);
  EXPECT_EQ(node.messages(), 5);
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), 5u);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].data, "number " + std::to_string(i));
  a.pump_for(2500);  // A round of polling meets what was sent.
  const std::vector<Msg> mine = a.whole_history(kBob);
  ASSERT_EQ(mine.size(), 5u);
  for (std::size_t i = 0; i < mine.size(); ++i) EXPECT_EQ(mine[i].id, ids[i]);
}

TEST_F(PlainV1, ALostAnswerIsFoundAlsoAfterARestart) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  node.drop_answers(1);
  const std::string id = a.send(kBob, "only once");
  a.until([&] { return node.dropped() == 1; }, "the answer was lost");
  a.reopen();
  a.until([&] { return a.message(id).status >= MYCHAT_MESSAGE_PENDING; }, "it was found");
  b.wait_message("only once");
  EXPECT_EQ(node.messages(), 1);
  a.pump_for(2500);
  EXPECT_EQ(a.whole_history(kBob).size(), 1u);
}

TEST_F(PlainV1, ALostAnswerIsFoundByItsContentWhereTheNodeLosesTheIv) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  node.lose_key_material(true);
  node.drop_answers(1);
  const std::string id = a.send(kBob, "only once");
  a.wait_status(id, MYCHAT_MESSAGE_PENDING);
  EXPECT_EQ(node.dropped(), 1);
  EXPECT_EQ(node.messages(), 1);
}

TEST_F(PlainV1, LongHistoriesArePagedOldestFirst) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  b.close();
  std::string last;
  for (int i = 0; i < 120; ++i) last = a.send(kBob, std::to_string(i));
  a.wait_status(last, MYCHAT_MESSAGE_PENDING);
  b.reopen();
  b.wait_message("119");
  const std::vector<Msg> got = b.whole_history(kAlice);
  ASSERT_EQ(got.size(), 120u);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].data, std::to_string(i));
}

TEST_F(PlainV1, LostKeyMaterialIsExplained) {
  Sdk a = user("alice", test::kAliceKey);
  Sdk b = user("bob", test::kBobKey);
  acquaint(a, b);
  node.lose_key_material(true);
  a.send(kBob, "who can read this?");
  const Msg got =
      b.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_MESSAGE; }, "the message").message;
  EXPECT_FALSE(got.readable);
  EXPECT_EQ(got.failure, MYCHAT_E_NO_KEY_MATERIAL);
  const Explained why = b.explain(got.id);
  EXPECT_EQ(why.cause, MYCHAT_E_NO_KEY_MATERIAL);
  EXPECT_EQ(why.repair, MYCHAT_REPAIR_ASK_SENDER);
  EXPECT_EQ(a.whole_history(kBob).size(), 1u);
}

TEST_F(PlainV1, WhatItCannotDoIsSaid) {
  Sdk a = user("alice", test::kAliceKey);
  EXPECT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_rotate_identity(a.get(), nullptr, r, e); }),
            MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_sessions(a.get(), r, e); }),
            MYCHAT_E_UNSUPPORTED)
      << a.error;
  EXPECT_EQ(
      a.call([&](auto* r, auto* e) { return mychat_client_revoke_session(a.get(), "some-session", r, e); }),
      MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_change_password(a.get(), "a long password", "another password", r, e);
  }),
            MYCHAT_E_UNSUPPORTED);
  EXPECT_EQ(a.call([&](auto* r, auto* e) {
    return mychat_client_delete_account(a.get(), "a long password", r, e);
  }),
            MYCHAT_E_UNSUPPORTED)
      << a.error;
}

}  // namespace
}  // namespace mychat::e2e
