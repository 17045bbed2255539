// The cipher suite with X-Wing: that it is offered where OpenSSL has ML-KEM and nowhere else, and that groups
// move to it and from it. All other tests of this folder run in it too: test_mls_hybrid.
#include <algorithm>

#include "crypto/version.h"
#include "forge.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

bool has(const std::vector<SuiteId>& list, SuiteId suite) {
  return std::find(list.begin(), list.end(), suite) != list.end();
}

TEST(HybridSuite, IsInCapabilitiesWhereItIsSupportedAndNeverTheDefault) {
  const bool supported = is_kem_supported(KemAlgorithm::kXWing);
  EXPECT_NE(kDefaultSuite, kHybridSuite);
  EXPECT_EQ(Suite::supported().front(), kDefaultSuite);
  EXPECT_EQ(has(Suite::supported(), kHybridSuite), supported);
  EXPECT_EQ(Suite::find(kHybridSuite) != nullptr, supported);
  EXPECT_TRUE(Suite::is_known(kHybridSuite));
  EXPECT_FALSE(Suite::is_known(8));
  EXPECT_EQ(has(Client("somebody").publish().leaf.capabilities.suites, kHybridSuite), supported);
}

class WithoutHybrid : public ::testing::Test {
 protected:
  void SetUp() override {
    if (is_kem_supported(KemAlgorithm::kXWing))
      GTEST_SKIP() << "OpenSSL " << openssl_version() << " has ML-KEM.";
  }
};

TEST_F(WithoutHybrid, NothingIsMadeOrReadInIt) {
  const std::string said =
      "needs an OpenSSL with ML-KEM, 3.5 or later; this is " + std::string(openssl_version());
  EXPECT_ERROR(Suite::get(kHybridSuite), MYCHAT_E_UNSUPPORTED, said);
  EXPECT_ERROR(Client("somebody", kHybridSuite), MYCHAT_E_UNSUPPORTED, said);
  auto clients = make_group(2);
  Client newcomer("newcomer@example.org");
  // As whoever has it would send it.
  CommitOptions options;
  options.proposals = {newcomer.add()};
  const PendingCommit pending = clients[0]->group->commit(options);
  Message welcome = Client::travel(*pending.welcome);
  std::get<Welcome>(welcome.body).suite = kHybridSuite;
  EXPECT_ERROR(newcomer.join(welcome), MYCHAT_E_UNSUPPORTED, said);
  GroupInfo info = clients[0]->group->group_info(true, true);
  info.context.suite = kHybridSuite;
  EXPECT_ERROR(Group::join_external(newcomer.env, info, newcomer.signer, newcomer.leaf), MYCHAT_E_UNSUPPORTED,
               said);
  KeyPackage package = newcomer.publish();
  package.suite = kHybridSuite;
  options.proposals = {{Add{package}}};
  EXPECT_RULE(clients[0]->group->commit(options), Rule::kKeyPackageSuite);
}

TEST_F(WithoutHybrid, NobodyMovesToIt) {
  auto clients = make_group(2);
  const Proposal reinit{ReInit{{7}, kMls10, kHybridSuite, {}}};
  const Records before = clients[0]->group->save();
  EXPECT_ERROR(clients[0]->group->propose(reinit), MYCHAT_E_UNSUPPORTED, "Not every member");
  EXPECT_ERROR(clients[0]->group->commit(openly({reinit})), MYCHAT_E_UNSUPPORTED, "Not every member");
  EXPECT_TRUE(clients[0]->group->save() == before);
}

class Hybrid : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_kem_supported(KemAlgorithm::kXWing))
      GTEST_SKIP() << "OpenSSL " << openssl_version() << " has no ML-KEM.";
  }

  // The next group of the same people, by ReInit or as a branch.
  Clients follow(Clients& before, SuiteId suite, bool branch) {
    Clients next;
    std::vector<KeyPackage> packages;
    for (const auto& client : before) {
      next.push_back(std::make_unique<Client>(std::string(text(client->leaf.credential.identity)), suite));
      next.back()->signer = client->suite->signature() == next.back()->suite->signature()
                                ? client->signer
                                : next.back()->signer;
      if (next.size() > 1) packages.push_back(next.back()->publish());
    }
    Client& first = *next[0];
    PendingCommit pending =
        branch ? Group::branch(first.env, *before[0]->group, first.signer, first.leaf, {{9}, {}}, packages)
               : Group::reinitialise(first.env, *before[0]->group, first.signer, first.leaf, packages);
    const Message welcome = *pending.welcome;
    first.group = *pending.next;
    for (std::size_t i = 1; i < next.size(); ++i) {
      JoinOptions options;
      options.predecessor = &*before[i]->group;
      next[i]->join(Client::travel(welcome), options);
    }
    return next;
  }
  Clients move(Clients& clients, SuiteId suite) {
    PendingCommit end = clients[0]->group->commit(openly({{ReInit{{7, 8}, kMls10, suite, {}}}}));
    deliver(clients, *clients[0], std::move(end));
    for (const auto& client : clients) {
      EXPECT_FALSE(client->group->is_active());
      EXPECT_EQ(client->group->reinit()->suite, suite);
    }
    return follow(clients, suite, false);
  }
  void expect_life(Clients& clients, SuiteId suite) {
    for (const auto& from : clients) {
      EXPECT_EQ(from->group->suite().id(), suite);
      deliver(clients, *from, from->group->commit());
      const Message said = from->say("Grüße");
      for (const auto& to : clients) {
        if (to != from) {
          EXPECT_EQ(to->read(said), "Grüße");
        }
        EXPECT_EQ(to->group->epoch_authenticator(), from->group->epoch_authenticator());
      }
    }
  }
};

TEST_F(Hybrid, AGroupMovesToItByReInitAndBack) {
  Clients classical = make_group(4, kDefaultSuite);
  expect_life(classical, kDefaultSuite);
  Clients hybrid = move(classical, kHybridSuite);
  expect_life(hybrid, kHybridSuite);
  Clients back = move(hybrid, 2);  // Of other signatures too.
  expect_life(back, 2);
  Clients again = move(back, kHybridSuite);
  expect_life(again, kHybridSuite);
}

TEST_F(Hybrid, AGroupBranches) {
  Clients clients = make_group(3, kHybridSuite);
  Clients branch = follow(clients, kHybridSuite, true);
  expect_life(branch, kHybridSuite);
  expect_life(clients, kHybridSuite);
}

TEST_F(Hybrid, NoOwnReInitLeavesAMemberBehind) {
  Clients clients = make_group(3, kDefaultSuite);
  clients.push_back(std::make_unique<Client>("old@example.org", kDefaultSuite));
  // As an OpenSSL without ML-KEM makes it.
  Client& old = *clients.back();
  const KeyPackage package =
      altered_package(old, [](KeyPackage& made) { std::erase(made.leaf.capabilities.suites, kHybridSuite); });
  old.packages.back()->key_package = package;
  CommitOptions add;
  add.proposals = {{Add{package}}};
  EXPECT_TRUE(clients[0]->group->every_member_supports(kHybridSuite));
  PendingCommit pending = clients[0]->group->commit(add);
  const Message welcome = *pending.welcome;
  deliver(clients, *clients[0], std::move(pending));
  old.join(welcome);
  EXPECT_FALSE(clients[0]->group->every_member_supports(kHybridSuite));
  const Proposal reinit{ReInit{{7}, kMls10, kHybridSuite, {}}};
  EXPECT_ERROR(clients[0]->group->propose(reinit), MYCHAT_E_UNSUPPORTED, "61453");
  EXPECT_ERROR(clients[0]->group->commit(openly({reinit})), MYCHAT_E_UNSUPPORTED, "61453");
  // What another proposes, who does not look, is left out.
  clients[0]->receive(forge(*clients[1], reinit));
  EXPECT_EQ(clients[0]->group->waiting_proposals().size(), 1U);
  PendingCommit without = clients[0]->group->commit();
  EXPECT_TRUE(without.next->is_active());
  deliver(clients, *clients[0], std::move(without));
  // With a leaf that names the suite the way is free.
  CommitOptions renewed;
  renewed.leaf = old.leaf;
  deliver(clients, old, old.group->commit(renewed));
  EXPECT_TRUE(clients[0]->group->every_member_supports(kHybridSuite));
  Clients hybrid = move(clients, kHybridSuite);
  expect_life(hybrid, kHybridSuite);
}

TEST_F(Hybrid, NobodyIsAddedWhoDoesNotSupportIt) {
  Clients clients = make_group(2, kHybridSuite);
  Client old("old@example.org", kHybridSuite);
  CommitOptions add;
  add.proposals = {{Add{altered_package(
      old, [](KeyPackage& made) { std::erase(made.leaf.capabilities.suites, kHybridSuite); })}}};
  EXPECT_RULE(clients[0]->group->commit(add), Rule::kLeafVersionSuite);
}

TEST_F(Hybrid, OutsidersComeInAndKeysAreShared) {
  Clients clients = make_group(3, kHybridSuite);
  clients.push_back(std::make_unique<Client>("outsider@example.org", kHybridSuite));
  Client& outsider = *clients.back();
  const GroupInfo info = clients[1]->group->group_info(true, true);
  PendingCommit joining = Group::join_external(outsider.env, info, outsider.signer, outsider.leaf);
  for (std::size_t i = 0; i < 3; ++i) clients[i]->receive(joining.commit);
  outsider.group = *joining.next;
  expect_life(clients, kHybridSuite);

  PreSharedKeyId id;
  id.psk_id = to_bytes(view("shared"));
  id.psk_nonce = Bytes(outsider.suite->hash_size(), 3);
  CommitOptions options;
  options.proposals = {{Psk{id}}};
  options.psks = [](const PreSharedKeyId&) { return Secret(32, 5); };
  ProcessOptions processing;
  processing.psks = options.psks;
  deliver(clients, outsider, outsider.group->commit(options), processing);
  for (const auto& client : clients) {
    const Records records = client->group->save();
    client->group = Group::load(client->env, records);
  }
  expect_life(clients, kHybridSuite);
}

// A coefficient of ML-KEM that is not reduced.
void spoil(Bytes& key) { key[0] = 0xFF, key[1] |= 0x0F; }

TEST_F(Hybrid, KeysThatMlKemDoesNotTakeAreRefused) {
  Clients clients = make_group(4, kHybridSuite);
  Client newcomer("newcomer@example.org", kHybridSuite);
  const auto add = [&](const std::function<void(KeyPackage&)>& change) {
    CommitOptions options;
    options.proposals = {{Add{altered_package(newcomer, change)}}};
    return clients[0]->group->commit(options);
  };
  EXPECT_RULE(add([](KeyPackage& package) { spoil(package.init_key); }), Rule::kKeyPackageKeyForm);
  EXPECT_RULE(add([](KeyPackage& package) { spoil(package.leaf.encryption_key); }), Rule::kLeafKeyForm);
  Commit commit = body_of(clients[1]->group->commit(openly()));
  spoil(commit.path->nodes[0].encryption_key);
  EXPECT_RULE(clients[0]->receive(forge(*clients[1], commit)), Rule::kCommitPathKeys);
}

}  // namespace
}  // namespace mychat::mls::testing
