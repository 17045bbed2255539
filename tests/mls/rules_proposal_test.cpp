// Proposals that break a rule of RFC 9420 section 12.1 by themselves, and contexts that do.
#include "forge.h"

namespace mychat::mls::testing {
namespace {

class ProposalRules : public ::testing::Test {
 protected:
  Client& victim() { return *clients[0]; }
  Client& mallory() { return *clients[1]; }
  void refuse(const Proposal& proposal, Rule rule) {
    EXPECT_REFUSED(victim(), forge(mallory(), proposal), rule);
    EXPECT_REFUSED(victim(), forge_list(mallory(), {proposal}), rule);
    const Records before = victim().group->save();
    EXPECT_RULE(victim().group->propose(proposal), rule);
    EXPECT_RULE(victim().group->commit(openly({proposal})), rule);
    EXPECT_TRUE(victim().group->save() == before);
  }

  Clients clients = make_room(4);
};

TEST_F(ProposalRules, ProposalRemoveBlank) {
  deliver(clients, victim(), victim().group->commit(openly({{Remove{2}}})));
  for (const LeafIndex nobody : {2U, 4U, 0xffffffffU}) refuse({Remove{nobody}}, Rule::kProposalRemoveBlank);
}

TEST_F(ProposalRules, ProposalPskNonce) {
  for (const std::size_t size : {0U, 31U, 33U})
    refuse({Psk{external_psk("key", size)}}, Rule::kProposalPskNonce);
}

TEST_F(ProposalRules, ProposalPskUsage) {
  PreSharedKeyId id = external_psk();
  id.type = PskType::kResumption;
  id.psk_group_id = victim().group->id();
  for (const PskUsage usage : {PskUsage::kReInit, PskUsage::kBranch}) {
    id.usage = usage;
    refuse({Psk{id}}, Rule::kProposalPskUsage);
  }
}

TEST_F(ProposalRules, ProposalPskUnknown) {
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{Psk{external_psk()}}}), Rule::kProposalPskUnknown);
  PreSharedKeyId id = external_psk();
  id.type = PskType::kResumption;
  id.psk_group_id = victim().group->id();
  id.psk_epoch = 77;
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{Psk{id}}}), Rule::kProposalPskUnknown);
  EXPECT_RULE(victim().group->commit(openly({{Psk{id}}})), Rule::kProposalPskUnknown);
  // Who was not there in an epoch does not have its key.
  id.psk_epoch = 0;
  EXPECT_RULE(mallory().group->commit(openly({{Psk{id}}})), Rule::kProposalPskUnknown);
  EXPECT_NO_THROW(victim().group->commit(openly({{Psk{id}}})));
}

TEST_F(ProposalRules, ProposalReInit) {
  refuse({ReInit{{1}, 0, 1, {}}}, Rule::kProposalReInitVersion);
  refuse({ReInit{{1}, 1, 1, {{kOwnExtension, {}}, {kOwnExtension, {}}}}}, Rule::kContextExtensionTwice);
}

TEST_F(ProposalRules, ProposalContextExtensions) {
  // The committer supports them, somebody else does not.
  clients = make_room(3, {}, [](Client& client) {
    if (!text(client.leaf.credential.identity).starts_with("member-1")) return;
    client.leaf.more_extensions = {kOwnExtension};
    client.leaf.more_proposals = {0xf002};
  });
  const std::vector<Extensions> unsupported{{{kOwnExtension, {}}},
                                            {required_capabilities({{kOwnExtension}, {}, {}})},
                                            {required_capabilities({{}, {0xf002}, {}})},
                                            {required_capabilities({{}, {}, {7}})}};
  const auto leaf_of_all = [&] {
    LeafNode leaf = *mallory().group->tree().leaf(1);
    leaf.capabilities.credentials.push_back(7);
    return leaf;
  };
  for (const Extensions& extensions : unsupported) {
    const Proposal proposal{GroupContextExtensions{extensions}};
    EXPECT_REFUSED(victim(), forge_path(mallory(), {proposal}, leaf_of_all(), [](UpdatePath&) {}),
                   Rule::kProposalContextExtensions);
    EXPECT_RULE(victim().group->commit(openly({proposal})), Rule::kProposalContextExtensions);
  }
}

TEST_F(ProposalRules, NewExtensionsCountForAddsOfTheSameCommit) {
  const auto capable = [](Client& client) { client.leaf.more_extensions = {kOwnExtension}; };
  clients = make_room(3, {}, capable);
  Client incapable("incapable@example.org");
  const Proposal with{GroupContextExtensions{{required_capabilities({{kOwnExtension}, {}, {}})}}};
  EXPECT_REFUSED(victim(), forge_path(mallory(), {with, incapable.add()}), Rule::kLeafRequiredCapabilities);
  EXPECT_REFUSED(victim(), forge_path(mallory(), {incapable.add(), with}), Rule::kLeafRequiredCapabilities);
  deliver(clients, mallory(), mallory().group->commit(openly({with})));
  // And what is required no longer is not required of who is added.
  const Proposal without{GroupContextExtensions{}};
  deliver(clients, mallory(), mallory().group->commit(openly({incapable.add(), without})));
  EXPECT_EQ(victim().group->tree().members(), 4U);
  EXPECT_EQ(victim().group->epoch_authenticator(), mallory().group->epoch_authenticator());
}

TEST_F(ProposalRules, ContextExtensionTwice) {
  const Extensions twice{required_capabilities({}), required_capabilities({})};
  refuse({GroupContextExtensions{twice}}, Rule::kContextExtensionTwice);
  EXPECT_RULE(victim().create({{}, twice}), Rule::kContextExtensionTwice);
}

TEST_F(ProposalRules, ContextExtensionForm) {
  Bytes trailing = encode(RequiredCapabilities{});
  trailing.push_back(0);
  Bytes cut = external_senders({clients[2].get()}).data;
  cut.pop_back();
  for (const Extension& bad :
       {Extension{extension::kRequiredCapabilities, trailing},
        Extension{extension::kRequiredCapabilities, {}}, Extension{extension::kExternalSenders, cut}}) {
    refuse({GroupContextExtensions{{bad}}}, Rule::kContextExtensionForm);
    EXPECT_RULE(Group::create(victim().env, *victim().suite, victim().signer, victim().leaf, {{}, {bad}}),
                Rule::kContextExtensionForm);
  }
}

TEST_F(ProposalRules, ContextExternalSender) {
  StrictService service;
  Environment env = environment();
  env.authentication = &service;
  clients = make_room(3, {}, {}, env);
  service.refused = "service@example.org";
  const Client refused("service@example.org");
  refuse({GroupContextExtensions{{external_senders({&refused})}}}, Rule::kContextExternalSender);
  const Bytes no_key = encode(std::vector<ExternalSender>{{Bytes(31), victim().leaf.credential}});
  refuse({GroupContextExtensions{{{extension::kExternalSenders, no_key}}}}, Rule::kContextExternalSender);
}

TEST_F(ProposalRules, ProposalExternalSender) {
  const Client service("service@example.org");
  const auto capable = [](Client& client) { client.leaf.self_remove = true; };
  clients = make_room(3, {external_senders({&service})}, capable);
  const LeafNode leaf = *mallory().group->tree().leaf(1);
  for (const Proposal& proposal :
       {Proposal{Update{leaf}}, Proposal{ExternalInit{Bytes(32)}}, Proposal{SelfRemove{}}}) {
    EXPECT_REFUSED(victim(), forge_outside(service, {SenderType::kExternal, 0}, proposal, *victim().group),
                   Rule::kProposalExternalSender);
  }
  for (const Proposal& proposal : {Proposal{Remove{2}}, Client("new").add(), Proposal{ReInit{{1}, 1, 1, {}}},
                                   Proposal{GroupContextExtensions{}}}) {
    EXPECT_NO_THROW(
        victim().receive(forge_outside(service, {SenderType::kExternal, 0}, proposal, *victim().group)));
  }
}

TEST_F(ProposalRules, ProposalUpdateSender) {
  // No message comes so far: this guards check_proposal() for whoever else may call it.
  const Group& group = *victim().group;
  const Proposal update{Update{*group.tree().leaf(1)}};
  const ProposalContext in{victim().env, group.suite(), group.context(), group.tree(), {}, {}};
  EXPECT_RULE(check_proposal(update, {SenderType::kNewMemberCommit, 0}, in), Rule::kProposalUpdateSender);
  EXPECT_RULE(check_proposal(update, {SenderType::kMember, 9}, in), Rule::kProposalUpdateSender);
}

TEST_F(ProposalRules, ProposalNewMember) {
  Client outsider("outsider@example.org");
  for (const Proposal& proposal : {Proposal{Remove{2}}, Proposal{Psk{external_psk()}}}) {
    EXPECT_REFUSED(victim(),
                   forge_outside(outsider, {SenderType::kNewMemberProposal, 0}, proposal, *victim().group),
                   Rule::kProposalNewMember);
  }
  EXPECT_NO_THROW(victim().receive(
      forge_outside(outsider, {SenderType::kNewMemberProposal, 0}, outsider.add(), *victim().group)));
}

TEST_F(ProposalRules, ProposalUpdateKey) {
  LeafNode leaf = *mallory().group->tree().leaf(1);
  leaf.source = LeafSource::kUpdate;
  leaf.lifetime = {};
  sign_leaf(leaf, *mallory().suite, mallory().signer, victim().group->id(), 1);
  EXPECT_REFUSED(victim(), forge(mallory(), Proposal{Update{leaf}}), Rule::kProposalUpdateKey);
}

TEST_F(ProposalRules, ProposalSelfRemove) {
  const auto capable = [](Client& client) { client.leaf.self_remove = true; };
  clients = make_room(3, {}, capable);
  EXPECT_REFUSED(victim(), forge_list(mallory(), {{SelfRemove{}}}), Rule::kProposalSelfRemove);
  EXPECT_RULE(victim().group->commit(openly({{SelfRemove{}}})), Rule::kProposalSelfRemove);
  const Message leaves = mallory().group->propose({SelfRemove{}});
  victim().receive(leaves);
  clients[2]->receive(leaves);
  deliver(clients, victim(), victim().group->commit());
  EXPECT_TRUE(mallory().group->was_removed());
}

}  // namespace
}  // namespace mychat::mls::testing
