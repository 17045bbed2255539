// Groups that say they replace another, or branch off it, and do not (RFC 9420 sections 11.2 and 11.3).
#include "forge.h"

namespace mychat::mls::testing {
namespace {

class SuccessorRules : public ::testing::Test {
 protected:
  void end(const ReInit& reinit) {
    deliver(clients, *clients[0], clients[0]->group->commit(openly({{reinit}})));
  }
  // Who joins has nothing to do with the state of the group before.
  void join(std::size_t index, const PendingCommit& pending) {
    Client& client = *clients[index];
    JoinOptions options;
    options.predecessor = &*client.group;
    std::vector<const OwnKeyPackage*> own;
    for (const auto& package : client.packages) own.push_back(package.get());
    const Message welcome = Client::travel(*pending.welcome);
    static_cast<void>(Group::join(client.env, *welcome.as<Welcome>(), own, options));
  }
  // What an inviter does who does not keep to reinitialise() or branch().
  PendingCommit found(GroupOptions made, PskUsage usage, const std::vector<std::size_t>& members,
                      Epoch epoch_back = 0, SuiteId suite_id = kDefaultSuite) {
    Client& inviter = *clients[0];
    const Suite& suite = Suite::get(suite_id);
    Group group = Group::create(inviter.env, suite, inviter.signer, inviter.leaf, made);
    PreSharedKeyId id;
    id.type = PskType::kResumption;
    id.usage = usage;
    id.psk_group_id = inviter.group->id();
    id.psk_epoch = inviter.group->epoch() - epoch_back;
    id.psk_nonce = Bytes(hash_bytes(), 1);
    CommitOptions options;
    options.proposals = {{Psk{id}}};
    for (const std::size_t member : members) {
      Client& client = *clients[member];
      client.packages.push_back(
          std::make_unique<OwnKeyPackage>(make_key_package(suite, client.signer, client.leaf, client.env)));
      options.proposals.push_back({Add{client.packages.back()->key_package}});
    }
    const auto secret = inviter.group->resumption_psk(id.psk_epoch);
    options.psks = [secret](const PreSharedKeyId&) { return secret; };
    return GroupTestAccess::found(group, options, usage);
  }

  static Environment strict() {
    static const StrictService service;
    Environment env = environment();
    env.authentication = &service;
    return env;
  }

  Clients clients = make_room(3, {}, {}, strict());
};

TEST_F(SuccessorRules, AReInit) {
  const Extensions extensions{required_capabilities({})};
  end({{7}, 1, test_suite(), extensions});
  const Group& before = *clients[0]->group;
  const PendingCommit good =
      Group::reinitialise(clients[0]->env, before, clients[0]->signer, clients[0]->leaf,
                          {clients[1]->publish(), clients[2]->publish()});
  EXPECT_NO_THROW(join(1, good));
  const std::vector<PendingCommit> bad{
      found({{8}, extensions}, PskUsage::kReInit, {1, 2}),    // Another id.
      found({{7}, {}}, PskUsage::kReInit, {1, 2}),            // Other extensions.
      found({{7}, extensions}, PskUsage::kReInit, {1}),       // Somebody is missing.
      found({{7}, extensions}, PskUsage::kReInit, {1, 2}, 1)  // Of the epoch before.
  };
  for (const PendingCommit& pending : bad) EXPECT_RULE(join(1, pending), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, AReInitThatNeverWas) {
  const PendingCommit pending = found({{7}, {}}, PskUsage::kReInit, {1, 2});
  EXPECT_RULE(join(1, pending), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, AReInitToAnotherSuite) {
  end({{7}, 1, 3, {}});
  EXPECT_NO_THROW(join(1, found({{7}, {}}, PskUsage::kReInit, {1, 2}, 0, 3)));
  EXPECT_RULE(join(1, found({{7}, {}}, PskUsage::kReInit, {1, 2})), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, AReInitToAnotherVersion) {
  end({{7}, 2, 1, {}});
  EXPECT_RULE(join(1, found({{7}, {}}, PskUsage::kReInit, {1, 2})), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, ABranchIsOfTheSameSuite) {
  EXPECT_RULE(join(1, found({{7}, {}}, PskUsage::kBranch, {1}, 0, 3)), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, ThatOfAnotherGroup) {
  const PendingCommit pending = found({{7}, {}}, PskUsage::kBranch, {1});
  const auto secret = clients[0]->group->resumption_psk(clients[0]->group->epoch());
  Client& joiner = *clients[1];
  const Clients others = make_group(1);
  JoinOptions options;
  options.predecessor = &*others[0]->group;
  const Group before = *joiner.group;
  EXPECT_RULE(joiner.join(Client::travel(*pending.welcome), options), Rule::kProposalPskUnknown);
  options.psks = [&](const PreSharedKeyId&) { return secret; };
  EXPECT_RULE(joiner.join(Client::travel(*pending.welcome), options), Rule::kWelcomeResumption);
  options.predecessor = nullptr;
  EXPECT_RULE(joiner.join(Client::travel(*pending.welcome), options), Rule::kWelcomeResumption);
  options.predecessor = &before;
  EXPECT_NO_THROW(joiner.join(Client::travel(*pending.welcome), options));
}

TEST_F(SuccessorRules, WhatDidNotEndHasNone) {
  try {
    static_cast<void>(
        Group::reinitialise(clients[0]->env, *clients[0]->group, clients[0]->signer, clients[0]->leaf, {}));
    FAIL() << "made";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_INVALID_STATE);
  }
}

TEST_F(SuccessorRules, ABranchOfMembersAlone) {
  EXPECT_NO_THROW(join(1, found({{7}, {}}, PskUsage::kBranch, {1})));
  clients.push_back(std::make_unique<Client>("stranger@example.org", test_suite(), strict()));
  EXPECT_RULE(join(1, found({{7}, {}}, PskUsage::kBranch, {1, 3})), Rule::kWelcomeResumption);
}

TEST_F(SuccessorRules, AReInitToAVersionThatIsUnknownEndsHere) {
  end({{7}, 2, test_suite(), {}});
  try {
    static_cast<void>(
        Group::reinitialise(clients[0]->env, *clients[0]->group, clients[0]->signer, clients[0]->leaf, {}));
    FAIL() << "made";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_UNSUPPORTED);
  }
}

}  // namespace
}  // namespace mychat::mls::testing
