// Leaves that accounts vouch for.
#include <gtest/gtest.h>

#include "clients.h"
#include "e2ee/mls/account_credential.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

struct Accounts {
  Ed25519PrivateKey alice = Ed25519PrivateKey::generate();
  Ed25519PrivateKey bob = Ed25519PrivateKey::generate();
  AccountAuthentication authentication{[this](std::string_view user) -> std::optional<Ed25519PublicKey> {
    if (user == "alice@example.org") return alice.public_key();
    if (user == "bob@example.org") return bob.public_key();
    return std::nullopt;
  }};
};

Credential of(const Ed25519PrivateKey& account, const SigningKey& leaf,
              std::string_view user = "alice@example.org", std::string_view device = "Küche") {
  return make_account_credential(user, device, account, leaf.public_key());
}

TEST(AccountCredential, IsAcceptedForTheKeyAndTheAccountThatItNames) {
  const Accounts accounts;
  const SigningKey leaf = SigningKey::generate(SignatureAlgorithm::kEcdsaP256Sha256);
  const SigningKey other = SigningKey::generate(SignatureAlgorithm::kEcdsaP256Sha256);
  const auto accepts = [&](const Credential& credential, const SigningKey& key) {
    return accounts.authentication.accepts(credential, key.public_key(), {});
  };
  const Credential good = of(accounts.alice, leaf);
  EXPECT_TRUE(accepts(good, leaf));
  EXPECT_EQ(AccountIdentity::of(good)->user, "alice@example.org");
  EXPECT_EQ(AccountIdentity::of(good)->device, "Küche");
  EXPECT_FALSE(accepts(good, other));
  EXPECT_FALSE(accepts(of(accounts.bob, leaf), leaf));
  EXPECT_FALSE(accepts(of(accounts.alice, leaf, "carol@example.org"), leaf));
  for (std::size_t i = 0; i < good.identity.size(); ++i) {
    Credential bad = good;
    bad.identity[i] ^= 1;
    EXPECT_FALSE(accepts(bad, leaf)) << i;
    bad.identity = Bytes(good.identity.begin(), good.identity.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(accepts(bad, leaf)) << i;
  }
}

TEST(AccountCredential, StaysThatOfItsDevice) {
  const Accounts accounts;
  const SigningKey before = SigningKey::generate(SignatureAlgorithm::kEd25519);
  const SigningKey after = SigningKey::generate(SignatureAlgorithm::kEd25519);
  const auto successor = [&](const Credential& next) {
    return accounts.authentication.is_successor(of(accounts.alice, before), next);
  };
  EXPECT_TRUE(successor(of(accounts.alice, after)));
  EXPECT_FALSE(successor(of(accounts.alice, after, "alice@example.org", "other")));
  EXPECT_FALSE(successor(of(accounts.bob, after, "bob@example.org")));
  EXPECT_FALSE(successor({}));
  EXPECT_FALSE(accounts.authentication.is_successor({}, of(accounts.alice, after)));
}

TEST(AccountCredential, IsOfOneForm) {
  const Accounts accounts;
  const SigningKey leaf = SigningKey::generate(SignatureAlgorithm::kEd25519);
  const Credential good = of(accounts.alice, leaf);
  const auto identity = [](int form, std::string_view user, std::string_view device) {
    Writer writer;
    writer(static_cast<std::uint8_t>(form), to_bytes(view(user)), to_bytes(view(device)), Bytes(64));
    Credential out;
    out.identity = writer.bytes();
    return AccountIdentity::of(out);
  };
  EXPECT_TRUE(identity(1, "alice@example.org", "x"));
  EXPECT_FALSE(identity(0, "alice@example.org", "x"));
  EXPECT_FALSE(identity(2, "alice@example.org", "x"));
  EXPECT_FALSE(identity(1, "Alice@example.org", "x")) << "not canonical";
  EXPECT_FALSE(identity(1, "alice", "x"));
  EXPECT_FALSE(identity(1, "alice@example.org", ""));
  EXPECT_FALSE(identity(1, "alice@example.org", std::string(65, 'x')));
  EXPECT_FALSE(identity(1, "alice@example.org", "\xff"));
  Credential certificate = good;
  certificate.type = CredentialType::kX509;
  EXPECT_FALSE(AccountIdentity::of(certificate));
  EXPECT_FALSE(accounts.authentication.accepts(certificate, leaf.public_key(), {}));
}

TEST(AccountCredential, IsMadeOfAHandleAndADeviceOnly) {
  const Accounts accounts;
  const SigningKey leaf = SigningKey::generate(SignatureAlgorithm::kEd25519);
  EXPECT_ERROR(of(accounts.alice, leaf, "alice"), MYCHAT_E_INVALID_ARGUMENT, "handle");
  EXPECT_ERROR(of(accounts.alice, leaf, "alice@example.org", ""), MYCHAT_E_INVALID_ARGUMENT, "device");
  EXPECT_ERROR(of(accounts.alice, leaf, "alice@example.org", std::string(65, 'x')), MYCHAT_E_INVALID_ARGUMENT,
               "");
  EXPECT_ERROR(of(accounts.alice, leaf, "alice@example.org", "\xff"), MYCHAT_E_INVALID_ARGUMENT, "");
}

TEST(AccountCredential, KeepsAGroupToItsAccounts) {
  const Accounts accounts;
  Environment env = environment();
  env.authentication = &accounts.authentication;
  Client alice("", test_suite(), env), bob("", test_suite(), env), mallory("", test_suite(), env);
  alice.leaf.credential = of(accounts.alice, alice.signer);
  bob.leaf.credential = of(accounts.bob, bob.signer, "bob@example.org");
  mallory.leaf.credential = of(Ed25519PrivateKey::generate(), mallory.signer, "bob@example.org");
  alice.create();
  CommitOptions options;
  options.proposals = {bob.add()};
  PendingCommit pending = alice.group->commit(options);
  bob.join(*pending.welcome);
  alice.group->apply(std::move(pending));
  EXPECT_EQ(bob.read(alice.say("hi")), "hi");
  options.proposals = {mallory.add()};
  EXPECT_ERROR(alice.group->commit(options), MYCHAT_E_SIGNATURE, "credential");
  ExternalJoinOptions replace;
  replace.replaces = bob.group->own_leaf();
  EXPECT_ERROR(
      Group::join_external(env, alice.group->group_info(true, true), mallory.signer, mallory.leaf, replace),
      MYCHAT_E_SIGNATURE, "credential");
}

}  // namespace
}  // namespace mychat::mls::testing
