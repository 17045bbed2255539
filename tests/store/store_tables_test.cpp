#include <stdexcept>

#include "fixture.h"

namespace mychat::testing {
namespace {

using StoreTables = StoreTest;

TEST_F(StoreTables, TheAccountKeepsWhatItIsGiven) {
  const auto store = open();
  AccountTable& account = store->account();
  EXPECT_FALSE(account.account());
  EXPECT_FALSE(account.identity());
  EXPECT_FALSE(account.access_token());
  EXPECT_EQ(account.profile().status_message, "");

  IdentityKeys keys;
  keys.private_key = to_secret("p");
  keys.public_key = "PEM";
  keys.fingerprint = "F";
  keys.signing_seed = to_secret("s");
  keys.signing_public_key = {1, 2};
  keys.signing_certificate = {3};
  account.set_identity(keys);
  const auto read = account.identity();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->private_key, keys.private_key);
  EXPECT_EQ(read->public_key, "PEM");
  EXPECT_EQ(read->fingerprint, "F");
  EXPECT_EQ(read->signing_seed, keys.signing_seed);
  EXPECT_EQ(read->signing_public_key, keys.signing_public_key);
  EXPECT_EQ(read->signing_certificate, keys.signing_certificate);

  account.set_access_token(view("token"));
  EXPECT_EQ(account.access_token(), to_secret("token"));
  account.clear_access_token();
  EXPECT_FALSE(account.access_token());
  account.set_profile({"https://a/x.png", "here"});
  EXPECT_EQ(account.profile().avatar_url, "https://a/x.png");
}

TEST_F(StoreTables, SettingsKeepTheirTypes) {
  const auto store = open();
  AccountTable& account = store->account();
  account.set_bool("b", true);
  account.set_int("i", INT64_MIN);
  account.set_text("t", "ü");
  account.set_bytes("x", Bytes{0, 1});
  account.set_text("empty", "");
  EXPECT_EQ(account.get_bool("b"), true);
  EXPECT_EQ(account.get_int("i"), INT64_MIN);
  EXPECT_EQ(account.get_text("t"), "ü");
  EXPECT_EQ(account.get_bytes("x"), (Secret{0, 1}));
  EXPECT_EQ(account.get_text("empty"), "");
  EXPECT_FALSE(account.get_bool("none"));
  EXPECT_EQ(status_of([&] { account.get_int("b"); }), MYCHAT_E_STORE_CORRUPT);
  account.set_bool("b", false);
  EXPECT_EQ(account.get_bool("b"), false);
  account.remove("b");
  EXPECT_FALSE(account.get_bool("b"));
}

TEST_F(StoreTables, ContactsRoundTripWithAPendingKey) {
  const auto store = open();
  Contact bob;
  bob.handle = "bob@b.example";
  bob.server_id = "c1";
  bob.nickname = "Bob";
  bob.public_key = "PEM";
  bob.fingerprint = "F1";
  bob.signing_public_key = {1};
  bob.signing_certificate = {2};
  bob.verification = ContactVerification::kVerified;
  bob.avatar_url = "https://b/x.png";
  bob.added_at = 77;
  store->contacts().upsert(bob);
  bob.verification = ContactVerification::kChanged;
  bob.pending = PendingKey{"PEM2", "F2", {3}, {4}, 99};
  bob.blocked = true;
  store->contacts().upsert(bob);
  Contact anna;
  anna.handle = "anna@b.example";
  store->contacts().upsert(anna);

  const auto all = store->contacts().list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].handle, "anna@b.example");
  const auto read = store->contacts().get("bob@b.example");
  ASSERT_TRUE(read && read->pending);
  EXPECT_EQ(read->server_id, "c1");
  EXPECT_EQ(read->nickname, "Bob");
  EXPECT_EQ(read->public_key, "PEM");
  EXPECT_EQ(read->signing_certificate, Bytes{2});
  EXPECT_EQ(read->verification, ContactVerification::kChanged);
  EXPECT_EQ(read->pending->fingerprint, "F2");
  EXPECT_EQ(read->pending->seen_at, 99);
  EXPECT_EQ(read->added_at, 77);
  EXPECT_TRUE(read->blocked);
  EXPECT_TRUE(store->contacts().remove("bob@b.example"));
  EXPECT_FALSE(store->contacts().remove("bob@b.example"));
  EXPECT_FALSE(store->contacts().get("bob@b.example"));
  EXPECT_EQ(status_of([&] { store->contacts().upsert({}); }), MYCHAT_E_INVALID_ARGUMENT);
}

TEST_F(StoreTables, TheJournalNeverReusesANumber) {
  {
    const auto store = open();
    EXPECT_EQ(store->journal().last_seq(), 0);
    for (std::int64_t i = 1; i <= 5; ++i) EXPECT_EQ(store->journal().append(7, view("e"), 10 * i), i);
    const auto events = store->journal().read(2, 2);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].seq, 3);
    EXPECT_EQ(events[1].created_at, 40);
    EXPECT_EQ(events[1].kind, 7U);
    EXPECT_EQ(events[1].payload, to_secret("e"));
    EXPECT_EQ(store->journal().ack(3), 3);
    EXPECT_EQ(store->journal().count(), 2);
    EXPECT_EQ(store->journal().ack(100), 2);
  }
  const auto store = open();
  EXPECT_EQ(store->journal().last_seq(), 5);
  EXPECT_EQ(store->journal().append(1, {}, 0), 6);
}

OutboxEntry entry_of(const std::string& id, const std::string& lane, std::int64_t due = 0) {
  OutboxEntry entry;
  entry.message_id = id;
  entry.lane = lane;
  entry.recipient = lane;
  entry.payload = to_secret("payload of " + id);
  entry.next_attempt_at = due;
  return entry;
}

std::vector<std::string> ids_of(const std::vector<OutboxEntry>& entries) {
  std::vector<std::string> ids;
  for (const auto& entry : entries) ids.push_back(entry.message_id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST_F(StoreTables, TheOutboxKeepsTheOrderOfEachLane) {
  const auto store = open();
  OutboxTable& outbox = store->outbox();
  const std::int64_t a1 = outbox.enqueue(entry_of("a1", "a"));
  outbox.enqueue(entry_of("a2", "a"));
  outbox.enqueue(entry_of("b1", "b", 50));
  outbox.enqueue(entry_of("b2", "b"));
  outbox.enqueue(entry_of("c1", "c"));
  EXPECT_EQ(ids_of(outbox.due(0, 10)), (Ids{"a1", "c1"}));
  EXPECT_EQ(ids_of(outbox.due(0, 10, false)), (Ids{"a1", "a2", "c1"}));  // b2 waits for b1.
  EXPECT_EQ(ids_of(outbox.due(50, 10)), (Ids{"a1", "b1", "c1"}));
  EXPECT_EQ(ids_of(outbox.due(50, 2)), (Ids{"a1", "b1"}));
  EXPECT_EQ(outbox.next_due_at(), 0);

  EXPECT_TRUE(outbox.reschedule(a1, 100, {MYCHAT_E_NETWORK, "offline"}));
  EXPECT_EQ(ids_of(outbox.due(50, 10)), (Ids{"b1", "c1"}));
  const auto entry = outbox.get(a1);
  ASSERT_TRUE(entry && entry->last_error);
  EXPECT_EQ(entry->attempts, 1);
  EXPECT_EQ(entry->last_error->text, "offline");
  EXPECT_EQ(entry->payload, to_secret("payload of a1"));
  outbox.make_all_due(10);
  EXPECT_EQ(ids_of(outbox.due(10, 10)), (Ids{"a1", "b1", "c1"}));
  EXPECT_TRUE(outbox.remove(a1));
  EXPECT_FALSE(outbox.remove(a1));
  EXPECT_FALSE(outbox.reschedule(a1, 1, {}));
  EXPECT_EQ(ids_of(outbox.due(10, 10)), (Ids{"a2", "b1", "c1"}));
  EXPECT_EQ(outbox.count(), 4);
}

TEST_F(StoreTables, QueueingTwiceQueuesOnce) {
  const auto store = open();
  OutboxTable& outbox = store->outbox();
  const std::int64_t seq = outbox.enqueue(entry_of("m", "a"));
  EXPECT_EQ(outbox.enqueue(entry_of("m", "a")), seq);
  OutboxEntry receipt = entry_of("m", "a");
  receipt.kind = OutboxKind::kReadReceipt;
  EXPECT_NE(outbox.enqueue(receipt), seq);  // Another kind about the same message.
  EXPECT_EQ(outbox.count(), 2);
  EXPECT_EQ(outbox.find(OutboxKind::kReadReceipt, "m")->kind, OutboxKind::kReadReceipt);
  EXPECT_FALSE(outbox.find(OutboxKind::kDeliveryAck, "m"));
  EXPECT_FALSE(outbox.next_due_at() == std::nullopt);
  outbox.remove(seq);
  EXPECT_GT(outbox.enqueue(entry_of("m", "a")), seq);  // A number is not used again.
}

TEST_F(StoreTables, SyncStateIsKept) {
  const auto store = open();
  EXPECT_FALSE(store->sync().cursor());
  store->sync().set_cursor({"box", 7});
  store->sync().set_cursor({"box", 8});
  EXPECT_EQ(store->sync().cursor()->cursor, 8);
  EXPECT_EQ(store->sync().cursor()->mailbox_id, "box");
  store->sync().clear_cursor();
  EXPECT_FALSE(store->sync().cursor());
  store->sync().set_poll_state("bob@b.example", {10, "m", 20});
  EXPECT_EQ(store->sync().poll_state("bob@b.example")->newest_message_id, "m");
  EXPECT_EQ(store->sync().poll_state("bob@b.example")->polled_at, 20);
  EXPECT_FALSE(store->sync().poll_state("carol@b.example"));
}

// --- Transactions
// --------------------------------------------------------------------------------------------------

TEST_F(StoreTables, ATransactionIsAllOrNothing) {
  const auto store = open();
  {
    auto transaction = store->begin();
    store->messages().insert(text_message("kept", "bob@b.example", "x", 1));
    store->journal().append(1, {}, 1);
    transaction.commit();
    EXPECT_EQ(status_of([&] { transaction.commit(); }), MYCHAT_E_INVALID_STATE);
  }
  try {
    const auto transaction = store->begin();
    store->messages().insert(text_message("lost", "bob@b.example", "x", 2));
    store->journal().append(1, {}, 2);
    throw std::runtime_error("in the middle");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(store->messages().get("kept"));
  EXPECT_FALSE(store->messages().get("lost"));
  EXPECT_EQ(store->journal().last_seq(), 1);
  EXPECT_EQ(store->conversations().get("bob@b.example")->unread, 1);
}

TEST_F(StoreTables, TransactionsDoNotNestAndMayBeMoved) {
  const auto store = open();
  {
    auto outer = store->begin();
    EXPECT_EQ(status_of([&] { store->begin(); }), MYCHAT_E_INVALID_STATE);
    store->account().set_int("n", 1);
    auto moved = std::move(outer);
    moved.commit();
  }
  EXPECT_EQ(store->account().get_int("n"), 1);
  EXPECT_EQ(status_of([&] { store->begin().commit(); }), MYCHAT_OK);
}

TEST_F(StoreTables, AFailedCallInsideATransactionLeavesTheRestOfIt) {
  const auto store = open();
  auto transaction = store->begin();
  store->account().set_int("n", 1);
  EXPECT_EQ(status_of([&] { store->messages().insert(text_message("m", "", "x", 1)); }),
            MYCHAT_E_INVALID_ARGUMENT);
  transaction.commit();
  EXPECT_EQ(store->account().get_int("n"), 1);
  EXPECT_EQ(store->messages().count(), 0);
}

TEST_F(StoreTables, ACallThatFailsHalfWayTakesItsTransactionBack) {
  {
    const auto store = open();
    store->outbox().enqueue(entry_of("good", "a", 50));
    store->outbox().enqueue(entry_of("bad", "a", 50));
  }
  sql("UPDATE outbox SET payload = x'00' WHERE seq = 2");
  const auto store = open();
  {
    auto transaction = store->begin();
    store->account().set_int("before", 1);
    EXPECT_EQ(status_of([&] { store->outbox().make_all_due(10); }),
              MYCHAT_E_STORE_CORRUPT);  // After the first entry.
    EXPECT_EQ(status_of([&] { store->account().set_int("after", 1); }), MYCHAT_E_STORE);
    EXPECT_EQ(status_of([&] { transaction.commit(); }), MYCHAT_E_STORE);
  }
  EXPECT_FALSE(store->account().get_int("before"));
  EXPECT_FALSE(store->account().get_int("after"));
  EXPECT_EQ(store->outbox().get(1)->next_attempt_at, 50);
  store->account().set_int("again", 1);  // The store goes on.
  EXPECT_EQ(store->account().get_int("again"), 1);
}

}  // namespace
}  // namespace mychat::testing
