// Welcomes and GroupInfos that break a rule of RFC 9420 section 12.4.3.
#include "welcomes.h"

namespace mychat::mls::testing {
namespace {

TEST_F(WelcomeRules, WhatIsSealedAgainIsStillGood) { EXPECT_NO_THROW(newcomer.join(reseal(open))); }

TEST_F(WelcomeRules, ContextOfTheGroupInfo) {
  refuse_info(
      [](GroupInfo& info) {
        info.context.extensions = {{kOwnExtension, {}}};
      },
      Rule::kLeafGroupExtensions);
  refuse_info(
      [](GroupInfo& info) {
        info.context.extensions = {required_capabilities({{kOwnExtension}, {}, {}})};
      },
      Rule::kLeafRequiredCapabilities);
  refuse_info(
      [](GroupInfo& info) {
        info.context.extensions = {{kOwnExtension, {}}, {kOwnExtension, {}}};
      },
      Rule::kContextExtensionTwice);
  refuse_info(
      [](GroupInfo& info) {
        info.context.extensions = {{extension::kRequiredCapabilities, {0, 0}}};
      },
      Rule::kContextExtensionForm);
  refuse_info(
      [](GroupInfo& info) {
        info.context.extensions = {
            {extension::kExternalSenders, encode(std::vector<ExternalSender>{{Bytes(3), {}}})}};
      },
      Rule::kContextExternalSender);
}

TEST_F(WelcomeRules, WelcomeNotForUs) {
  OpenWelcome other = open;
  other.welcome.secrets[0].new_member[0] ^= 1;
  refuse(reseal(other), Rule::kWelcomeNotForUs);
  other.welcome.secrets.clear();
  refuse({other.welcome}, Rule::kWelcomeNotForUs);
  EXPECT_RULE(Group::join(newcomer.env, open.welcome, {}), Rule::kWelcomeNotForUs);
}

TEST_F(WelcomeRules, WelcomeSuite) {
  OpenWelcome other = open;
  other.welcome.suite = 3;
  refuse(reseal(other), Rule::kWelcomeSuite);
}

TEST_F(WelcomeRules, WelcomeDecrypt) {
  Welcome welcome = open.welcome;
  welcome.secrets[0].secrets.ciphertext[0] ^= 1;
  refuse({welcome}, Rule::kWelcomeDecrypt);
  // Another GroupInfo beside the same secrets: HPKE binds them together.
  welcome = open.welcome;
  welcome.encrypted_group_info[0] ^= 1;
  refuse({welcome}, Rule::kWelcomeDecrypt);
  // And one that the joiner secret does not open.
  welcome.secrets[0].secrets =
      suite.encrypt_with_label(newcomer.packages.back()->key_package.init_key, "Welcome",
                               welcome.encrypted_group_info, encode(open.secrets));
  refuse({welcome}, Rule::kWelcomeDecrypt);
}

TEST_F(WelcomeRules, WelcomeSignature) {
  OpenWelcome other = open;
  other.info.signature[7] ^= 1;
  refuse(reseal(other, {}, false), Rule::kWelcomeSignature);
  refuse_info([](GroupInfo& info) { info.signer = 1; }, Rule::kWelcomeSignature);
}

TEST_F(WelcomeRules, WelcomeSigner) {
  for (const LeafIndex nobody : {5U, 8U, 0xffffffffU}) {
    refuse_info([&](GroupInfo& info) { info.signer = nobody; }, Rule::kWelcomeSigner);
  }
}

TEST_F(WelcomeRules, WelcomeNoTree) {
  OpenWelcome other = open;
  other.info.extensions.clear();
  refuse(reseal(other), Rule::kWelcomeNoTree);
  Client outsider("outsider@example.org");
  EXPECT_RULE(Group::join_external(outsider.env, clients[0]->group->group_info(false, true), outsider.signer,
                                   outsider.leaf),
              Rule::kWelcomeNoTree);
}

TEST_F(WelcomeRules, WelcomeOwnLeaf) {
  clients.resize(1);
  clients[0]->create();
  CommitOptions options;
  options.path = false;
  invite(options);
  refuse_tree(
      [&](NodeVector& nodes) {
        change_leaf(nodes, 1, [&](LeafNode& leaf) {
          ++leaf.lifetime.not_after;
          sign_leaf(leaf, suite, newcomer.signer, {}, 0);
        });
      },
      Rule::kWelcomeOwnLeaf);
}

TEST_F(WelcomeRules, WelcomeConfirmation) {
  OpenWelcome other = open;
  other.info.confirmation_tag[31] ^= 1;
  refuse(reseal(other), Rule::kWelcomeConfirmation);
  other = open;
  other.info.context.epoch += 1;
  refuse(reseal(other), Rule::kWelcomeConfirmation);
}

TEST_F(WelcomeRules, WelcomePathSecret) {
  OpenWelcome other = open;
  other.secrets.path_secret->secret[0] ^= 1;
  refuse(reseal(other), Rule::kWelcomePathSecret);
  other.secrets.path_secret->secret.clear();
  refuse(reseal(other), Rule::kWelcomePathSecret);
}

TEST_F(WelcomeRules, WelcomePsk) {
  const PskLookup psks = [](const PreSharedKeyId&) { return Secret(32, 5); };
  JoinOptions options;
  options.psks = psks;
  OpenWelcome other = open;
  other.secrets.psks = {external_psk(), external_psk()};
  refuse(reseal(other, psks), Rule::kWelcomePsk, options);
  PreSharedKeyId tie = external_psk();
  tie.type = PskType::kResumption;
  tie.psk_id.clear();
  tie.usage = PskUsage::kBranch;
  other.secrets.psks = {tie, tie};
  other.secrets.psks[1].usage = PskUsage::kReInit;
  refuse(reseal(other, psks), Rule::kWelcomePsk, options);
  other.secrets.psks = {external_psk("key", 31)};
  refuse(reseal(other, psks), Rule::kProposalPskNonce, options);
  other.secrets.psks = {external_psk()};
  refuse(reseal(other, psks), Rule::kProposalPskUnknown);
}

TEST_F(WelcomeRules, WelcomeResumption) {
  const PskLookup psks = [](const PreSharedKeyId&) { return Secret(32, 5); };
  OpenWelcome other = open;
  PreSharedKeyId tie = external_psk();
  tie.type = PskType::kResumption;
  tie.psk_id.clear();
  tie.usage = PskUsage::kBranch;
  tie.psk_group_id = clients[0]->group->id();
  other.secrets.psks = {tie};
  JoinOptions options;
  options.psks = psks;
  refuse(reseal(other, psks), Rule::kWelcomeResumption, options);  // Nothing to compare with.
  options.predecessor = &*clients[1]->group;
  other.secrets.psks[0].psk_epoch = 1000;
  refuse(reseal(other, psks), Rule::kWelcomeResumption, options);  // Not the first epoch.
}

TEST_F(WelcomeRules, WelcomeVersion) {
  OpenWelcome other = open;
  other.info.context.version = 2;
  refuse(reseal(other), Rule::kWelcomeVersion);
  other = open;
  other.info.context.suite = 3;
  refuse(reseal(other), Rule::kWelcomeVersion);
  Client outsider("outsider@example.org");
  GroupInfo info = clients[0]->group->group_info(true, true);
  info.context.version = 2;
  sign_info(info, *clients[0]);
  EXPECT_RULE(Group::join_external(outsider.env, info, outsider.signer, outsider.leaf),
              Rule::kWelcomeVersion);
}

TEST_F(WelcomeRules, GroupInfoExternalPub) {
  Client outsider("outsider@example.org");
  GroupInfo info = clients[0]->group->group_info(true, false);
  const auto refuse_key = [&] {
    sign_info(info, *clients[0]);
    EXPECT_RULE(Group::join_external(outsider.env, info, outsider.signer, outsider.leaf),
                Rule::kGroupInfoExternalPub);
  };
  refuse_key();
  info.extensions.push_back({extension::kExternalPub, {}});
  // Short, of small order, and with an octet behind it.
  const std::size_t size = outsider.publish().init_key.size();
  Bytes longer = encode(Bytes(size, 9));
  longer.push_back(0);
  for (const Bytes& data : {Bytes{}, Bytes{0}, encode(Bytes(size - 1, 9)), encode(Bytes(size)), longer}) {
    info.extensions.back().data = data;
    refuse_key();
  }
}

TEST_F(WelcomeRules, GroupInfoExtensions) {
  refuse_info(
      [](GroupInfo& info) {
        info.extensions.push_back({0x1a1a, {}});
        info.extensions.push_back({0x1a1a, {}});
      },
      Rule::kGroupInfoExtensionTwice);
  OpenWelcome grease = open;
  grease.info.extensions.push_back({0x1a1a, {1, 2}});
  grease.info.extensions.push_back({kOwnExtension, {}});
  EXPECT_NO_THROW(newcomer.join(reseal(grease)));
}

}  // namespace
}  // namespace mychat::mls::testing
