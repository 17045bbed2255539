// Messages, history, mailbox and contacts over HTTP.
#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.h"
#include "server/api_fixture.h"

namespace mychat::server::test {
namespace {

class ApiMessages : public testing::Test {
 protected:
  Answer post(const Account& from, const std::string& members) {
    return node_.call("POST", "/api/messages", "{" + members + "}", from.token);
  }
  Answer get(const Account& who, const std::string& path) { return node_.call("GET", path, {}, who.token); }

  TestNode node_;
  Account alice_ = node_.add("alice"), bob_ = node_.add("bob", 1);
};

TEST_F(ApiMessages, AMessageIsStoredWithAllItsKeyMaterialAndReturnedToBothSides) {
  const std::string id = fresh_id();
  const std::string more = R"(,"sender_encrypted_key":")" + base64_encode(Bytes(512, 3)) +
                           R"(","sender_key_hash":")" + base64_encode(Bytes(32, 4)) + R"(","signature":")" +
                           base64_encode(Bytes(96, 5)) + R"(","sent_at":"2026-01-02T03:04:05.678Z")";
  const Answer sent = post(alice_, message_members(id, "bob@node.test") + more);
  ASSERT_EQ(sent.status, 201) << sent.text;
  EXPECT_EQ(sent.json()->string("id"), id);
  EXPECT_EQ(sent.json()->string("status"), "pending");
  EXPECT_TRUE(sent.json()->at("group_id").is_null());
  EXPECT_EQ(sent.json()->string("sender_encrypted_key"), base64_encode(Bytes(512, 3)));

  const Answer seen = get(bob_, "/api/messages/conversation/alice@node.test");
  ASSERT_EQ(seen.status, 200) << seen.text;
  const Json page = seen.json();
  ASSERT_EQ(page->array("messages").size(), 1u);
  const JsonView message = *page->array("messages").begin();
  EXPECT_EQ(message.string("id"), id);
  EXPECT_EQ(message.string("sender_handle"), "alice@node.test");
  EXPECT_EQ(message.string("encrypted_key"), base64_encode(Bytes(512, 7)));
  EXPECT_EQ(message.string("iv"), base64_encode(Bytes(12, 9)));
  EXPECT_EQ(message.string("algorithm"), "AES-256-GCM+RSA-4096-OAEP");
  EXPECT_EQ(message.string("signature"), base64_encode(Bytes(96, 5)));
  EXPECT_EQ(message.string("sent_at"), "2026-01-02T03:04:05.678Z");
  EXPECT_FALSE(message.find("sender_encrypted_key").has_value()) << "only the sender may have it";
  EXPECT_FALSE(page->boolean("has_more"));

  const Json own = get(alice_, "/api/messages/conversation/bob@node.test").json();
  EXPECT_EQ((*own->array("messages").begin()).string("sender_encrypted_key"), base64_encode(Bytes(512, 3)));
}

TEST_F(ApiMessages, ARepeatedIdGetsTheFirstAnswerAndAnotherSendersIs409) {
  const std::string id = fresh_id();
  const Answer first = post(alice_, message_members(id, "bob@node.test", "one"));
  const Answer again = post(alice_, message_members(id, "bob@node.test", "two"));
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(first.text, again.text);
  EXPECT_EQ(post(alice_, message_members(id, "bob@elsewhere.test")).text, first.text)
      << "whatever the rest says";
  EXPECT_EQ(post(bob_, message_members(id, "alice@node.test")).status, 409);
  EXPECT_EQ(get(bob_, "/api/messages/conversation/alice@node.test").json()->array("messages").size(), 1u);
}

TEST_F(ApiMessages, ALargeBodyWithoutAValidSessionIsRefusedBeforeItIsSent) {
  for (const auto& [header, status] :
       {std::pair{std::string(), 403}, std::pair{std::string("Authorization: Bearer no-token\r\n"), 401}}) {
    TestClient client(node_.port());
    client.send("POST /api/messages HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" + header +
                "Content-Length: 9000000\r\n\r\n");
    const auto answer = client.response();
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->headers.at("connection"), "close");
  }
}

TEST_F(ApiMessages, A422NamesWhatIsWrong) {
  const std::string page = "/api/messages/conversation/bob@node.test?";
  EXPECT_EQ(invalid_places(get(alice_, page + "before=nonsense")), "query/before");
  EXPECT_EQ(invalid_places(get(alice_, page + "limit=0&before=")), "query/limit query/before");
  EXPECT_EQ(invalid_places(get(alice_, "/api/mailbox?after=-1&limit=x&wait=31")),
            "query/after query/limit query/wait");
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(invalid_places(post(alice_, "\"id\":" + deep)), "body");
  EXPECT_EQ(invalid_places(node_.call("POST", "/api/auth/login", deep)), "body");
}

TEST_F(ApiMessages, AWrappedKeyHasTheLengthOfItsAlgorithm) {
  const auto with = [&](const char* name, std::size_t size, std::string_view algorithm) {
    std::string members = message_members("", "bob@node.test");
    const std::string key = base64_encode(Bytes(size, 7));
    if (name == std::string_view("encrypted_key")) {
      const std::string present = base64_encode(Bytes(512, 7));
      members.replace(members.find(present), present.size(), key);
    } else {
      members += ",\"" + std::string(name) + "\":\"" + key + "\"";
    }
    const std::string v1 = "AES-256-GCM+RSA-4096-OAEP";
    members.replace(members.find(v1), v1.size(), algorithm);
    return post(alice_, members);
  };
  for (const char* name : {"encrypted_key", "sender_encrypted_key"}) {
    for (const std::size_t size : {100, 511, 513}) {
      const Answer refused = with(name, size, "AES-256-GCM+RSA-4096-OAEP");
      EXPECT_EQ(invalid_places(refused), std::string("body/") + name) << size << refused.text;
    }
    EXPECT_EQ(with(name, 512, "AES-256-GCM+RSA-4096-OAEP").status, 201);
    EXPECT_EQ(with(name, 100, "AES-256-GCM").status, 201) << "of another algorithm nothing is known";
  }
}

TEST_F(ApiMessages, RefusalsHaveTheStatusOfTheContract) {
  EXPECT_EQ(post(alice_, message_members("", "nobody@node.test")).status, 404);
  EXPECT_EQ(post(alice_, message_members("", "bob@elsewhere.test")).status, 501);
  EXPECT_EQ(post(alice_, message_members("", "not a handle")).status, 422);
  EXPECT_EQ(post(alice_, message_members("no-uuid", "bob@node.test")).status, 422);
  EXPECT_EQ(post(alice_, R"("recipient_handle":"bob@node.test","encrypted_content":"aGk=")").status, 422);
  EXPECT_EQ(post(alice_, R"("encrypted_content":"aGk=","iv":"AAAAAAAAAAAAAAAA")").status, 422);
  const std::string group = R"("group_id":")" + fresh_id() + R"(","encrypted_content":"aGk=","iv":")" +
                            base64_encode(Bytes(12, 1)) +
                            R"(","content_type":"text","algorithm":"AES-256-GCM")";
  EXPECT_EQ(post(alice_, group).status, 501);
}

TEST(ApiMessageSize, ContentBeyondTheLimitIs413WhetherTheBodyIsTooLargeOrOnlyTheContent) {
  TestNode node([](Config& config, NodeOptions&) { config.max_message_size = 4096; });
  const Account alice = node.add("alice"), bob = node.add("bob", 1);
  const auto post = [&](std::size_t size) {
    return node.call("POST", "/api/messages",
                     "{" + message_members("", bob.handle, std::string(size, 'x')) + "}", alice.token);
  };
  EXPECT_EQ(post(4096).status, 201);
  EXPECT_EQ(post(4097).status, 413);
  EXPECT_EQ(post(200'000).status, 413);
}

TEST_F(ApiMessages, ConversationsArePagedNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i)
    ids.push_back(node_.send(i % 2 == 0 ? alice_ : bob_, i % 2 == 0 ? bob_ : alice_));
  std::vector<std::string> seen;
  std::string before;
  for (int page = 0; page < 5; ++page) {
    const Answer answer = get(alice_, "/api/messages/conversation/bob@node.test?limit=3" + before);
    ASSERT_EQ(answer.status, 200) << answer.text;
    const Json json = answer.json();
    for (const JsonView message : json->array("messages")) seen.emplace_back(message.string("id"));
    if (!json->boolean("has_more")) break;
    std::string cursor(json->string("next_cursor"));
    std::string encoded;
    for (const char c : cursor) encoded += c == '+' ? "%2B" : std::string(1, c);
    before = "&before=" + encoded;
  }
  std::reverse(seen.begin(), seen.end());
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(get(alice_, "/api/messages/conversation/bob@node.test?limit=101").status, 422);
  EXPECT_EQ(get(alice_, "/api/messages/conversation/bob@node.test?limit=x").status, 422);
  EXPECT_EQ(get(alice_, "/api/messages/conversation/bob@node.test?before=yesterday").status, 422);
  EXPECT_EQ(get(alice_, "/api/messages/conversation/nonsense").status, 400);
  EXPECT_EQ(get(alice_, "/api/messages/conversation/nobody@node.test").status, 404);
}

TEST_F(ApiMessages, ReadMarksAreForTheRecipientOnlyAndReachTheSender) {
  const std::string one = node_.send(alice_, bob_), two = node_.send(alice_, bob_);
  const auto put = [&](const Account& who, const std::string& id) {
    return node_.call("PUT", "/api/messages/" + id + "/read", {}, who.token).status;
  };
  EXPECT_EQ(put(alice_, one), 403);
  const Account carol = node_.add("carol");
  EXPECT_EQ(put(carol, one), 404) << "to others it does not exist";
  EXPECT_EQ(put(bob_, fresh_id()), 404);
  EXPECT_EQ(put(bob_, "no-uuid"), 404);
  EXPECT_EQ(put(bob_, one), 200);
  EXPECT_EQ(put(bob_, one), 200);
  const Answer many =
      node_.call("POST", "/api/messages/read",
                 R"({"message_ids":[")" + one + "\",\"" + two + "\",\"" + fresh_id() + "\"]}", bob_.token);
  ASSERT_EQ(many.status, 200) << many.text;
  EXPECT_EQ(many.json()->integer("read"), 1);
  EXPECT_EQ(node_.call("POST", "/api/messages/read", R"({"message_ids":[]})", bob_.token).status, 422);
  const Json page = get(alice_, "/api/messages/conversation/bob@node.test").json();
  for (const JsonView message : page->array("messages")) EXPECT_EQ(message.string("status"), "read");
}

TEST_F(ApiMessages, TheMailboxHoldsEachItemOnceAndAcksMakeReceipts) {
  const std::string id = node_.send(alice_, bob_);
  const Json first = get(bob_, "/api/mailbox?after=0").json();
  ASSERT_EQ(first->array("items").size(), 1u);
  const JsonView item = *first->array("items").begin();
  EXPECT_EQ(item.string("type"), "message");
  EXPECT_EQ(item.object("data").string("id"), id);
  EXPECT_FALSE(first->boolean("has_more"));
  const std::int64_t next = first->integer("next");
  EXPECT_EQ(next, item.integer("seq"));
  EXPECT_EQ(get(bob_, "/api/mailbox?after=" + std::to_string(next)).json()->array("items").size(), 0u);

  const Answer ack =
      node_.call("POST", "/api/mailbox/ack", "{\"seq\":" + std::to_string(next) + "}", bob_.token);
  ASSERT_EQ(ack.status, 200) << ack.text;
  EXPECT_EQ(ack.json()->integer("acked"), next);
  EXPECT_EQ(node_.call("POST", "/api/mailbox/ack", "{\"seq\":0}", bob_.token).json()->integer("acked"), next);
  EXPECT_EQ(node_.call("POST", "/api/mailbox/ack", "{\"seq\":-1}", bob_.token).status, 422);

  // Alice: her own `sent` item, then the receipt.
  ASSERT_TRUE(eventually([&] { return get(alice_, "/api/mailbox").json()->array("items").size() == 2; }));
  const Json hers = get(alice_, "/api/mailbox").json();
  auto it = hers->array("items").begin();
  EXPECT_EQ((*it).string("type"), "sent");
  ++it;
  EXPECT_EQ((*it).string("type"), "receipt");
  EXPECT_EQ((*it).object("data").string("status"), "delivered");
  EXPECT_EQ((*it).object("data").string("peer_handle"), "bob@node.test");
  EXPECT_EQ(hers->string("mailbox_id"), first->string("mailbox_id"));
}

TEST_F(ApiMessages, AHeldMailboxCallAnswersWhenAnItemComesOrTheTimeIsOver) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(get(bob_, "/api/mailbox?wait=1").json()->array("items").size(), 0u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(900));
  Answer held;
  std::thread waiter([&] { held = get(bob_, "/api/mailbox?wait=30"); });
  const std::string id = node_.send(alice_, bob_);
  waiter.join();
  ASSERT_EQ(held.status, 200) << held.text;
  EXPECT_EQ((*held.json()->array("items").begin()).object("data").string("id"), id);
  for (const char* bad : {"?wait=31", "?limit=0", "?limit=257", "?after=-1", "?after=x"})
    EXPECT_EQ(get(bob_, std::string("/api/mailbox") + bad).status, 422) << bad;
}

TEST_F(ApiMessages, ContactsAreAddedListedAndRemoved) {
  const auto add = [&](const std::string& body) {
    return node_.call("POST", "/api/contacts", body, alice_.token);
  };
  const Answer made = add(R"({"contact_handle":"BOB@node.test","nickname":"Bobby"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.json()->string("contact_handle"), "bob@node.test");
  EXPECT_EQ(made.json()->string("nickname"), "Bobby");
  EXPECT_EQ(made.json()->string("public_key_fingerprint"), public_key_fingerprint(1));
  EXPECT_TRUE(made.json()->at("last_message_at").is_null());
  EXPECT_EQ(add(R"({"contact_handle":"bob@node.test"})").status, 400);
  EXPECT_EQ(add(R"({"contact_handle":"not a handle"})").status, 400);
  EXPECT_EQ(add(R"({"contact_handle":"alice@node.test"})").status, 400);
  EXPECT_EQ(add(R"({"contact_handle":"nobody@node.test"})").status, 404);
  EXPECT_EQ(add(R"({"contact_handle":"bob@elsewhere.test"})").status, 501);
  EXPECT_EQ(add(R"({"nickname":"x"})").status, 422);
  node_.send(alice_, bob_);
  const Json list = get(alice_, "/api/contacts").json();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_FALSE((*list->begin()).at("last_message_at").is_null());
  const std::string id(made.json()->string("id"));
  EXPECT_EQ(node_.call("DELETE", "/api/contacts/" + id, {}, bob_.token).status, 404);
  EXPECT_EQ(node_.call("DELETE", "/api/contacts/" + id, {}, alice_.token).status, 200);
  EXPECT_EQ(node_.call("DELETE", "/api/contacts/" + id, {}, alice_.token).status, 404);
  EXPECT_EQ(get(alice_, "/api/contacts").json()->size(), 0u);
}

}  // namespace
}  // namespace mychat::server::test
