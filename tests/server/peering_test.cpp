// What passes between nodes over the services, on a clock that the test turns: a week, a restart, a flood of
// names.
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "federation/http_signature.h"
#include "peering/courier.h"
#include "peering/gate.h"
#include "peering/peering.h"
#include "services_fixture.h"
#include "storage/sqlite.h"
#include "support/net.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

class PeeringTest : public ServicesTest {
 protected:
  void SetUp() override {
    config_.federation_enabled = true;
    config_.federation_api = "https://node.test/api/federation";
    ServicesTest::SetUp();
    federation().issue_identity();
    federation().load_rules();
  }
  Federation& federation() { return services_->federation(); }
  FromNode pinned(const std::string& domain, const Ed25519PrivateKey& key) {
    federation::PinnedNode node;
    node.domain = domain;
    node.key = key.public_key();
    node.sequence = 7;
    node.protocol = 2;
    const auto id = sync<NodeId>([&](auto done) {
      federation().pin(node, "https://" + domain + "/f", federation::Agreement{}, done);
    });
    return {id.value(), domain};
  }
  federation::TransactionAnswer receive(const FromNode& from, std::int64_t first,
                                        std::vector<federation::Item> items, const std::string& stream) {
    return sync<federation::TransactionAnswer>([&](auto done) {
             services_->mailbox().receive(from, {stream, first, std::move(items)}, done);
           })
        .value();
  }
  static federation::MessageItem message(const std::string& sender, const std::string& recipient) {
    static const std::string kKey = base64_encode(Bytes(512, 1));
    federation::MessageItem item;
    item.sender_handle = sender;
    item.message.id = uuid_v4();
    item.message.recipient_handle = recipient;
    item.message.encrypted_content = "AAAA";
    item.message.encrypted_key = kKey;
    item.message.iv = "AAAAAAAAAAAAAAAA";
    return item;
  }
  std::int64_t count(const std::string& what) const {
    const SqliteConnection db(database(), OpenMode::kReadWrite);
    const std::string sql = "SELECT count(*) FROM " + what;
    std::int64_t found = -1;
    const auto take = [](void* to, int, char** values, char**) {
      *static_cast<std::int64_t*>(to) = std::stoll(values[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db.handle(), sql.c_str(), take, &found, nullptr), SQLITE_OK) << sql;
    return found;
  }
};

// ---- A peer that is away for a week

TEST_F(PeeringTest, WhatWaitsForANodeThatIsDownIsKeptForSevenDaysAndThenFailsWithTheCause) {
  const test::ClosedPort nobody;
  const std::string domain = "127.0.0.1:" + std::to_string(nobody.port());
  const Caller alice = enter("alice");
  wire::SendMessageRequest letter = draft("bob");
  letter.recipient_handle = "bob@" + domain;
  const auto sent = send(alice, std::move(letter));
  ASSERT_TRUE(sent.ok()) << sent.failure().detail;
  const NodeId node = federation().peer(domain)->id;
  const auto state = [&] {
    return services_->mailbox().conversation(alice, "bob@" + domain, 10, std::nullopt).messages.at(0).status;
  };

  PeerHttpOptions options;
  options.plain_http = options.addresses.allow_non_public = true;
  PeerHttp http(std::move(options), federation(), clock_);
  Courier courier(*services_, http, {}, log_, clock_);
  courier.start();
  const auto pass = [&](std::int64_t ms) {
    const auto failures = courier.stats().failures;
    clock_.advance(ms);
    courier.wake(node);
    for (int i = 0; i < 2'000 && courier.stats().failures == failures; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return courier.stats().failures > failures;
  };
  for (int hour = 1; hour < 7 * 24; ++hour) {
    ASSERT_TRUE(pass(kHour)) << "it is tried at least once an hour, also in hour " << hour;
    if (hour % 24 == 0 || hour == 7 * 24 - 1) {
      EXPECT_EQ(state(), wire::DeliveryStatus::kPending) << hour;
      EXPECT_EQ(federation().peer(domain)->queued, 1) << hour;
    }
  }
  const auto listener = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, listener);
  (void)pass(kHour + 60'000);
  const auto items = listener->wait_items(1);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]->type(), ItemType::kReceipt);
  EXPECT_NE(items[0]->data().find("\"status\":\"failed\""), std::string::npos) << items[0]->data();
  EXPECT_NE(items[0]->data().find("could not be reached for 7 days"), std::string::npos) << items[0]->data();
  EXPECT_EQ(state(), wire::DeliveryStatus::kFailed);
  courier.stop();
}

// ---- A replay to the process after the one that took it

class Restarted : public PeeringTest {
 protected:
  InboundRequest signed_at(std::int64_t unix_s) {
    InboundRequest request;
    request.method = "POST";
    request.target = "https://node.test/api/federation/transactions";
    request.body = "{}";
    request.headers = federation::sign_request(key_, "far.test", "node.test", request.method, request.target,
                                               request.body, unix_s);
    request.address = "192.0.2.1";
    return request;
  }
  std::unique_ptr<Gate> restart() {
    auto gate = std::make_unique<Gate>(federation(), "node.test", clock_);
    gate->remember_before();
    return gate;
  }
  void take(Gate& gate, const InboundRequest& request) {
    const FromNode from = gate.identify(request);
    receive(from, 1, {federation::NothingItem{}}, uuid_v4());
  }
  static std::string refusal_of(Gate& gate, const InboundRequest& request) {
    try {
      (void)gate.identify(request);
      return "taken";
    } catch (const PeerRefused& refused) {
      return refused.error();
    }
  }
  std::int64_t now_s() const { return clock_.now_ms() / 1000; }
  Ed25519PrivateKey key_ = Ed25519PrivateKey::generate();
};

TEST_F(Restarted, WithinTheSameSecondNothingIsTakenTwice) {
  pinned("far.test", key_);
  auto gate = restart();
  const InboundRequest request = signed_at(now_s());
  take(*gate, request);
  EXPECT_EQ(refusal_of(*gate, request), "replayed");
  gate = restart();
  EXPECT_EQ(refusal_of(*gate, request), "stale");
  clock_.advance(1'000);
  EXPECT_EQ(refusal_of(*gate, request), "stale");
  EXPECT_EQ(refusal_of(*gate, signed_at(now_s())), "taken") << "what is signed after that is new";
}

TEST_F(Restarted, WhatWasSignedByAClockThatIsAheadIsNotTakenTwice) {
  pinned("far.test", key_);
  pinned("calm.test", Ed25519PrivateKey::generate());
  auto gate = restart();
  const InboundRequest request = signed_at(now_s() + 20);
  take(*gate, request);
  clock_.advance(5'000);
  gate = restart();
  EXPECT_EQ(refusal_of(*gate, request), "stale");
  clock_.advance(1'000);
  EXPECT_EQ(refusal_of(*gate, signed_at(now_s() + 20)), "taken");
  gate = restart();
  EXPECT_EQ(refusal_of(*gate, request), "stale");
}

TEST_F(Restarted, AClockThatWasFarAheadKeepsNobodyOut) {
  pinned("far.test", key_);
  auto gate = restart();
  clock_.advance(kDay);
  take(*gate, signed_at(now_s()));
  clock_.advance(-kDay);
  gate = restart();
  EXPECT_EQ(refusal_of(*gate, signed_at(now_s())), "taken");
}

// ---- What a node may not do to the others

TEST_F(PeeringTest, OneTransactionOfANodeIsUnderWayAtATime) {
  Peering peering(*services_, {}, "node.test", log_, clock_);
  auto first = peering.begin_transaction(1);
  EXPECT_TRUE(first);
  EXPECT_FALSE(peering.begin_transaction(1));
  EXPECT_TRUE(peering.begin_transaction(2)) << "another node waits for nobody";
  first.reset();
  EXPECT_TRUE(peering.begin_transaction(1));
}

TEST_F(PeeringTest, KeysThatChangeAllTheTimeWaitAndProfilesAreNotTold) {
  const Caller alice = enter("alice");
  const FromNode far = pinned("far.test", Ed25519PrivateKey::generate());
  const std::string stream = uuid_v4();
  const std::string bob = "bob@far.test";
  ASSERT_EQ(receive(far, 1, {message(bob, "alice@node.test")}, stream).acked, 1);
  const auto key = [&](int which) {
    wire::KeyChangeItem item;
    item.handle = bob;
    item.public_key = "key " + std::to_string(which);
    item.public_key_fingerprint = "fingerprint " + std::to_string(which);
    return item;
  };
  std::vector<federation::Item> items;
  for (int i = 0; i < 100; ++i) items.emplace_back(key(i));
  EXPECT_EQ(receive(far, 2, items, stream).acked, 31);
  EXPECT_EQ(receive(far, 32, {key(30)}, stream).acked, 31);
  EXPECT_EQ(receive(far, 32, {key(29), key(29)}, stream).acked, 33)
      << "what is known already changes nothing";
  clock_.advance(kHour);
  EXPECT_EQ(receive(far, 34, {key(30)}, stream).acked, 34) << "none is lost";
  EXPECT_EQ(federation().known_keys(bob, nullptr).public_key, "key 30");
  {
    SqliteConnection db(database(), OpenMode::kReadWrite);
    db.run(
        "INSERT INTO contacts (uuid, owner, contact, created_at) SELECT 'c', ?, id, 1 FROM users WHERE "
        "username = ?",
        alice->user, bob);
  }
  const auto listener = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, listener);
  items.clear();
  for (int i = 0; i < 100; ++i)
    items.emplace_back(wire::ProfileItem{bob, std::nullopt, "status " + std::to_string(i)});
  EXPECT_EQ(receive(far, 35, items, stream).acked, 134);
  EXPECT_EQ(listener->wait_items(30).size(), 30U);
  EXPECT_EQ(count("users WHERE status_message = 'status 99'"), 1) << "the last one is known all the same";
}

TEST_F(PeeringTest, WhatWasNotSentIsNotTakenOffTheQueueWhateverThePeerSays) {
  const Caller alice = enter("alice");
  pinned("far.test", Ed25519PrivateKey::generate());
  for (int i = 0; i < 3; ++i) {
    wire::SendMessageRequest letter = draft("bob");
    letter.recipient_handle = "bob@far.test";
    ASSERT_TRUE(send(alice, std::move(letter)).ok());
  }
  const PeerRow before = *federation().peer("far.test");
  ASSERT_EQ(before.queued, 3);
  const auto outcome = sync<SentOutcome>([&](auto done) {
    services_->mailbox().sent(before.id, 1, {before.out_stream, 3, {}}, 1, done);
  });
  EXPECT_TRUE(outcome.value().restarted);
  const PeerRow after = *federation().peer("far.test");
  EXPECT_EQ(after.queued, 3);
  EXPECT_NE(after.out_stream, before.out_stream);
}

TEST_F(PeeringTest, ANameWithAPortIsForDevelopment) {
  PeerHttp http({}, federation(), clock_);
  for (const bool v1 : {false, true}) {
    std::promise<Error> promise;
    const auto done = [&promise](const auto& result) { promise.set_value(std::get<Error>(result)); };
    v1 ? http.fetch_v1_document("far.test:25", {}, done) : http.fetch_document("far.test:25", done);
    EXPECT_EQ(promise.get_future().get().status(), MYCHAT_E_POLICY);
  }
}

// ---- A million names

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  file >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_F(PeeringTest, AMillionSendersOfOneNodeTakeBoundedRoomAndNobodyElsesTime) {
  constexpr int kSenders = 1'000'000;
  constexpr int kPerTransaction = 256;
  constexpr std::int64_t kAnHour = 1000;  // New senders that one node may have here.
  enter("alice");
  const std::string alice = "alice@node.test";
  const FromNode flood = pinned("flood.test", Ed25519PrivateKey::generate());
  const FromNode calm = pinned("calm.test", Ed25519PrivateKey::generate());
  const std::string calm_stream = uuid_v4();
  std::vector<federation::Item> items(kPerTransaction, message("", alice));
  std::int64_t taken = 0;
  std::int64_t calm_taken = 0;
  std::int64_t before = 0;
  for (int sender = 0; sender < kSenders; sender += kPerTransaction) {
    for (int i = 0; i < kPerTransaction; ++i) {
      auto& item = std::get<federation::MessageItem>(items[static_cast<std::size_t>(i)]);
      item.sender_handle = "user_";
      item.sender_handle.append(std::to_string(sender + i)).append("@flood.test");
      item.message.id = uuid_v4();
    }
    taken += receive(flood, 1, items, uuid_v4()).acked;
    if (sender % (kPerTransaction * 400) != 0) continue;
    if (before == 0 && taken >= kAnHour) before = resident_bytes();
    // A new name of another node is taken at once.
    EXPECT_EQ(receive(calm, ++calm_taken, {message("calm_" + std::to_string(sender) + "@calm.test", alice)},
                      calm_stream)
                  .acked,
              calm_taken);
  }
  EXPECT_EQ(taken, kAnHour);
  EXPECT_EQ(count("users WHERE username LIKE '%@flood.test'"), kAnHour);
  EXPECT_EQ(count("users WHERE username LIKE '%@calm.test'"), calm_taken);
  EXPECT_EQ(count("messages"), kAnHour + calm_taken);
  ASSERT_GT(before, 0);
  EXPECT_LT(resident_bytes() - before, std::int64_t{48} * 1024 * 1024);
  // They are not shut out for ever.
  clock_.advance(kHour);
  EXPECT_EQ(receive(flood, 1, items, uuid_v4()).acked, kPerTransaction);
}

TEST_F(PeeringTest, AnyNumberOfOriginsLeavesNothingBehind) {
  constexpr int kOrigins = 20'000;
  const auto key = Ed25519PrivateKey::generate();
  Gate gate(federation(), "node.test", clock_);
  InboundRequest request;
  request.method = "POST";
  request.target = "https://node.test/api/federation/transactions";
  request.body = "{}";
  request.headers = federation::sign_request(key, "o.test", "node.test", "POST", request.target, request.body,
                                             clock_.now_ms() / 1000);
  const auto origin = std::find_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& field) { return field.first == "x-origin-node"; });
  ASSERT_NE(origin, request.headers.end());
  std::int64_t before = 0;
  int refused = 0;
  for (int i = 0; i < kOrigins; ++i) {
    origin->second = "o";
    origin->second.append(std::to_string(i)).append(".test");
    try {
      (void)gate.identify(request);
    } catch (const PeerRefused& answer) {
      refused += answer.error() == "handshake_required" ? 1 : 0;
    }
    if (i == kOrigins / 10) before = resident_bytes();
  }
  EXPECT_EQ(refused, kOrigins);
  EXPECT_EQ(count("nodes"), 0);
  EXPECT_LT(resident_bytes() - before, std::int64_t{16} * 1024 * 1024);
}

TEST(ManyKeys, LimitsAreKeptOfABoundedNumber) {
  RateLimiter limiter({1, 60'000}, 50'000);
  int refused = 0;
  for (int i = 0; i < 1'000'000; ++i) refused += limiter.take(std::to_string(i), 0) == 0 ? 0 : 1;
  EXPECT_EQ(refused, 0);
  EXPECT_LE(limiter.keys(), 50'000U);
}

}  // namespace
}  // namespace mychat::server
