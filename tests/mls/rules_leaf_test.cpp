// Leaves and KeyPackages that break a rule of RFC 9420 sections 7.3 or 10.1.
#include "forge.h"

namespace mychat::mls::testing {
namespace {

// A newcomer's KeyPackage, altered and signed anew, in an Add that a member proposes and then commits.
class LeafRules : public ::testing::Test {
 protected:
  void refuse(const KeyPackage& package, Rule rule) {
    EXPECT_REFUSED(victim(), forge(*clients[1], Proposal{Add{package}}), rule);
    EXPECT_REFUSED(victim(), forge_list(*clients[1], {{Add{package}}}), rule);
    // Nor does an honest member send it.
    CommitOptions options;
    options.proposals = {{Add{package}}};
    const Records before = victim().group->save();
    EXPECT_RULE(victim().group->commit(options), rule);
    EXPECT_RULE(victim().group->propose({Add{package}}), rule);
    EXPECT_TRUE(victim().group->save() == before);
  }
  template <class Change>
  void refuse_altered(Change&& change, Rule rule) {
    refuse(altered_package(newcomer, change), rule);
  }
  Client& victim() { return *clients[0]; }

  Clients clients = make_room(3);
  Client newcomer{"newcomer@example.org"};
};

TEST_F(LeafRules, LeafSignature) {
  KeyPackage package = newcomer.publish();
  package.leaf.signature.back() ^= 1;
  sign_package(newcomer, package, false);
  refuse(package, Rule::kLeafSignature);
}

TEST_F(LeafRules, LeafSignatureOfUpdatesAndPathsNamesTheGroupAndThePlace) {
  LeafNode leaf = *clients[1]->group->tree().leaf(1);
  leaf.encryption_key = environment().key_pair(*newcomer.suite).public_key;
  leaf.source = LeafSource::kUpdate;
  for (const auto& [group, place] : {std::pair(victim().group->id(), 2U), std::pair(Bytes{1}, 1U)}) {
    sign_leaf(leaf, *newcomer.suite, clients[1]->signer, group, place);
    EXPECT_REFUSED(victim(), forge(*clients[1], Proposal{Update{leaf}}), Rule::kLeafSignature);
  }
  EXPECT_REFUSED(victim(),
                 forge_path(*clients[1], {}, leaf, [](UpdatePath& path) { path.leaf.signature[3] ^= 1; }),
                 Rule::kLeafSignature);
}

TEST_F(LeafRules, LeafCredential) {
  StrictService service;
  Environment env = environment();
  env.authentication = &service;
  clients = make_room(3, {}, {}, env);
  service.refused = "newcomer@example.org";
  refuse(newcomer.publish(), Rule::kLeafCredential);
  const auto renamed = [](LeafNode& leaf) { leaf.credential.identity.push_back('x'); };
  EXPECT_REFUSED(victim(), forge_path_leaf(*clients[1], renamed), Rule::kLeafCredential);
  LeafOptions other = clients[1]->leaf;
  other.credential.identity.push_back('x');
  LeafNode leaf =
      make_leaf(*newcomer.suite, clients[1]->signer, other, env.key_pair(*newcomer.suite).public_key, env);
  leaf.source = LeafSource::kUpdate;
  sign_leaf(leaf, *newcomer.suite, clients[1]->signer, victim().group->id(), 1);
  EXPECT_REFUSED(victim(), forge(*clients[1], Proposal{Update{leaf}}), Rule::kLeafCredential);
  service.refused = "newcomer@example.org";
  const Commit commit = external_commit(newcomer, *victim().group);
  EXPECT_REFUSED(victim(), forge_external(newcomer, commit, *victim().group), Rule::kLeafCredential);
}

TEST_F(LeafRules, LeafRequiredCapabilities) {
  const auto capable = [](Client& client) {
    client.leaf.more_extensions = {kOwnExtension};
    client.leaf.more_proposals = {0xf002};
  };
  // What RFC 9420 itself defines need not be named.
  const std::vector<std::uint16_t> extensions{kOwnExtension, extension::kApplicationId};
  const std::vector<std::uint16_t> proposals{0xf002, 1, 7};
  for (const RequiredCapabilities& required :
       {RequiredCapabilities{extensions, {}, {}}, RequiredCapabilities{{}, proposals, {}},
        RequiredCapabilities{{}, {}, {2}}}) {
    clients = make_room(3, {required_capabilities(required)}, capable);
    refuse_altered([](KeyPackage& package) { package.leaf.capabilities.credentials = {1}; },
                   Rule::kLeafRequiredCapabilities);
    EXPECT_REFUSED(victim(),
                   forge_path_leaf(*clients[1],
                                   [](LeafNode& leaf) {
                                     leaf.capabilities.extensions.clear();
                                     leaf.capabilities.proposals.clear();
                                     leaf.capabilities.credentials = {1};
                                   }),
                   Rule::kLeafRequiredCapabilities);
  }
}

TEST_F(LeafRules, LeafCredentialSupport) {
  refuse_altered([](KeyPackage& package) { package.leaf.capabilities.credentials = {2}; },
                 Rule::kLeafCredentialSupport);
  // A credential that somebody else does not support, and somebody who does not support another's.
  const KeyPackage certified = altered_package(newcomer, [](KeyPackage& package) {
    package.leaf.credential = {CredentialType::kX509, {}, {Bytes{1, 2, 3}}};
  });
  Client plain("plain@example.org");
  const KeyPackage basic_only =
      altered_package(plain, [](KeyPackage& package) { package.leaf.capabilities.credentials = {1}; });
  EXPECT_REFUSED(victim(), forge_list(*clients[1], {{Add{certified}}, {Add{basic_only}}}),
                 Rule::kLeafCredentialSupport);
  std::vector<Proposal> many{{Add{certified}}, {Add{basic_only}}};
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < 10; ++i) {
    others.push_back(std::make_unique<Client>("other-" + std::to_string(i)));
    many.push_back(others.back()->add());
  }
  EXPECT_REFUSED(victim(), forge_list(*clients[1], many), Rule::kLeafCredentialSupport);
}

TEST_F(LeafRules, LeafLifetime) {
  using Lifetimes = std::vector<Lifetime>;
  const auto now = static_cast<std::uint64_t>(Clock::system().now_ms() / 1000);
  const std::uint64_t day = 24 * 3600;
  for (const Lifetime& lifetime : Lifetimes{{now - 3 * day, now - 2 * day},
                                            {now + 2 * day, now + 3 * day},
                                            {now - day, now + 500 * day},
                                            {now + day, now - day},
                                            {0, ~std::uint64_t{0}}}) {
    refuse_altered([&](KeyPackage& package) { package.leaf.lifetime = lifetime; }, Rule::kLeafLifetime);
  }
  // Where the time of what is received is not looked at, too long is too long.
  Environment env = environment();
  env.check_received_lifetimes = false;
  clients = make_room(3, {}, {}, env);
  refuse_altered(
      [&](KeyPackage& package) {
        package.leaf.lifetime = {now - day, now + 500 * day};
      },
      Rule::kLeafLifetime);
  const KeyPackage old = altered_package(newcomer, [&](KeyPackage& package) {
    package.leaf.lifetime = {now - 3 * day, now - 2 * day};
  });
  EXPECT_NO_THROW(victim().receive(forge(*clients[1], Proposal{Add{old}})));
}

TEST_F(LeafRules, LeafExtensions) {
  refuse_altered(
      [](KeyPackage& package) {
        package.leaf.extensions = {{kOwnExtension, {}}};
      },
      Rule::kLeafExtensionSupport);
  refuse_altered(
      [](KeyPackage& package) {
        package.leaf.extensions = {{extension::kApplicationId, {1}}, {extension::kApplicationId, {2}}};
      },
      Rule::kLeafExtensionTwice);
  EXPECT_REFUSED(victim(),
                 forge_path_leaf(*clients[1],
                                 [](LeafNode& leaf) {
                                   leaf.extensions = {{kOwnExtension, {}}};
                                 }),
                 Rule::kLeafExtensionSupport);
}

TEST_F(LeafRules, WhatIsUnknownButNamedIsTolerated) {
  const KeyPackage package = altered_package(newcomer, [](KeyPackage& made) {
    made.leaf.extensions = {{0x1a1a, {9}}, {kOwnExtension, {}}, {extension::kApplicationId, {1}}};
    made.extensions = {{0x2a2a, {8, 8}}};
    for (const auto type : std::vector<std::uint16_t>{0x1a1a, 0x2a2a, 0xf001, 0x7777}) {
      made.leaf.capabilities.extensions.push_back(type);
      made.leaf.capabilities.proposals.push_back(type);
      made.leaf.capabilities.credentials.push_back(type);
      made.leaf.capabilities.suites.push_back(type);
      made.leaf.capabilities.versions.push_back(type);
    }
  });
  CommitOptions options;
  options.proposals = {{Add{package}}};
  deliver(clients, victim(), victim().group->commit(options));
  EXPECT_EQ(clients[1]->group->tree().members(), 4U);
}

TEST_F(LeafRules, CapabilitiesDoNotNameWhatEveryClientSupports) {
  newcomer.leaf.extensions = {{extension::kApplicationId, {1}}, {kOwnExtension, {}}};
  newcomer.leaf.more_extensions = {kOwnExtension, extension::kExternalSenders};
  newcomer.leaf.more_proposals = {1, 0xf002};
  const Capabilities made = own_capabilities(newcomer.leaf, newcomer.env);
  // The last of each is a value that nobody knows.
  EXPECT_EQ(made.extensions.size(), 2U);
  EXPECT_EQ(made.extensions[0], kOwnExtension);
  EXPECT_EQ(made.proposals.size(), 2U);
  EXPECT_EQ(made.proposals[0], 0xf002);
  EXPECT_TRUE(is_grease(made.extensions[1]) && is_grease(made.proposals[1]));
  CommitOptions options;
  options.proposals = {newcomer.add()};
  deliver(clients, victim(), victim().group->commit(options));
  EXPECT_EQ(clients[1]->group->tree().members(), 4U);
}

TEST_F(LeafRules, LeafSource) {
  refuse_altered([](KeyPackage& package) { package.leaf.source = LeafSource::kUpdate; }, Rule::kLeafSource);
  refuse_altered([](KeyPackage& package) { package.leaf.source = LeafSource::kCommit; }, Rule::kLeafSource);
  const LeafNode own = *clients[1]->group->tree().leaf(1);
  EXPECT_REFUSED(victim(), forge(*clients[1], Proposal{Update{own}}), Rule::kLeafSource);
  EXPECT_REFUSED(victim(),
                 forge_path_leaf(*clients[1], [](LeafNode& leaf) { leaf.source = LeafSource::kUpdate; }),
                 Rule::kLeafSource);
}

TEST_F(LeafRules, LeafKeysUnique) {
  Client second("second@example.org");
  const Bytes taken = clients[2]->group->tree().leaf(2)->encryption_key;
  const Bytes parents = clients[0]->group->tree().parent(1)->encryption_key;
  for (const Bytes& key : {taken, parents}) {
    const KeyPackage package =
        altered_package(newcomer, [&](KeyPackage& made) { made.leaf.encryption_key = key; });
    EXPECT_REFUSED(victim(), forge_list(*clients[1], {{Add{package}}}), Rule::kLeafKeysUnique);
  }
  const Proposal first = newcomer.add();
  const KeyPackage same = altered_package(second, [&](KeyPackage& made) {
    made.leaf.encryption_key = first.as<Add>()->key_package.leaf.encryption_key;
  });
  EXPECT_REFUSED(victim(), forge_list(*clients[1], {first, {Add{same}}}), Rule::kLeafKeysUnique);
  // The signature key of another member, whose private key is known too.
  const Message stolen =
      forge_path(*clients[1], {}, *clients[1]->group->tree().leaf(1), [&](UpdatePath& path) {
        path.leaf.signature_key = clients[2]->signer.public_key();
        sign_leaf(path.leaf, *newcomer.suite, clients[2]->signer, victim().group->id(), 1);
      });
  EXPECT_REFUSED(victim(), stolen, Rule::kLeafKeysUnique);
}

TEST_F(LeafRules, LeafKeysUniqueAmongMany) {
  std::vector<Proposal> many;
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < 40; ++i) {
    others.push_back(std::make_unique<Client>("other-" + std::to_string(i)));
    many.push_back({Add{altered_package(*others.back(), [&](KeyPackage& made) {
      if (i == 39) made.leaf.encryption_key = many[0].as<Add>()->key_package.leaf.encryption_key;
    })}});
  }
  EXPECT_REFUSED(victim(), forge_list(*clients[1], many), Rule::kLeafKeysUnique);
}

TEST_F(LeafRules, LeafGroupExtensions) {
  clients = make_room(3, {{kOwnExtension, {1}}},
                      [](Client& client) { client.leaf.more_extensions = {kOwnExtension}; });
  refuse(newcomer.publish(), Rule::kLeafGroupExtensions);
  const Commit commit = external_commit(*clients[2], *victim().group, {nullptr, 2, {}, {}, {}});
  Commit incapable = commit;
  incapable.path->leaf.capabilities.extensions.clear();
  sign_leaf(incapable.path->leaf, *newcomer.suite, clients[2]->signer, victim().group->id(), 2);
  EXPECT_REFUSED(victim(), forge_external(*clients[2], incapable, *victim().group),
                 Rule::kLeafGroupExtensions);
  EXPECT_RULE(Group::create(newcomer.env, *newcomer.suite, newcomer.signer, newcomer.leaf,
                            {{}, {{kOwnExtension, {}}}}),
              Rule::kLeafGroupExtensions);
}

TEST_F(LeafRules, LeafVersionSuite) {
  refuse_altered(
      [](KeyPackage& package) {
        package.leaf.capabilities.suites = {2, 3};
      },
      Rule::kLeafVersionSuite);
  refuse_altered([](KeyPackage& package) { package.leaf.capabilities.versions = {2}; },
                 Rule::kLeafVersionSuite);
}

TEST_F(LeafRules, LeafKeyForm) {
  refuse_altered([](KeyPackage& package) { package.leaf.encryption_key.pop_back(); }, Rule::kLeafKeyForm);
  refuse_altered([](KeyPackage& package) { package.leaf.signature_key.push_back(0); }, Rule::kLeafKeyForm);
}

TEST_F(LeafRules, KeyPackages) {
  refuse_altered([](KeyPackage& package) { package.suite = 3; }, Rule::kKeyPackageSuite);
  refuse_altered([](KeyPackage& package) { package.version = 2; }, Rule::kKeyPackageSuite);
  KeyPackage package = newcomer.publish();
  package.signature[5] ^= 4;
  refuse(package, Rule::kKeyPackageSignature);
  refuse_altered([](KeyPackage& made) { made.init_key = made.leaf.encryption_key; },
                 Rule::kKeyPackageInitKey);
  refuse_altered([](KeyPackage& made) { made.init_key.pop_back(); }, Rule::kKeyPackageKeyForm);
  refuse_altered(
      [](KeyPackage& made) {
        made.extensions = {{0x1a1a, {}}};
        made.leaf.capabilities.extensions.clear();
      },
      Rule::kKeyPackageExtensionSupport);
  refuse_altered(
      [](KeyPackage& made) {
        made.extensions = {{kOwnExtension, {}}, {kOwnExtension, {1}}};
        made.leaf.capabilities.extensions.push_back(kOwnExtension);
      },
      Rule::kKeyPackageExtensionTwice);
}

}  // namespace
}  // namespace mychat::mls::testing
