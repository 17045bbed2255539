#include "fixture.h"

namespace mychat::testing {
namespace {

using StoreMessages = StoreTest;
using Ids = std::vector<std::string>;
constexpr const char* kBob = "bob@b.example";
constexpr const char* kCarol = "carol@c.example";

Ids ids_of(const std::vector<Message>& messages) {
  Ids ids;
  for (const auto& message : messages) ids.push_back(message.id);
  return ids;
}

TEST_F(StoreMessages, AMessageRoundTrips) {
  const auto store = open();
  Message message = text_message("m1", kBob, "words", 100);
  message.content_type = "file";
  message.delivered_at = 110;
  message.status = MessageStatus::kDelivered;
  message.verification = MessageVerification::kVerified;
  message.envelope = Bytes{1, 2};  // Not kept beside a body.
  const InsertResult result = store->messages().insert(message);
  EXPECT_TRUE(result.inserted);
  const auto read = store->messages().get_local(result.local_id);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, "m1");
  EXPECT_EQ(read->conversation, kBob);
  EXPECT_EQ(read->sender, kBob);
  EXPECT_EQ(read->direction, Direction::kIncoming);
  EXPECT_EQ(read->content_type, "file");
  EXPECT_EQ(body_of(*read), "words");
  EXPECT_EQ(read->sent_at, 95);
  EXPECT_EQ(read->created_at, 100);
  EXPECT_EQ(read->delivered_at, 110);
  EXPECT_FALSE(read->read_at);
  EXPECT_EQ(read->status, MessageStatus::kDelivered);
  EXPECT_EQ(read->verification, MessageVerification::kVerified);
  EXPECT_FALSE(read->failure);
  EXPECT_FALSE(read->envelope);
  EXPECT_FALSE(store->messages().get("m2"));
  EXPECT_FALSE(store->messages().get_local(99));
}

TEST_F(StoreMessages, InsertingTwiceInsertsOnce) {
  const auto store = open();
  const InsertResult first = store->messages().insert(text_message("m1", kBob, "first", 100));
  const InsertResult second = store->messages().insert(text_message("m1", kBob, "second", 200));
  EXPECT_TRUE(first.inserted);
  EXPECT_FALSE(second.inserted);
  EXPECT_EQ(first.local_id, second.local_id);
  EXPECT_EQ(body_of(*store->messages().get("m1")), "first");
  EXPECT_EQ(store->conversations().get(kBob)->unread, 1);
  EXPECT_EQ(store->messages().count(), 1);
}

TEST_F(StoreMessages, LargeAndEmptyBodiesAreKept) {
  const auto store = open();
  const std::string large(3 * 1024 * 1024, 'L');
  store->messages().insert(text_message("large", kBob, large, 1));
  store->messages().insert(text_message("empty", kBob, "", 2));
  EXPECT_EQ(body_of(*store->messages().get("large")), large);
  EXPECT_EQ(body_of(*store->messages().get("empty")), "");
}

TEST_F(StoreMessages, PagesGoFromNewToOldWithoutGapOrDouble) {
  const auto store = open();
  // Many messages of one time, so that the local id has to decide.
  for (int i = 0; i < 95; ++i) {
    store->messages().insert(text_message("b" + std::to_string(i), kBob, "x", 100 + i / 10));
    store->messages().insert(text_message("c" + std::to_string(i), kCarol, "x", 100 + i / 10));
  }
  for (const std::size_t limit : {1U, 7U, 10U, 94U, 95U, 500U}) {
    Ids seen;
    MessageCursor before;
    for (int guard = 0; guard < 200; ++guard) {
      const MessagePage page = store->messages().page(kBob, limit, before);
      EXPECT_LE(page.messages.size(), limit);
      for (const auto& id : ids_of(page.messages)) seen.push_back(id);
      if (!page.has_more) break;
      before = cursor_of(page.messages.back());
    }
    ASSERT_EQ(seen.size(), 95U) << limit;
    for (int i = 0; i < 95; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], "b" + std::to_string(94 - i));
  }
  EXPECT_EQ(status_of([&] { store->messages().page(kBob, 0); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { store->messages().page(kBob, 501); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_TRUE(store->messages().page("nobody@x.example", 10).messages.empty());
}

TEST_F(StoreMessages, StatusNeverGoesBack) {
  const auto store = open();
  MessagesTable& messages = store->messages();
  using S = MessageStatus;
  constexpr S kAll[] = {S::kQueued, S::kPending, S::kDelivered, S::kRead, S::kFailed};
  int number = 0;
  for (const S from : kAll) {
    for (const S to : kAll) {
      const std::string id = "m" + std::to_string(++number);
      Message message = text_message(id, kBob, "x", 1, Direction::kOutgoing);
      message.status = from;
      messages.insert(message);
      bool allowed = static_cast<int>(to) > static_cast<int>(from);
      if (to == S::kFailed) allowed = from == S::kQueued || from == S::kPending;
      if (from == S::kFailed) allowed = to == S::kDelivered || to == S::kRead;
      EXPECT_EQ(messages.advance_status(id, to, 50), allowed)
          << static_cast<int>(from) << static_cast<int>(to);
      EXPECT_EQ(messages.get(id)->status, allowed ? to : from);
    }
  }
  EXPECT_FALSE(messages.advance_status("unknown", S::kRead, 1));
}

TEST_F(StoreMessages, AFailureIsKeptUntilTheRetry) {
  const auto store = open();
  Message message = text_message("m", kBob, "x", 1, Direction::kOutgoing);
  message.status = MessageStatus::kQueued;
  store->messages().insert(message);
  EXPECT_FALSE(store->messages().requeue("m"));
  store->messages().advance_status("m", MessageStatus::kFailed, 5,
                                   MessageFailure{MYCHAT_E_REJECTED, "too large"});
  EXPECT_EQ(store->messages().get("m")->failure->status, MYCHAT_E_REJECTED);
  EXPECT_EQ(store->messages().get("m")->failure->text, "too large");
  EXPECT_TRUE(store->messages().requeue("m"));
  EXPECT_FALSE(store->messages().get("m")->failure);
  EXPECT_TRUE(store->messages().advance_status("m", MessageStatus::kDelivered, 9));
  EXPECT_EQ(store->messages().get("m")->delivered_at, 9);
}

TEST_F(StoreMessages, OfOwnMessagesWithoutABodyTheReasonStays) {
  const auto store = open();
  Message message = text_message("m", kBob, "", 1);
  message.direction = Direction::kOutgoing;
  message.body.reset();
  message.envelope = Bytes{9};
  message.failure = MessageFailure{MYCHAT_E_NO_IDENTITY, "no key"};
  store->messages().insert(message);
  for (const MessageStatus status : {MessageStatus::kDelivered, MessageStatus::kRead}) {
    EXPECT_TRUE(store->messages().advance_status("m", status, 9));
    ASSERT_TRUE(store->messages().get("m")->failure);
    EXPECT_EQ(store->messages().get("m")->failure->status, MYCHAT_E_NO_IDENTITY);
  }
}

TEST_F(StoreMessages, TheKeyOfAnUnverifiedSignatureIsKeptUntilItIsKnownWhoseItIs) {
  const Bytes signer(32, 7);
  {
    const auto store = open();
    for (int i = 0; i < 4; ++i) {
      Message message = text_message("m" + std::to_string(i), kBob, "hello", i);
      message.signer = signer;
      message.verification = i == 0 ? MessageVerification::kVerified : MessageVerification::kUnverified;
      if (i == 3) {
        message.body.reset();
        message.envelope = Bytes{9};
      }
      store->messages().insert(message);
    }
    EXPECT_TRUE(store->messages().get("m0")->signer.empty()) << "what is verified needs no key";
    EXPECT_TRUE(store->messages().set_verification("m1", MessageVerification::kVerified, {}));
    EXPECT_FALSE(store->messages().set_verification("unknown", MessageVerification::kVerified, {}));
  }
  const auto store = open();
  const auto waiting = store->messages().list_unverified(0, 100);
  EXPECT_EQ(ids_of(waiting), (Ids{"m2", "m3"}));
  EXPECT_EQ(waiting[0].signer, signer);
  EXPECT_FALSE(waiting[0].body) << "a list of many takes no bodies along";
  EXPECT_EQ(ids_of(store->messages().list_unverified(waiting[0].local_id, 100)), Ids{"m3"});
  EXPECT_EQ(store->messages().get("m1")->verification, MessageVerification::kVerified);
  EXPECT_TRUE(store->messages().get("m1")->signer.empty());
  EXPECT_EQ(body_of(*store->messages().get("m2")), "hello");
  EXPECT_TRUE(store->check().ok());
}

TEST_F(StoreMessages, UndecryptableMessagesWaitForTheirKey) {
  const auto store = open();
  for (int i = 0; i < 3; ++i) {
    Message message = text_message("m" + std::to_string(i), kBob, "", i);
    message.body.reset();
    message.envelope = Bytes{9, 9, static_cast<std::uint8_t>(i)};
    message.failure = MessageFailure{MYCHAT_E_NO_IDENTITY, "no key"};
    store->messages().insert(message);
  }
  store->messages().insert(text_message("readable", kBob, "x", 10));
  auto waiting = store->messages().list_undecryptable(0, 100);
  ASSERT_EQ(ids_of(waiting), (Ids{"m0", "m1", "m2"}));
  EXPECT_EQ(waiting[1].envelope, (Bytes{9, 9, 1}));
  EXPECT_FALSE(waiting[1].body);
  EXPECT_EQ(ids_of(store->messages().list_undecryptable(waiting[0].local_id, 1)), Ids{"m1"});

  EXPECT_TRUE(store->messages().set_decrypted("m1", view("now readable")));
  EXPECT_TRUE(store->messages().set_failure("m2", {MYCHAT_E_DECRYPT, "altered"}));
  const auto read = store->messages().get("m1");
  EXPECT_EQ(body_of(*read), "now readable");
  EXPECT_FALSE(read->envelope);
  EXPECT_FALSE(read->failure);
  EXPECT_EQ(store->messages().get("m2")->failure->status, MYCHAT_E_DECRYPT);
  EXPECT_EQ(ids_of(store->messages().list_undecryptable(0, 100)), (Ids{"m0", "m2"}));
  EXPECT_FALSE(store->messages().set_decrypted("unknown", view("x")));
  EXPECT_TRUE(store->check().ok());
}

TEST_F(StoreMessages, ConversationsCountAndOrder) {
  const auto store = open();
  store->messages().insert(text_message("b1", kBob, "x", 100));
  store->messages().insert(text_message("c1", kCarol, "x", 200));
  store->messages().insert(
      text_message("b2", kBob, "x", 50));  // Older, from a history: does not move the newest.
  store->messages().insert(text_message("b3", kBob, "x", 150, Direction::kOutgoing));
  auto list = store->conversations().list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].handle, kCarol);
  EXPECT_EQ(list[1].handle, kBob);
  EXPECT_EQ(list[1].unread, 2);
  EXPECT_EQ(list[1].last_message_at, 150);
  EXPECT_EQ(store->messages().get_local(list[1].last_message_row)->id, "b3");
  store->messages().set_created_at("b3", 300);
  EXPECT_EQ(store->conversations().list()[0].handle, kBob);
  EXPECT_EQ(store->messages().get("b3")->created_at, 300);
  store->messages().remove("b3");
  EXPECT_EQ(store->conversations().get(kBob)->last_message_at, 100);
  store->conversations().set_muted(kBob, true);
  EXPECT_TRUE(store->conversations().get(kBob)->muted);
  EXPECT_EQ(store->messages().count(kBob), 2);
  EXPECT_TRUE(store->conversations().remove(kBob));
  EXPECT_FALSE(store->messages().get("b1"));
  EXPECT_EQ(store->messages().count(), 1);
  EXPECT_FALSE(store->conversations().remove(kBob));
  EXPECT_TRUE(store->check().ok());
}

TEST_F(StoreMessages, MarkingReadTellsWhichWereUnread) {
  const auto store = open();
  store->messages().insert(text_message("b1", kBob, "x", 1));
  store->messages().insert(text_message("c1", kCarol, "x", 2));
  store->messages().insert(text_message("b2", kBob, "x", 3, Direction::kOutgoing));
  const auto third = store->messages().insert(text_message("b3", kBob, "x", 4));
  store->messages().insert(text_message("b4", kBob, "x", 5));
  EXPECT_EQ(store->conversations().mark_read(kBob, third.local_id, 99), (Ids{"b1", "b3"}));
  EXPECT_EQ(store->conversations().get(kBob)->unread, 1);
  EXPECT_EQ(store->messages().get("b3")->status, MessageStatus::kRead);
  EXPECT_EQ(store->messages().get("b3")->read_at, 99);
  EXPECT_TRUE(store->conversations().mark_read(kBob, third.local_id, 100).empty());
  EXPECT_EQ(store->conversations().mark_read(kBob, INT64_MAX, 100), Ids{"b4"});
  EXPECT_EQ(store->conversations().get(kBob)->unread, 0);
  EXPECT_EQ(store->conversations().get(kCarol)->unread, 1);
  store->messages().insert(text_message("b5", kBob, "x", 6));
  EXPECT_EQ(store->conversations().get(kBob)->unread, 1);
  EXPECT_TRUE(store->messages().advance_status("b5", MessageStatus::kRead, 7));  // Read on another device.
  EXPECT_EQ(store->conversations().get(kBob)->unread, 0);
  EXPECT_TRUE(store->conversations().mark_read("nobody@x.example", INT64_MAX, 1).empty());
}

}  // namespace
}  // namespace mychat::testing
