// Proposals that wait: what a commit takes up of them; and commits and Welcomes with what is seldom in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "forge.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

using ::testing::ElementsAre;

class Waiting : public ::testing::Test {
 protected:
  // By `from`, and known to all.
  void propose(Client& from, Proposal proposal) {
    const Message message = from.group->propose(std::move(proposal));
    for (const auto& client : clients) {
      if (client.get() != &from) client->receive(message);
    }
  }
  static std::vector<ProposalType> types(const PendingCommit& pending) {
    std::vector<ProposalType> out;
    for (const WaitingProposal& item : pending.summary.proposals) out.push_back(item.proposal.type());
    return out;
  }
  static CommitOptions with_keys() {
    CommitOptions options;
    options.psks = [](const PreSharedKeyId&) { return std::optional(Secret(32, 5)); };
    return options;
  }
  void deliver_with_keys(PendingCommit pending) {
    ProcessOptions options;
    options.psks = with_keys().psks;
    deliver(clients, alice, std::move(pending), options);
    for (const auto& client : clients) {
      if (client->group->is_active()) {
        EXPECT_EQ(client->group->epoch_authenticator(), alice.group->epoch_authenticator());
      }
    }
  }

  Clients clients = make_room(4);
  Client& alice = *clients[0];
  Client& bob = *clients[1];
  Client& carol = *clients[2];
  Client newcomer{"newcomer@example.org"};
};

TEST_F(Waiting, AReInitByItself) {
  propose(bob, {ReInit{{7}, kMls10, kDefaultSuite, {}}});
  PendingCommit pending = alice.group->commit();
  EXPECT_THAT(types(pending), ElementsAre(ProposalType::kReInit));
  deliver(clients, alice, std::move(pending));
  for (const auto& client : clients) {
    EXPECT_FALSE(client->group->is_active());
    EXPECT_EQ(client->group->reinit()->group_id, Bytes{7});
  }
}

TEST_F(Waiting, AReInitLeavesWhatElseWaitsFirst) {
  propose(bob, {ReInit{{7}, kMls10, kDefaultSuite, {}}});
  propose(bob, {Remove{3}});
  PendingCommit pending = alice.group->commit();
  EXPECT_THAT(types(pending), ElementsAre(ProposalType::kRemove));
  deliver(clients, alice, std::move(pending));
  EXPECT_TRUE(alice.group->is_active());
}

TEST_F(Waiting, OneClientIsAddedOnce) {
  propose(bob, newcomer.add());
  propose(carol, newcomer.add());
  PendingCommit pending = alice.group->commit();
  EXPECT_THAT(types(pending), ElementsAre(ProposalType::kAdd));
  newcomer.join(*pending.welcome);
  deliver(clients, alice, std::move(pending));
  EXPECT_EQ(alice.read(newcomer.say("once")), "once");
}

TEST_F(Waiting, OneKeyIsTakenOnceAndTheLastExtensionsCount) {
  propose(bob, {Psk{external_psk()}});
  propose(carol, {Psk{external_psk()}});
  propose(bob, {GroupContextExtensions{{required_capabilities({})}}});
  propose(carol, {GroupContextExtensions{}});
  PendingCommit pending = alice.group->commit(with_keys());
  EXPECT_THAT(types(pending), ElementsAre(ProposalType::kPsk, ProposalType::kGroupContextExtensions));
  deliver_with_keys(std::move(pending));
  EXPECT_TRUE(alice.group->context().extensions.empty());
}

TEST_F(Waiting, WhoIsAMemberIsAddedWhenItsLeafGoes) {
  propose(bob, clients[3]->add());
  PendingCommit without = alice.group->commit();
  EXPECT_TRUE(types(without).empty());
  propose(bob, {Remove{3}});
  PendingCommit with = alice.group->commit();
  EXPECT_THAT(types(with), ElementsAre(ProposalType::kRemove, ProposalType::kAdd));
  const Message welcome = *with.welcome;
  deliver(clients, alice, std::move(with));
  EXPECT_TRUE(clients[3]->group->was_removed());
  clients[3]->join(welcome);
  EXPECT_EQ(alice.read(clients[3]->say("back")), "back");
}

TEST_F(Waiting, OfOneLeafTheRemoveCountsAndNothingOfTheCommitter) {
  const Message update = carol.group->propose_update();
  for (const auto& client : clients) {
    if (client.get() != &carol) client->receive(update);
  }
  propose(bob, {Remove{2}});
  propose(bob, {Remove{0}});
  PendingCommit pending = alice.group->commit();
  EXPECT_THAT(types(pending), ElementsAre(ProposalType::kRemove));
  EXPECT_EQ(pending.summary.proposals[0].proposal.as<Remove>()->removed, 2U);
  // What is given counts whole: what waits stands back where both cannot be.
  CommitOptions options;
  options.proposals = {{Remove{3}}, {Psk{external_psk()}}};
  options.psks = with_keys().psks;
  EXPECT_THAT(types(alice.group->commit(options)),
              ElementsAre(ProposalType::kRemove, ProposalType::kRemove, ProposalType::kPsk));
  options.proposals = {{ReInit{{7}, kMls10, kDefaultSuite, {}}}};
  EXPECT_THAT(types(alice.group->commit(options)), ElementsAre(ProposalType::kReInit));
}

TEST_F(Waiting, WhatNobodyInsideMayProposeIsChosenByNobody) {
  const Sender outside{SenderType::kExternal, 0};
  const Proposal init{ExternalInit{{1}}};
  EXPECT_TRUE(ProposalList::choose({{{1}, init, outside}}, 0, alice.group->tree()).empty());
  const LeafNode leaf = *bob.group->tree().leaf(1);
  EXPECT_EQ(changed_leaf({Update{leaf}}, outside), std::nullopt);
  EXPECT_EQ(changed_leaf({Update{leaf}}, {SenderType::kMember, 1}), 1U);
  EXPECT_EQ(changed_leaf({Remove{2}}, outside), 2U);
  const ProposalContext in{alice.env, alice.group->suite(), alice.group->context(), alice.group->tree(), {},
                           {}};
  EXPECT_RULE(check_proposal({Update{leaf}}, outside, in), Rule::kProposalExternalSender);
  EXPECT_RULE(check_proposal({Update{leaf}}, {SenderType::kNewMemberCommit, 0}, in),
              Rule::kProposalUpdateSender);
  EXPECT_RULE(check_proposal({Update{leaf}}, {SenderType::kMember, 9}, in), Rule::kProposalUpdateSender);
  EXPECT_RULE(check_proposal({SelfRemove{}}, {SenderType::kNewMemberCommit, 0}, in),
              Rule::kProposalSelfRemove);
  EXPECT_RULE(check_proposal({SelfRemove{}}, {SenderType::kMember, 9}, in), Rule::kProposalSelfRemove);
  EXPECT_NO_THROW(check_proposal({SelfRemove{}}, {SenderType::kMember, 1}, in));
}

// The data of an extension that says more than is read is another error than one that has no form.
TEST_F(Waiting, AnExtensionThatIsTooLarge) {
  const Records before = alice.group->save();
  const Proposal large{GroupContextExtensions{{{extension::kExternalSenders, {0xbf, 0xff, 0xff, 0xff}}}}};
  EXPECT_ERROR(alice.group->propose(large), MYCHAT_E_TOO_LARGE, "16 MiB");
  const Proposal none{GroupContextExtensions{{{extension::kExternalSenders, {0xff}}}}};
  EXPECT_RULE(alice.group->propose(none), Rule::kContextExtensionForm);
  EXPECT_EQ(alice.group->save(), before);
}

// What every client of RFC 9420 supports can be required, and nobody names it.
TEST_F(Waiting, WhatIsSupportedWithoutBeingNamed) {
  RequiredCapabilities required;
  required.extensions = {extension::kApplicationId};
  required.proposals = {static_cast<std::uint16_t>(ProposalType::kAdd)};
  required.credentials = {static_cast<std::uint16_t>(CredentialType::kBasic)};
  PendingCommit pending =
      alice.group->commit(openly({{GroupContextExtensions{{required_capabilities(required)}}}}));
  deliver(clients, alice, std::move(pending));
  const KeyPackage package = altered_package(newcomer, [](KeyPackage& it) {
    it.extensions.push_back({extension::kApplicationId, {1}});
  });
  EXPECT_NO_THROW(alice.group->commit(openly({{Add{package}}})));
  // 0 is no type of any extension that RFC 9420 defines, nor of a proposal.
  for (const bool of_proposals : {false, true}) {
    RequiredCapabilities unknown;
    (of_proposals ? unknown.proposals : unknown.extensions) = {0};
    EXPECT_RULE(alice.group->commit(openly({{GroupContextExtensions{{required_capabilities(unknown)}}}})),
                Rule::kProposalContextExtensions);
  }
}

// A newcomer that could not read the credentials of those who are there.
TEST_F(Waiting, ANewcomerThatDoesNotSupportTheMembersCredentials) {
  const KeyPackage package = altered_package(newcomer, [](KeyPackage& it) {
    it.leaf.credential.type = CredentialType::kX509;
    it.leaf.credential.certificates = {{1, 2, 3}};
    it.leaf.capabilities.credentials = {static_cast<std::uint16_t>(CredentialType::kX509)};
  });
  for (const bool path : {true, false}) {
    CommitOptions options = openly({{Add{package}}});
    options.path = path;
    EXPECT_RULE(alice.group->commit(options), Rule::kLeafCredentialSupport);
  }
  EXPECT_REFUSED(bob, forge_path(alice, {{Add{package}}}), Rule::kLeafCredentialSupport);
  EXPECT_REFUSED(bob, forge_list(alice, {{Add{package}}}), Rule::kLeafCredentialSupport);
}

// Among the KeyPackages of a client may be one of a suite that this build no longer has.
TEST_F(Waiting, AKeyPackageOfAnUnknownSuiteIsPassedOver) {
  PendingCommit pending = alice.group->commit(openly({newcomer.add()}));
  const Message welcome = *pending.welcome;
  newcomer.publish();
  newcomer.packages.back()->key_package.suite = 0x0a0a;
  std::swap(newcomer.packages.front(), newcomer.packages.back());
  const std::vector<const OwnKeyPackage*> own{newcomer.packages[0].get(), newcomer.packages[1].get()};
  std::size_t used = 9;
  const Group joined = Group::join(newcomer.env, *welcome.as<Welcome>(), own, {}, &used);
  EXPECT_EQ(used, 1U);
  EXPECT_EQ(joined.epoch_authenticator(), pending.next->epoch_authenticator());
  EXPECT_RULE(Group::join(newcomer.env, *welcome.as<Welcome>(), {own[0]}), Rule::kWelcomeNotForUs);
}

// A resumption key for the application's use ties the group to no other one.
TEST_F(Waiting, AWelcomeWithAResumptionKeyOfTheGroup) {
  const PreSharedKeyId id{PskType::kResumption, {},          PskUsage::kApplication, alice.group->id(),
                          alice.group->epoch(), Bytes(32, 3)};
  const auto secret = alice.group->resumption_psk(id.psk_epoch);
  PendingCommit pending = alice.group->commit(openly({newcomer.add(), {Psk{id}}}));
  const Message welcome = *pending.welcome;
  EXPECT_RULE(newcomer.join(welcome), Rule::kProposalPskUnknown);
  JoinOptions options;
  options.psks = [&](const PreSharedKeyId& wanted) { return wanted == id ? secret : std::nullopt; };
  newcomer.join(welcome, options);
  deliver(clients, alice, std::move(pending));
  EXPECT_EQ(bob.read(newcomer.say("with it")), "with it");
  EXPECT_EQ(carol.group->epoch_authenticator(), newcomer.group->epoch_authenticator());
}

// The group shrinks by more than it keeps in one piece: what went is erased where it is stored, and only
// that.
TEST_F(Waiting, AGroupThatShrinksErasesItsRecords) {
  clients = make_room(40);
  Client& first = *clients[0];
  deliver(clients, *clients[1], clients[1]->group->commit());
  Records stored = first.group->save();
  CommitOptions options;
  for (LeafIndex leaf = 4; leaf < 40; ++leaf) options.proposals.push_back({Remove{leaf}});
  deliver(clients, first, first.group->commit(options));
  EXPECT_EQ(first.group->tree().leaves(), 4U);
  apply_changes(stored, first.group->take_changes());
  EXPECT_EQ(std::count_if(stored.begin(), stored.end(),
                          [](const auto& entry) { return entry.first.starts_with("node/"); }),
            4 + 2);
  Group copy = *first.group;
  EXPECT_EQ(copy.save(), stored);
  first.group.emplace(Group::load(first.env, stored));
  EXPECT_EQ(clients[3]->read(first.say("few")), "few");
}

}  // namespace
}  // namespace mychat::mls::testing
