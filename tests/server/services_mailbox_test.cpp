// Messages, mailboxes, receipts, histories, typing and presence.
#include "crypto/random.h"
#include "services_fixture.h"

namespace mychat::server {
namespace {

using Mailboxes = ServicesTest;

TEST_F(Mailboxes, AMessageIsInBothMailboxesAndOnTheBusOfBoth) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  auto heard_by_alice = std::make_shared<Listener>();
  auto heard_by_bob = std::make_shared<Listener>();
  const auto a = services_->bus().subscribe(alice->user, heard_by_alice);
  const auto b = services_->bus().subscribe(bob->user, heard_by_bob);
  const std::string id = uuid_v7(1);
  const auto sent = send(alice, draft("bobby", id));
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent.value().message->id, id);
  EXPECT_EQ(sent.value().message->status, wire::DeliveryStatus::kPending);

  const auto to_bob = heard_by_bob->wait_items(1);
  const auto to_alice = heard_by_alice->wait_items(1);
  ASSERT_EQ(to_bob.size(), 1U);
  ASSERT_EQ(to_alice.size(), 1U);
  EXPECT_EQ(to_bob[0]->type(), ItemType::kMessage);
  EXPECT_EQ(to_alice[0]->type(), ItemType::kSent);
  EXPECT_EQ(to_bob[0]->data().find(base64_encode(Bytes(512, 3))), std::string::npos)
      << "the sender's wrapped key went to the recipient";
  EXPECT_NE(to_alice[0]->data().find(base64_encode(Bytes(512, 3))), std::string::npos);

  const auto page = services_->mailbox().page(bob, 0, 256);
  ASSERT_EQ(types(page), std::vector<std::string>{"message"});
  EXPECT_EQ(page.items[0]->data(), to_bob[0]->data()) << "what is pushed is what is read";
  EXPECT_EQ(page.next, page.items[0]->seq());
  EXPECT_EQ(services_->mailbox().page(alice, 0, 256).items.at(0)->data(), to_alice[0]->data());
  EXPECT_TRUE(services_->mailbox().page(bob, page.next, 256).items.empty());
}

TEST_F(Mailboxes, ARepeatedIdGetsTheFirstAnswerAndAnothersIdIsAConflict) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const std::string id = uuid_v4();
  const auto first = send(alice, draft("bobby", id));
  clock_.advance(5000);
  const auto again = send(alice, draft("nobody_there", id, "b3RoZXI="));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again.value().repeated);
  EXPECT_EQ(*again.value().message, *first.value().message);
  EXPECT_EQ(send(bob, draft("alice", id)).failure().status, 409);
  reopen();
  const auto after = send(alice, draft("bobby", id));
  ASSERT_TRUE(after);
  EXPECT_EQ(*after.value().message, *first.value().message);
  EXPECT_EQ(services_->mailbox().page(bob, 0, 256).items.size(), 1U);
}

TEST_F(Mailboxes, EveryRefusalOfAMessageIsPreciseAndLeavesTheOthersOfTheBatch) {
  const Caller alice = enter("alice");
  enter("bobby");
  config_.max_message_size = 10;
  reopen();
  auto foreign = draft("bobby");
  foreign.recipient_handle = "bob@elsewhere.example";
  auto group = draft("bobby");
  group.recipient_handle.reset();
  group.group_id = uuid_v4();
  auto keyless = draft("bobby");
  keyless.encrypted_key.reset();
  auto results = sync<std::vector<Result<AcceptedMessage>>>([&](auto done) {
    services_->mailbox().accept(
        alice,
        {draft("nobody"), foreign, group, keyless, draft("bobby", {}, "MTIzNDU2Nzg5MDEy"),
         draft("bobby", "not-a-uuid"), draft("bobby"), draft("bobby", {}, "%%%")},
        0, done);
  });
  ASSERT_TRUE(results);
  std::vector<int> statuses;
  for (const auto& result : results.value()) statuses.push_back(result ? 201 : result.failure().status);
  EXPECT_EQ(statuses, (std::vector<int>{404, 501, 501, 422, 413, 422, 201, 422}));
}

TEST_F(Mailboxes, AnAckDeliversInOneReceiptForASenderAndNeverGoesBack) {
  const Caller alice = enter("alice");
  const Caller carol = enter("carol");
  const Caller bob = enter("bobby");
  std::vector<std::string> ids;
  std::int64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    const auto sent = send(i == 3 ? carol : alice, draft("bobby"));
    ids.push_back(sent.value().message->id);
    last = sent.value().seq;
  }
  clock_.advance(1000);
  EXPECT_EQ(ack(bob, last), last);
  EXPECT_EQ(ack(bob, 1), last);
  const std::int64_t furthest = ack(bob, last + 1'000'000);
  EXPECT_EQ(furthest, services_->storage().last_seq()) << "nothing beyond what there is";
  EXPECT_EQ(furthest, services_->mailbox().state(bob).acked);
  const auto page = services_->mailbox().page(alice, 0, 256);
  ASSERT_EQ(types(page), (std::vector<std::string>{"sent", "sent", "sent", "sent", "receipt"}));
  const auto receipt = Json::parse(page.items.back()->data());
  EXPECT_EQ(receipt->array("message_ids").size(), 4U);
  EXPECT_EQ(receipt->string("peer_handle"), "bobby@node.test");
  EXPECT_EQ(receipt->string("status"), "delivered");
  EXPECT_EQ(types(services_->mailbox().page(carol, 0, 256)), (std::vector<std::string>{"sent", "receipt"}));
  const auto history = services_->mailbox().conversation(alice, "bobby@node.test", 50, std::nullopt);
  ASSERT_EQ(history.messages.size(), 4U);
  for (const auto& message : history.messages) {
    EXPECT_EQ(message.status, wire::DeliveryStatus::kDelivered);
    EXPECT_EQ(message.delivered_at, clock_.now_ms());
  }
}

TEST_F(Mailboxes, TheReceiptsAreTheSameWhenNothingIsRemembered) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  std::int64_t last = 0;
  for (int i = 0; i < 600; ++i) last = send(alice, draft("bobby")).value().seq;
  reopen();
  auto heard = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, heard);
  EXPECT_EQ(ack(bob, last), last);
  const auto pushed = heard->wait_items(3);
  ASSERT_EQ(pushed.size(), 3U) << "600 messages in receipts of at most 256";
  const auto page = services_->mailbox().page(alice, last, 256);
  ASSERT_EQ(page.items.size(), 3U);
  std::size_t ids = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(page.items[i]->data(), pushed[i]->data());
    ids += Json::parse(page.items[i]->data())->array("message_ids").size();
  }
  EXPECT_EQ(ids, 600U);
}

TEST_F(Mailboxes, PagesGoOnWhereTheyEndedAndHoldEachItemOnceInOrder) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const Caller carol = enter("carol");
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(send(i % 3 == 0 ? carol : alice, draft("bobby")));
    if (i % 5 == 0) {
      ASSERT_TRUE(send(bob, draft("carol")));
    }
  }
  std::vector<std::int64_t> seqs;
  std::int64_t cursor = 0;
  bool more = true;
  for (int guard = 0; more && guard < 20; ++guard) {
    const auto page = services_->mailbox().page(bob, cursor, 7);
    for (const auto& item : page.items) seqs.push_back(item->seq());
    cursor = page.next;
    more = page.has_more;
  }
  EXPECT_EQ(seqs.size(), 48U);
  EXPECT_TRUE(std::is_sorted(seqs.begin(), seqs.end()));
  EXPECT_EQ(std::adjacent_find(seqs.begin(), seqs.end()), seqs.end());
}

TEST_F(Mailboxes, ReadingTellsBothSidesOnce) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const Caller carol = enter("carol");
  const std::string id = send(alice, draft("bobby")).value().message->id;
  EXPECT_EQ(read(bob, {id, uuid_v4(), "nonsense", id}), 1);
  EXPECT_EQ(read(bob, {id}), 0);
  const auto single = [&](const Caller& who, const std::string& which) {
    const auto result = sync<Done>([&](auto done) { services_->mailbox().mark_read(who, which, done); });
    return result ? 200 : result.failure().status;
  };
  EXPECT_EQ(single(bob, id), 200);
  EXPECT_EQ(single(alice, id), 403);
  EXPECT_EQ(single(carol, id), 404);
  EXPECT_EQ(single(bob, uuid_v4()), 404);
  EXPECT_EQ(types(services_->mailbox().page(bob, 0, 256)), (std::vector<std::string>{"message", "read"}));
  const auto page = services_->mailbox().page(alice, 0, 256);
  ASSERT_EQ(types(page), (std::vector<std::string>{"sent", "receipt"}));
  EXPECT_EQ(Json::parse(page.items[1]->data())->string("status"), "read");
  const auto history = services_->mailbox().conversation(alice, "bobby@node.test", 50, std::nullopt);
  EXPECT_EQ(history.messages.at(0).status, wire::DeliveryStatus::kRead);
  EXPECT_TRUE(history.messages.at(0).delivered_at && history.messages.at(0).read_at);
}

TEST_F(Mailboxes, AHistoryPagesThroughMessagesOfTheSameMillisecond) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) {
    ids.push_back(send(i % 2 == 0 ? alice : bob, draft(i % 2 == 0 ? "bobby" : "alice")).value().message->id);
    if (i == 12) clock_.advance(1);
  }
  std::vector<std::string> seen;
  std::optional<std::string> cursor;
  for (int guard = 0; guard < 10; ++guard) {
    const auto page = services_->mailbox().conversation(alice, "bobby@node.test", 4, cursor);
    for (const auto& message : page.messages) {
      seen.push_back(message.id);
      EXPECT_EQ(message.sender_encrypted_key.has_value(), message.sender_handle == "alice@node.test");
    }
    EXPECT_EQ(page.has_more, page.next_cursor.has_value());
    if (!page.has_more) break;
    EXPECT_TRUE(parse_time(*page.next_cursor)) << "v1 clients read it as a time";
    cursor = page.next_cursor;
  }
  std::reverse(seen.begin(), seen.end());
  EXPECT_EQ(seen, ids);
  const auto before =
      services_->mailbox().conversation(alice, "bobby@node.test", 50, format_time(clock_.now_ms()));
  EXPECT_EQ(before.messages.size(), 13U) << "v1: strictly before the time";
  EXPECT_EQ(status_of([&] { services_->mailbox().conversation(alice, "bobby@node.test", 5, "yesterday"); }),
            422);
  EXPECT_EQ(status_of([&] { services_->mailbox().conversation(alice, "nobody@node.test", 5, {}); }), 404);
  EXPECT_EQ(status_of([&] { services_->mailbox().conversation(alice, "no handle", 5, {}); }), 400);
}

TEST_F(Mailboxes, AV1ClientThatReadsItsHistoryGivesReceiptsOnce) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const auto sent = send(alice, draft("bobby"));
  auto heard = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, heard);
  services_->mailbox().conversation(bob, "alice@node.test", 50, {});
  ASSERT_EQ(heard->wait_items(1).size(), 1U);
  services_->mailbox().mark_delivered(bob, {sent.value().seq});
  ack(bob, services_->mailbox().state(bob).last);
  EXPECT_EQ(types(services_->mailbox().page(alice, 0, 256)), (std::vector<std::string>{"sent", "receipt"}));
}

TEST_F(Mailboxes, AWaitingPageIsAnsweredByAnItemByTimeAndByTheEndOfTheSession) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const auto wait = [&](std::int64_t ms) {
    auto promise = std::make_shared<std::promise<Result<MailboxPage>>>();
    services_->mailbox().wait_page(bob, 0, 10, ms,
                                   [promise](Result<MailboxPage> r) { promise->set_value(std::move(r)); });
    return promise->get_future();
  };
  EXPECT_TRUE(wait(0).get().value().items.empty());
  auto timed = wait(5000);
  services_->tick();
  EXPECT_EQ(timed.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  clock_.advance(5000);
  services_->tick();
  EXPECT_TRUE(timed.get().value().items.empty());

  auto ended = wait(30'000);
  ASSERT_TRUE(sync<Done>([&](auto done) { services_->auth().logout(bob, done); }));
  EXPECT_EQ(ended.get().failure().status, 401);

  std::vector<std::future<Result<MailboxPage>>> many;
  for (int i = 0; i < 17; ++i) many.push_back(wait(30'000));
  EXPECT_EQ(many.back().get().failure().status, 429);
  many.pop_back();
  ASSERT_TRUE(send(alice, draft("bobby")));
  for (auto& one : many) EXPECT_EQ(one.get().value().items.size(), 1U);
}

TEST_F(Mailboxes, OldAckedItemsLeaveTheMailboxButNotTheHistory) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const auto first = send(alice, draft("bobby"));
  ack(bob, first.value().seq);
  ASSERT_TRUE(send(alice, draft("bobby")));
  EXPECT_EQ(services_->mailbox().state(bob).oldest, 0);
  clock_.advance(31LL * 86'400'000);
  ASSERT_TRUE(send(alice, draft("bobby")));
  services_->tick();
  (void)read(bob, {});  // Behind the trimming in the queue.
  const auto state = services_->mailbox().state(bob);
  EXPECT_EQ(state.oldest, first.value().seq + 1);
  EXPECT_EQ(types(services_->mailbox().page(bob, 0, 256)), (std::vector<std::string>{"message", "message"}))
      << "never acked: not removed by age";
  EXPECT_EQ(services_->mailbox().conversation(bob, "alice@node.test", 50, {}).messages.size(), 3U);
}

TEST_F(Mailboxes, TypingReachesOnlyThePeerWhoMayKnowAndEndsByItself) {
  config_.read_threads = 1;  // So that a task behind another says that it was done.
  reopen();
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  auto heard = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(bob->user, heard);
  services_->presence().typing(alice, "bobby@node.test", true);  // A stranger: not forwarded.
  std::promise<void> looked_up;
  ASSERT_TRUE(services_->workers().post([&] { looked_up.set_value(); }));
  looked_up.get_future().wait();
  ASSERT_TRUE(send(alice, draft("bobby")));
  clock_.advance(61'000);  // What was found out about the pair is forgotten.
  services_->presence().typing(alice, "bobby@node.test", true);
  EXPECT_EQ(heard->wait_notes(1), std::vector<std::string>{"typing alice@node.test 1"});
  clock_.advance(kTypingLifeMs);
  services_->tick();
  EXPECT_EQ(heard->wait_notes(2).back(), "typing alice@node.test 0");
  for (int i = 0; i < 100; ++i) services_->presence().typing(alice, "bobby@node.test", true);
  EXPECT_EQ(heard->wait_notes(2 + 59).size(), 61U) << "60 a minute, one was taken before";
}

TEST_F(Mailboxes, PresenceIsThatOfTheMostPresentConnectionAndGoesToThoseWhoHoldTheContact) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  ASSERT_TRUE(sync<wire::Contact>(
      [&](auto done) { services_->directory().add_contact(bob, "alice@node.test", std::nullopt, done); }));
  auto heard = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(bob->user, heard);
  Presence& presence = services_->presence();
  presence.connected(alice, 1);
  EXPECT_EQ(heard->wait_notes(1).back(), "presence alice@node.test online");
  presence.connected(alice, 2);
  presence.set_status(alice, 1, PresenceStatus::kAway);
  EXPECT_EQ(presence.status(alice->user), PresenceStatus::kOnline);
  presence.set_status(alice, 2, PresenceStatus::kAway);
  EXPECT_EQ(heard->wait_notes(2).back(), "presence alice@node.test away");
  presence.disconnected(alice, 2);
  clock_.advance(kPresenceLifeMs);
  services_->tick();
  EXPECT_EQ(heard->wait_notes(3).back(), "presence alice@node.test offline");
  EXPECT_EQ(presence.online_users(), 0U);
  presence.touch(alice, 1);
  EXPECT_EQ(heard->wait_notes(4).back(), "presence alice@node.test online");
}

TEST_F(Mailboxes, WhatWasReadIsNotReportedAsDeliveredLater) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const std::string id = uuid_v4();
  const auto sent = send(alice, draft("bobby", id)).value();
  EXPECT_EQ(read(bob, {id}), 1);
  EXPECT_EQ(ack(bob, sent.seq), sent.seq);
  EXPECT_EQ(types(services_->mailbox().page(alice, 0, 9)), (std::vector<std::string>{"sent", "receipt"}));
}

TEST_F(Mailboxes, AReceiptOfARangeKeepsItsIdsAroundMessagesThatWereReportedBefore) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  std::vector<std::int64_t> seqs;
  for (int i = 0; i < 300; ++i) seqs.push_back(send(alice, draft("bobby")).value().seq);
  services_->mailbox().mark_delivered(bob, {seqs.begin() + 1, seqs.end() - 1});
  ack(bob, seqs.back());
  std::set<std::string> told;
  for (const auto& item : services_->mailbox().page(alice, seqs.back(), 256).items) {
    const auto receipt = Json::parse(item->data());
    for (const auto id : receipt->array("message_ids"))
      EXPECT_TRUE(told.insert(std::string(id.as_string())).second);
  }
  EXPECT_EQ(told.size(), 300U);
}

TEST_F(Mailboxes, AnAckCoversNothingThatComesAfterIt) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const auto first = send(alice, draft("bobby")).value().seq;
  EXPECT_EQ(ack(bob, INT64_MAX), first);
  ASSERT_TRUE(send(alice, draft("bobby")));
  EXPECT_EQ(services_->mailbox().state(bob).acked, first);
}

TEST_F(Mailboxes, ManySendersAtOnceLoseNothing) {
  const Caller bob = enter("bobby");
  std::vector<Caller> senders;
  for (int i = 0; i < 4; ++i) senders.push_back(enter("sender" + std::to_string(i)));
  constexpr int kEach = 250;
  std::atomic<int> accepted{0};
  std::vector<std::thread> threads;
  for (const Caller& sender : senders) {
    threads.emplace_back([&, sender] {
      for (int i = 0; i < kEach; ++i) {
        services_->mailbox().accept(sender, {draft("bobby")}, 0,
                                    [&](Result<std::vector<Result<AcceptedMessage>>> r) {
                                      if (r && r.value().at(0)) ++accepted;
                                    });
        if (i % 10 == 0) services_->mailbox().ack(bob, services_->storage().last_seq(), nullptr);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  read(bob, {});  // Behind all of them: an ack covers what was committed when it came.
  const std::int64_t acked = ack(bob, INT64_MAX);
  EXPECT_EQ(accepted, 4 * kEach);
  int messages = 0;
  std::int64_t cursor = 0;
  for (bool more = true; more;) {
    const auto page = services_->mailbox().page(bob, cursor, 256);
    messages += static_cast<int>(page.items.size());
    cursor = page.next;
    more = page.has_more;
  }
  EXPECT_EQ(messages, 4 * kEach);
  std::size_t told = 0;
  for (const Caller& sender : senders) {
    std::set<std::string> ids;
    cursor = 0;
    for (bool more = true; more;) {
      const auto page = services_->mailbox().page(sender, cursor, 256);
      for (const auto& item : page.items) {
        if (item->type() != ItemType::kReceipt) continue;
        const auto receipt = Json::parse(item->data());
        for (const auto id : receipt->array("message_ids"))
          EXPECT_TRUE(ids.insert(std::string(id.as_string())).second);
      }
      cursor = page.next;
      more = page.has_more;
    }
    told += ids.size();
  }
  EXPECT_EQ(told, static_cast<std::size_t>(4 * kEach)) << "one receipt for each message";
  EXPECT_GT(acked, 0);
}

}  // namespace
}  // namespace mychat::server
