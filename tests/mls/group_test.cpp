// What members of groups do with each other, over every cipher suite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

void expect_agreement(const std::vector<std::unique_ptr<Client>>& clients) {
  const Client* first = nullptr;
  for (const auto& client : clients) {
    if (!client->group || !client->group->is_active()) continue;
    if (first == nullptr) first = client.get();
    EXPECT_EQ(client->group->epoch(), first->group->epoch());
    EXPECT_EQ(client->group->epoch_authenticator(), first->group->epoch_authenticator());
    EXPECT_EQ(client->group->export_secret("test", view("x"), 40),
              first->group->export_secret("test", view("x"), 40));
  }
}

void expect_talk(std::vector<std::unique_ptr<Client>>& clients) {
  for (const auto& from : clients) {
    if (!from->group || !from->group->is_active()) continue;
    const Message message = from->say("Grüße");
    for (const auto& to : clients) {
      if (to == from || !to->group || !to->group->is_active()) continue;
      EXPECT_EQ(to->read(message), "Grüße");
    }
  }
}

class EverySuite : public ::testing::TestWithParam<SuiteId> {};
INSTANTIATE_TEST_SUITE_P(Suites, EverySuite, ::testing::ValuesIn(Suite::supported()));

TEST_P(EverySuite, MembersAreAddedTalkChangeKeysAndLeave) {
  auto clients = make_group(5, GetParam());
  expect_agreement(clients);
  expect_talk(clients);
  for (const auto& client : clients) {
    deliver(clients, *client, client->group->commit());
    expect_agreement(clients);
  }
  CommitOptions remove;
  remove.proposals = {{Remove{clients[2]->group->own_leaf()}}};
  deliver(clients, *clients[4], clients[4]->group->commit(remove));
  EXPECT_TRUE(clients[2]->group->was_removed());
  expect_agreement(clients);
  expect_talk(clients);
}

TEST(Group, ProposalsByReferenceCountWithTheNextCommit) {
  auto clients = make_group(4);
  Client newcomer("newcomer@example.org");
  const std::vector<Message> proposals{
      clients[1]->group->propose_update(),
      clients[2]->group->propose(newcomer.add()),
      clients[0]->group->propose({Remove{clients[3]->group->own_leaf()}}, {}, true),
  };
  const std::vector<std::size_t> senders{1, 2, 0};
  for (std::size_t p = 0; p < proposals.size(); ++p) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (i != senders[p]) clients[i]->receive(proposals[p]);
    }
  }
  const Bytes key_before = clients[1]->group->tree().leaf(1)->encryption_key;
  PendingCommit pending = clients[0]->group->commit();
  ASSERT_TRUE(pending.welcome);
  const Message welcome = *pending.welcome;
  deliver(clients, *clients[0], std::move(pending));
  newcomer.join(welcome);
  EXPECT_TRUE(clients[3]->group->was_removed());
  EXPECT_NE(clients[1]->group->tree().leaf(1)->encryption_key, key_before);
  clients.push_back(std::make_unique<Client>(std::move(newcomer)));
  expect_agreement(clients);
  expect_talk(clients);
}

TEST(Group, SomebodyJoinsFromOutsideAndComesBackThatWay) {
  auto clients = make_group(3);
  clients.push_back(std::make_unique<Client>("outsider@example.org"));
  Client& outsider = *clients.back();
  for (int round = 0; round < 2; ++round) {
    const GroupInfo info = decode<GroupInfo>(encode(clients[0]->group->group_info(true, true)));
    ExternalJoinOptions options;
    if (round == 1) options.replaces = outsider.group->own_leaf();
    PendingCommit pending = Group::join_external(outsider.env, info, outsider.signer, outsider.leaf, options);
    for (std::size_t i = 0; i < 3; ++i) clients[i]->receive(pending.commit);
    outsider.group.emplace(std::move(*pending.next));
    expect_agreement(clients);
    expect_talk(clients);
  }
  EXPECT_EQ(clients[0]->group->tree().members(), 4U);
}

TEST(Group, IsStoredAndLoadedAtEveryStepWithFewRecordsAMessage) {
  auto clients = make_group(20);
  Client& alice = *clients[0];
  Client& bob = *clients[1];
  Records records = bob.group->save();
  for (int round = 0; round < 6; ++round) {
    bob.group.emplace(Group::load(bob.env, records));
    EXPECT_EQ(bob.read(alice.say("one")), "one");
    auto changes = bob.group->take_changes();
    EXPECT_LE(changes.size(), 12U);
    apply_changes(records, std::move(changes));
    const Message late = alice.say("late");
    deliver(clients, alice, alice.group->commit());
    apply_changes(records, bob.group->take_changes());
    bob.group.emplace(Group::load(bob.env, records));
    EXPECT_EQ(bob.read(late), "late");
    apply_changes(records, bob.group->take_changes());
    Group copy = *bob.group;
    EXPECT_EQ(copy.save(), records);
  }
  expect_agreement(clients);
}

TEST(Group, CommitsLeaveOutWhatBecameInvalidWhileItWaited) {
  FixedClock clock;
  Environment env = environment();
  env.clock = &clock;
  auto clients = make_group(3, test_suite(), env);
  Client newcomer("newcomer@example.org", test_suite(), env);
  PreSharedKeyId unknown;
  unknown.psk_id = to_bytes(view("unknown"));
  unknown.psk_nonce = Bytes(hash_bytes());
  const std::vector<Message> proposals{clients[1]->group->propose(newcomer.add()),
                                       clients[1]->group->propose({Psk{unknown}}),
                                       clients[1]->group->propose({GroupContextExtensions{{{0xf00d, {}}}}}),
                                       clients[1]->group->propose({Remove{2}})};
  for (const Message& proposal : proposals) {
    clients[0]->receive(proposal);
    clients[2]->receive(proposal);
  }
  clock.now += std::int64_t{100} * 24 * 3600 * 1000;
  PendingCommit pending = clients[0]->group->commit();
  ASSERT_EQ(pending.summary.proposals.size(), 1U);
  EXPECT_NE(pending.summary.proposals[0].proposal.as<Remove>(), nullptr);
  deliver(clients, *clients[0], std::move(pending));
  EXPECT_TRUE(clients[2]->group->was_removed());
  expect_agreement(clients);
}

TEST(Group, WhatWasReadCannotBeReadAgain) {
  auto clients = make_group(2);
  const Message first = clients[0]->say("1");
  const Message second = clients[0]->say("2");
  EXPECT_EQ(clients[1]->read(second), "2");
  EXPECT_EQ(clients[1]->read(first), "1");
  EXPECT_ERROR(clients[1]->read(first), MYCHAT_E_REPLAY, "");
  EXPECT_ERROR(clients[1]->read(second), MYCHAT_E_REPLAY, "");
}

}  // namespace
}  // namespace mychat::mls::testing
