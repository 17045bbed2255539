// What operators do about other nodes, and the node's own key.
#include <fstream>

#include "federation/continuity.h"
#include "services_fixture.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;
const std::string kOperator = "root";

class FederationServices : public ServicesTest {
 protected:
  void SetUp() override {
    config_.federation_enabled = true;
    config_.federation_api = "https://node.test/api/federation";
    ServicesTest::SetUp();
  }
  Federation& federation() { return services_->federation(); }
  FederationAdmin& admin() { return services_->federation_admin(); }
  static int refused(const std::function<void()>& call) { return status_of(call); }

  // As a peer sees it.
  federation::VerifiedDocument shown() {
    return federation::verify_document(federation().identity()->statement, "node.test", clock_.now_ms());
  }
  PeerRow pinned_peer(const std::string& domain, const Ed25519PrivateKey& key) {
    federation::PinnedNode pinned{.domain = domain, .key = key.public_key(), .sequence = 7, .protocol = 2};
    const auto id = sync<NodeId>([&](auto done) {
      federation::Agreement agreement;
      agreement.peer = domain;
      federation().pin(pinned, "https://" + domain + "/f", agreement, done);
    });
    return *federation().peer(id.value());
  }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    for (const AuditRow& row : admin().audit({}, 100)) out.push_back(row.actor + ": " + row.action);
    return out;
  }
};

TEST_F(FederationServices, RulesAreKeptAuditedAndTakenUp) {
  federation().load_rules();
  EXPECT_EQ(federation().judge("a.example"), federation::Verdict::kAllowed);
  admin().block(kOperator, "*.Example.org");
  admin().block(kOperator, "b.example");
  EXPECT_EQ(federation().judge("x.example.org"), federation::Verdict::kAllowed) << "taken up too early";
  federation().load_rules();
  EXPECT_EQ(federation().judge("x.example.org"), federation::Verdict::kBlocked);
  EXPECT_EQ(federation().judge("example.org"), federation::Verdict::kAllowed);
  EXPECT_EQ(federation().judge("b.example"), federation::Verdict::kBlocked);
  admin().allow(kOperator, "b.example");
  admin().forget(kOperator, "*.example.org");
  federation().load_rules();
  EXPECT_EQ(federation().judge("x.example.org"), federation::Verdict::kAllowed);
  EXPECT_EQ(federation().judge("b.example"), federation::Verdict::kAllowed);
  const auto audit = admin().audit("*.example.org", 10);
  ASSERT_EQ(audit.size(), 2U);
  EXPECT_EQ(audit[1].action, "federation block");
  EXPECT_EQ(audit[1].actor, kOperator);
  EXPECT_EQ(audit[1].created_at, clock_.now_ms());
  EXPECT_FALSE(audit[1].logged_at);
}

TEST_F(FederationServices, WhatIsNoDomainChangesNothing) {
  for (const char* bad : {"", "a b", "*", "**.example.org", "a.*.org", "http://a.example", "*."}) {
    if (std::string(bad) != "*") {
      EXPECT_EQ(refused([&] { admin().block(kOperator, bad); }), 422) << bad;
      EXPECT_EQ(refused([&] { admin().forget(kOperator, bad); }), 422) << bad;
    }
    EXPECT_EQ(refused([&] { admin().approve(kOperator, bad); }), 422) << bad;
    EXPECT_EQ(refused([&] { admin().retry(kOperator, bad); }), 422) << bad;
  }
  EXPECT_EQ(refused([&] { admin().retry(kOperator, "unknown.example"); }), 404);
  EXPECT_EQ(refused([&] { admin().forget(kOperator, "unknown.example"); }), 404);
  EXPECT_TRUE(admin().audit({}, 10).empty());
  EXPECT_TRUE(admin().rules().empty());
  EXPECT_TRUE(admin().peers().empty());
}

TEST_F(FederationServices, ApprovalLetsANodeInAndABlockIsStronger) {
  config_.federation_mode = federation::Mode::kApproval;
  reopen();
  federation().load_rules();
  EXPECT_EQ(federation().judge("a.example"), federation::Verdict::kAwaitsApproval);
  admin().approve(kOperator, "A.example");
  federation().load_rules();
  EXPECT_EQ(federation().judge("a.example"), federation::Verdict::kAllowed);
  admin().block(kOperator, "a.example");
  EXPECT_EQ(admin().peer("a.example")->standing, PeerStanding::kOpen) << "approved before it was blocked";
  EXPECT_EQ(refused([&] { admin().approve(kOperator, "a.example"); }), 403);
  admin().block(kOperator, "*.evil.example");
  EXPECT_EQ(refused([&] { admin().approve(kOperator, "x.evil.example"); }), 403);
  EXPECT_FALSE(admin().peer("x.evil.example")) << "a row of a refused command";
}

TEST_F(FederationServices, AChangedKeyIsTakenWhenApprovedAndNoOther) {
  const auto old_key = Ed25519PrivateKey::generate();
  const auto offered = Ed25519PrivateKey::generate();
  PeerRow peer = pinned_peer("a.example", old_key);
  (void)sync<Done>(
      [&](auto done) { federation().key_changed(peer.id, offered.public_key(), "Another key.", done); });
  peer = *admin().peer("a.example");
  EXPECT_EQ(peer.standing, PeerStanding::kKeyChanged);
  EXPECT_EQ(peer.key, to_bytes(old_key.public_key()));
  EXPECT_EQ(peer.offered_key, to_bytes(offered.public_key()));
  EXPECT_EQ(refused([&] { admin().retry(kOperator, "a.example"); }), 409);
  admin().approve(kOperator, "a.example");
  peer = *admin().peer("a.example");
  EXPECT_EQ(peer.standing, PeerStanding::kApproved);
  EXPECT_EQ(peer.key, to_bytes(offered.public_key()));
  EXPECT_TRUE(peer.offered_key.empty());
  EXPECT_EQ(peer.sequence, 0);
  EXPECT_EQ(peer.protocol, 2) << "what was proven once is not forgotten with the key";
  const auto audit = admin().audit("a.example", 10);
  ASSERT_EQ(audit.size(), 2U);
  EXPECT_NE(audit[0].detail.find(federation::node_key_id(offered.public_key())), std::string::npos);
  EXPECT_EQ(audit[1].actor, "node");
  // Told again, it is noted once.
  for (int i = 0; i < 2; ++i) {
    (void)sync<Done>(
        [&](auto done) { federation().key_changed(peer.id, old_key.public_key(), "Another key.", done); });
  }
  EXPECT_EQ(admin().audit("a.example", 10).size(), 3U);
}

TEST_F(FederationServices, TheOperatorSaysWhichOfTwoKeysIsTheNodes) {
  const auto known = Ed25519PrivateKey::generate().public_key();
  const auto offered = Ed25519PrivateKey::generate().public_key();
  const PeerRow peer = pinned_peer("a.example", Ed25519PrivateKey::generate());
  const auto change_key = [&](const Ed25519PublicKey& to) {
    (void)sync<Done>([&](auto done) { federation().key_changed(peer.id, to, "Another key.", done); });
  };
  change_key(known);
  admin().approve(kOperator, "a.example");
  change_key(offered);
  EXPECT_EQ(refused([&] { admin().approve(kOperator, "a.example", "AAAAAAAAAAAAAAAAAAAAAA"); }), 409);
  EXPECT_EQ(admin().peer("a.example")->standing, PeerStanding::kKeyChanged);
  admin().approve(kOperator, "a.example", federation::node_key_id(known));
  EXPECT_EQ(admin().peer("a.example")->standing, PeerStanding::kApproved);
  EXPECT_EQ(admin().peer("a.example")->key, to_bytes(known));
  EXPECT_TRUE(admin().peer("a.example")->offered_key.empty());
  change_key(offered);
  admin().approve(kOperator, "a.example", federation::node_key_id(offered));
  EXPECT_EQ(admin().peer("a.example")->key, to_bytes(offered));
}

TEST_F(FederationServices, ForgettingKeepsWhatWaits) {
  const PeerRow peer = pinned_peer("a.example", Ed25519PrivateKey::generate());
  {
    SqliteConnection db(database(), OpenMode::kReadWrite);
    db.execute("BEGIN IMMEDIATE");
    ASSERT_TRUE(enqueue(db, peer.id, OutKind::kReceipt, 0, "{}", 2, {}, clock_.now_ms()));
    db.execute("COMMIT");
  }
  EXPECT_EQ(refused([&] { admin().forget(kOperator, "a.example"); }), 409);
  EXPECT_FALSE(admin().peer("a.example")->key.empty());
  EXPECT_EQ(admin().peer("a.example")->queued, 1);
  const auto given_up =
      sync<int>([&](auto done) { services_->mailbox().expire(peer.id, INT64_MAX, "Given up.", done); });
  EXPECT_EQ(given_up.value(), 1);
  admin().forget(kOperator, "a.example");
  const PeerRow after = *admin().peer("a.example");
  EXPECT_TRUE(after.key.empty());
  EXPECT_EQ(after.queued, 0);
  EXPECT_EQ(after.out_seq, 0);
  EXPECT_NE(after.out_stream, peer.out_stream);
  federation().load_rules();
  EXPECT_FALSE(federation().is_pinned("a.example"));
}

TEST_F(FederationServices, TheNextKeyIsAnnouncedThenUsedWithBothKeysWord) {
  federation().issue_identity();
  const auto first = shown();
  const auto pinned = federation::pin(std::nullopt, first);
  EXPECT_FALSE(first.content.next_key);
  const auto announced = admin().announce_key(kOperator, kDay);
  EXPECT_EQ(refused([&] { admin().announce_key(kOperator, kDay); }), 409);
  federation().load_identity();
  const auto second = shown();
  EXPECT_EQ(second.content, announced->document);
  EXPECT_EQ(second.content.key, first.content.key);
  ASSERT_TRUE(second.content.next_key);
  EXPECT_EQ(federation::check_continuity(pinned, second), federation::Continuity::kRenewed);
  // Before its time, also over a restart, it is not used.
  clock_.advance(kDay - 1000);
  EXPECT_FALSE(federation().identity_is_old(clock_.now_ms()));
  reopen();
  federation().issue_identity();
  EXPECT_EQ(shown().content.key, first.content.key);
  EXPECT_EQ(shown().content.next_key, second.content.next_key);
  clock_.advance(1000);
  EXPECT_TRUE(federation().identity_is_old(clock_.now_ms()));
  federation().issue_identity();
  const auto third = shown();
  EXPECT_EQ(third.content.key, *second.content.next_key);
  EXPECT_FALSE(third.content.next_key);
  ASSERT_EQ(third.content.rotations.size(), 1U);
  EXPECT_EQ(third.content.rotations[0].from, first.content.key);
  EXPECT_GT(third.content.sequence, second.content.sequence);
  // A peer that has seen the announcement follows, and one that has not does too.
  for (const auto& known : {pinned, federation::pin(pinned, second)})
    EXPECT_EQ(federation::check_continuity(known, third), federation::Continuity::kRotated);
  EXPECT_EQ(actions(),
            (std::vector<std::string>{"node: federation key in use", "root: federation key announced"}));
  // It is the key of the next start too.
  reopen();
  federation().issue_identity();
  EXPECT_EQ(shown().content.key, third.content.key);
  EXPECT_EQ(shown().content.rotations.size(), 1U);
}

TEST_F(FederationServices, AnAnnouncedKeyIsTakenBackByADocumentWithAHigherNumber) {
  federation().issue_identity();
  const auto first = shown();
  EXPECT_EQ(refused([&] { admin().withdraw_key(kOperator); }), 409);
  const auto announced = admin().announce_key(kOperator, kDay);
  federation().load_identity();
  const auto pinned = federation::pin(federation::pin(std::nullopt, first), shown());
  ASSERT_EQ(pinned.next_key, announced->document.next_key);
  admin().withdraw_key(kOperator);
  federation().load_identity();
  const auto withdrawn = shown();
  EXPECT_EQ(withdrawn.content.key, first.content.key);
  EXPECT_FALSE(withdrawn.content.next_key);
  EXPECT_GT(withdrawn.content.sequence, announced->document.sequence);
  EXPECT_EQ(federation::check_continuity(pinned, withdrawn), federation::Continuity::kRenewed);
  // Its time comes, and nothing happens; also not after a restart.
  clock_.advance(2 * kDay);
  reopen();
  federation().issue_identity();
  EXPECT_EQ(shown().content.key, first.content.key);
  EXPECT_EQ(refused([&] { admin().withdraw_key(kOperator); }), 409);
  // Another one can be announced, and peers that saw the withdrawal follow it.
  admin().announce_key(kOperator, kDay);
  clock_.advance(kDay);
  federation().issue_identity();
  const auto rotated = shown();
  EXPECT_NE(rotated.content.key, first.content.key);
  EXPECT_NE(rotated.content.key, *announced->document.next_key);
  EXPECT_EQ(federation::check_continuity(federation::pin(pinned, withdrawn), rotated),
            federation::Continuity::kRotated);
  EXPECT_EQ(actions(),
            (std::vector<std::string>{"node: federation key in use", "root: federation key announced",
                                      "root: federation key withdrawn", "root: federation key announced"}));
  // What is in use by now is not taken back.
  EXPECT_EQ(refused([&] { admin().withdraw_key(kOperator); }), 409);
}

TEST_F(FederationServices, WhatAPeerAnnouncedIsKeptUntilAnotherKeyIsApproved) {
  const auto announced = Ed25519PrivateKey::generate().public_key();
  const auto offered = Ed25519PrivateKey::generate().public_key();
  federation::PinnedNode pinned;
  pinned.domain = "a.example";
  pinned.key = Ed25519PrivateKey::generate().public_key();
  pinned.sequence = 7;
  pinned.protocol = 2;
  pinned.next_key = announced;
  const auto id = sync<NodeId>(
      [&](auto done) { federation().pin(pinned, "https://a.example/f", federation::Agreement{}, done); });
  reopen();
  EXPECT_EQ(pinned_node(*federation().peer("a.example")), pinned);
  (void)sync<Done>([&](auto done) { federation().key_changed(id.value(), offered, "Another key.", done); });
  admin().approve(kOperator, "a.example", federation::node_key_id(pinned.key));
  EXPECT_EQ(pinned_node(*federation().peer("a.example"))->next_key, announced)
      << "the known key's word stands";
  (void)sync<Done>([&](auto done) { federation().key_changed(id.value(), offered, "Another key.", done); });
  admin().approve(kOperator, "a.example", federation::node_key_id(offered));
  EXPECT_FALSE(pinned_node(*federation().peer("a.example"))->next_key);
}

TEST_F(FederationServices, TheDocumentIsRenewedWithinItsLifeAndNumbersNeverDecrease) {
  federation().issue_identity();
  std::int64_t number = shown().content.sequence;
  for (int day = 0; day < 30; ++day) {
    clock_.advance(kDay);
    if (federation().identity_is_old(clock_.now_ms())) federation().issue_identity();
    EXPECT_GT(shown().content.valid_until, clock_.now_ms() + 3 * kDay);
    EXPECT_GE(shown().content.sequence, number);
    number = shown().content.sequence;
  }
  clock_.advance(-60 * kDay);  // A clock that was ahead is right again.
  EXPECT_TRUE(federation().identity_is_old(clock_.now_ms())) << "peers refuse what is dated in the future";
  federation().issue_identity();
  EXPECT_FALSE(federation().identity_is_old(clock_.now_ms()));
  EXPECT_EQ(federation().identity()->document.issued_at, clock_.now_ms());
  EXPECT_GT(federation().identity()->document.sequence, number);
}

TEST_F(FederationServices, AKeyOfAgeIsChangedByItselfAndOnlyTheLatestRotationsAreKept) {
  config_.federation_key_days = 30;
  reopen();
  federation().issue_identity();
  const auto first = shown();
  auto pinned = federation::pin(std::nullopt, first);
  for (int day = 0; day < 31 * 20; ++day) {
    clock_.advance(kDay);
    if (!federation().identity_is_old(clock_.now_ms())) continue;
    federation().issue_identity();
    const auto now = shown();
    ASSERT_NO_THROW(federation::check_continuity(pinned, now)) << day;
    pinned = federation::pin(pinned, now);
  }
  EXPECT_EQ(shown().content.rotations.size(), federation::kRotationsMax);
  EXPECT_NE(shown().content.key, first.content.key);
}

TEST_F(FederationServices, AKeyUnderAnotherSecretIsRefusedAndNewKeyIsTheWayOut) {
  federation().issue_identity();
  const auto before = shown();
  config_.secret_key = to_secret(std::string_view("another secret of 32 bytes or more"));
  reopen();
  try {
    federation().issue_identity();
    FAIL() << "it opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_STORE_KEY);
    EXPECT_NE(std::string(error.what()).find("federation new-key"), std::string::npos);
  }
  EXPECT_THROW(admin().announce_key(kOperator, kDay), Error);
  EXPECT_TRUE(admin().audit({}, 10).empty()) << "a note of what did not happen";
  admin().new_key(kOperator);
  federation().issue_identity();
  EXPECT_NE(shown().content.key, before.content.key);
  EXPECT_GT(shown().content.sequence, before.content.sequence);
  EXPECT_TRUE(shown().content.rotations.empty());
  EXPECT_EQ(actions(), std::vector<std::string>{"root: federation new-key"});
}

TEST_F(FederationServices, NoKeyIsInTheDatabaseInClear) {
  federation().issue_identity();
  admin().announce_key(kOperator, kDay);
  const auto own = admin().identity();
  services_->stop();
  std::string bytes;
  for (const std::string& name : {database(), database() + "-wal"}) {
    std::ifstream file(name, std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  const Secret seed = own->key.seed();
  EXPECT_EQ(bytes.find(std::string(text(view(seed)))), std::string::npos);
  EXPECT_NE(bytes.find(base64_encode(to_bytes(own->statement.payload)).substr(0, 40)), std::string::npos)
      << "the document is not where it is looked for";
}

TEST_F(FederationServices, AnyNumberOfChangesIsTakenUp) {
  for (int i = 0; i < 600; ++i) admin().block(kOperator, "n" + std::to_string(i) + ".example");
  std::vector<std::string> told;
  federation().on_operated([&](const std::vector<AuditRow>& rows) {
    for (const AuditRow& row : rows) told.push_back(row.subject);
  });
  federation().report_audit();
  federation().report_audit();
  federation().on_operated(nullptr);
  ASSERT_EQ(told.size(), 600U);
  EXPECT_EQ(told.front(), "n0.example");
  EXPECT_EQ(told.back(), "n599.example");
}

// Presence of users elsewhere, with hints in place of a network.
class PresenceElsewhere : public FederationServices {
 protected:
  // A user of another node that `owner` holds as a contact.
  UserId befriend(const std::string& handle, UserId owner) {
    SqliteConnection db(database(), OpenMode::kReadWrite);
    db.execute("BEGIN IMMEDIATE");
    const RemoteUser user = ensure_remote_user(db, handle, "far.example", clock_.now_ms());
    db.run("INSERT INTO contacts (uuid, owner, contact, created_at) VALUES (?, ?, ?, ?)", handle.substr(0, 4),
           owner, user.id, clock_.now_ms());
    db.execute("COMMIT");
    node_ = user.node;
    return user.id;
  }
  void hear(federation::Hint hint) { services_->presence().hear(node_, "far.example", {std::move(hint)}); }
  std::vector<federation::Hint> wait_hints(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return hints_.size() >= count; });
    return hints_;
  }
  void listen() {
    federation().on_hint([this](NodeId, federation::Hint hint) {
      const std::lock_guard lock(mutex_);
      hints_.push_back(std::move(hint));
      changed_.notify_all();
    });
  }
  NodeId node_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<federation::Hint> hints_;
};

TEST_F(PresenceElsewhere, IsBelievedForFiveMinutes) {
  const Caller alice = enter("alice");
  const UserId far = befriend("carol@far.example", alice->user);
  const auto listener = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, listener);
  hear(federation::PresenceHint{"carol@far.example", federation::HintedPresence::kOnline, clock_.now_ms()});
  EXPECT_EQ(listener->wait_notes(1), std::vector<std::string>{"presence carol@far.example online"});
  EXPECT_EQ(services_->presence().status(far), PresenceStatus::kOnline);
  clock_.advance(kPresenceLifeMs - 1'000);
  services_->tick();
  EXPECT_EQ(services_->presence().status(far), PresenceStatus::kOnline);
  // Told again in time, it lasts, and is no news.
  hear(federation::PresenceHint{"carol@far.example", federation::HintedPresence::kOnline, clock_.now_ms()});
  hear(federation::PresenceHint{"carol@far.example", federation::HintedPresence::kAway, clock_.now_ms()});
  EXPECT_EQ(listener->wait_notes(2).back(), "presence carol@far.example away");
  clock_.advance(kPresenceLifeMs);
  services_->tick();
  EXPECT_EQ(listener->wait_notes(3).back(), "presence carol@far.example offline");
  EXPECT_EQ(services_->presence().status(far), PresenceStatus::kOffline);
  // Not of a node's own domain, or of nobody's contact.
  hear(federation::PresenceHint{"alice@node.test", federation::HintedPresence::kOnline, clock_.now_ms()});
  hear(federation::PresenceHint{"dave@far.example", federation::HintedPresence::kOnline, clock_.now_ms()});
  hear(federation::PresenceHint{"carol@far.example", federation::HintedPresence::kOnline, clock_.now_ms()});
  EXPECT_EQ(listener->wait_notes(4).size(), 4U);
}

TEST_F(PresenceElsewhere, ThatFlickersIsToldAFewTimesOnly) {
  const Caller alice = enter("alice");
  befriend("carol@far.example", alice->user);
  befriend("dave@far.example", alice->user);
  const auto listener = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, listener);
  std::vector<federation::Hint> hints;
  for (int i = 0; i < 200; ++i) {
    const auto status = i % 2 == 0 ? federation::HintedPresence::kOnline : federation::HintedPresence::kAway;
    hints.emplace_back(federation::PresenceHint{"carol@far.example", status, clock_.now_ms()});
  }
  hints.emplace_back(
      federation::PresenceHint{"dave@far.example", federation::HintedPresence::kOnline, clock_.now_ms()});
  services_->presence().hear(node_, "far.example", std::move(hints));
  auto notes = listener->wait_notes(31);
  ASSERT_EQ(notes.size(), 31U);
  EXPECT_EQ(notes.back(), "presence dave@far.example online") << "more is told than within a minute may be";
  clock_.advance(60'000);
  hear(federation::PresenceHint{"carol@far.example", federation::HintedPresence::kOffline, clock_.now_ms()});
  EXPECT_EQ(listener->wait_notes(32).back(), "presence carol@far.example offline");
}

TEST_F(PresenceElsewhere, IsToldAtOnceAgainInTimeAndToThoseWhoMayKnow) {
  const Caller alice = enter("alice");
  befriend("carol@far.example", alice->user);
  listen();
  services_->presence().connected(alice, 1);
  auto told = wait_hints(1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(std::get<federation::PresenceHint>(told[0]).handle, "alice@node.test");
  EXPECT_EQ(std::get<federation::PresenceHint>(told[0]).status, federation::HintedPresence::kOnline);
  for (int i = 0; i < 4; ++i) {
    clock_.advance(60'000);
    services_->presence().touch(alice, 1);
    services_->tick();
  }
  EXPECT_EQ(wait_hints(2).size(), 2U);
  // Carol may ask; somebody that alice has nothing to do with may not.
  hear(federation::PresenceQuestion{"alice@node.test", "dave@far.example"});
  hear(federation::PresenceQuestion{"alice@node.test", "erin@third.example"});
  hear(federation::PresenceQuestion{"alice@node.test", "carol@far.example"});
  EXPECT_EQ(wait_hints(3).size(), 3U);
  services_->presence().announce_contacts_to(alice);
  told = wait_hints(4);
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(std::get<federation::PresenceQuestion>(told[3]),
            (federation::PresenceQuestion{"carol@far.example", "alice@node.test"}));
  services_->presence().disconnected(alice, 1);
  told = wait_hints(5);
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(std::get<federation::PresenceHint>(told[4]).status, federation::HintedPresence::kOffline);
  federation().on_hint(nullptr);
}

// As commands do, from another process.
TEST_F(FederationServices, ChangesOfAnotherProcessAreTakenUpLoggedAndTold) {
  std::mutex mutex;
  std::vector<std::string> lines;
  const Log log(LogLevel::kInfo, [&](LogLevel, std::string_view component, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::string(component) + ": " + std::string(line));
  });
  federation().issue_identity();
  services_->stop();
  const std::unique_ptr<Services> running =
      std::make_unique<Services>(config_, StorageOptions{.path = database()}, log, clock_);
  running->federation().issue_identity();
  running->federation().load_rules();
  std::promise<std::vector<AuditRow>> told;
  running->federation().on_operated([&](const std::vector<AuditRow>& rows) { told.set_value(rows); });
  NodeConfig config = config_;
  config.housekeeping = false;
  Services command(config, StorageOptions{.path = database(), .migrate = false, .hold = false}, log_, clock_);
  command.federation_admin().block("alice as root", "*.example.org");
  command.stop();
  // What the node's clock does every two seconds: a write notices.
  auto rows = told.get_future();
  for (int i = 0; i < 100 && rows.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready; ++i) {
    clock_.advance(2'500);
    running->tick();
  }
  ASSERT_EQ(rows.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const auto seen = rows.get();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].subject, "*.example.org");
  EXPECT_EQ(running->federation().judge("x.example.org"), federation::Verdict::kBlocked);
  {
    const std::lock_guard lock(mutex);
    EXPECT_NE(std::find(lines.begin(), lines.end(), "audit: alice as root: federation block *.example.org"),
              lines.end());
  }
  running->federation().report_audit();  // Once is enough: a second call would set the promise again.
  running->federation().on_operated(nullptr);
  running->stop();
}

}  // namespace
}  // namespace mychat::server
