// Where randomness and time are given, all that a group makes is known beforehand.
#include <gtest/gtest.h>

#include <random>

#include "clients.h"
#include "e2ee/mls/outside.h"

namespace mychat::mls {
namespace {

using testing::Client;

// What a session of a suite puts on the wire and into storage, with everything random from one seed.
std::vector<Bytes> session(SuiteId suite, unsigned seed, const std::vector<SigningKey>& signers) {
  static const testing::FixedClock clock;
  std::mt19937_64 random(seed);
  Environment env = testing::environment();
  env.clock = &clock;
  env.random = [&random](MutableBytes out) {
    for (auto& octet : out) octet = static_cast<std::uint8_t>(random());
  };
  std::vector<Client> people;
  for (std::size_t i = 0; i < signers.size(); ++i) {
    people.emplace_back("person-" + std::to_string(i), suite, env);
    people.back().signer = signers[i];
  }
  Client &alice = people[0], &bob = people[1], &carol = people[2], &dave = people[3];
  std::vector<Bytes> out;
  const auto note = [&](const auto& value) { out.push_back(encode(value)); };
  alice.create();
  CommitOptions add;
  add.proposals = {bob.add(), carol.add()};
  PendingCommit pending = alice.group->commit(add);
  note(pending.commit);
  note(*pending.welcome);
  bob.join(*pending.welcome);
  carol.join(*pending.welcome);
  alice.group->apply(std::move(pending));
  pending = carol.group->commit();
  note(pending.commit);
  alice.receive(pending.commit);
  bob.receive(pending.commit);
  carol.group->apply(std::move(pending));
  note(bob.group->propose_update());
  note(Message{bob.group->protect(view("hello"))});
  pending = Group::join_external(env, alice.group->group_info(true, true), dave.signer, dave.leaf);
  note(pending.commit);
  alice.receive(pending.commit);
  note(
      propose_external(*alice.suite, {alice.group->id(), alice.group->epoch()}, 0, dave.signer, {Remove{1}}));
  for (const auto& [id, content] : alice.group->save()) out.push_back(to_bytes(content));
  return out;
}

// Those whose signatures are not random in themselves, as ECDSA's are in OpenSSL.
std::vector<SuiteId> suites() {
  std::vector<SuiteId> out;
  for (const SuiteId id : Suite::supported()) {
    const SignatureAlgorithm signature = Suite::get(id).signature();
    if (signature == SignatureAlgorithm::kEd25519 || signature == SignatureAlgorithm::kEd448)
      out.push_back(id);
  }
  return out;
}

class EverySuiteGiven : public ::testing::TestWithParam<SuiteId> {};

TEST_P(EverySuiteGiven, RandomnessGivesWhatIsMade) {
  std::vector<SigningKey> signers;
  for (int i = 0; i < 4; ++i) signers.push_back(SigningKey::generate(Suite::get(GetParam()).signature()));
  const auto first = session(GetParam(), 1, signers);
  const auto other = session(GetParam(), 2, signers);
  EXPECT_EQ(first, session(GetParam(), 1, signers));
  ASSERT_GT(first.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NE(first[i], other[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Suites, EverySuiteGiven, ::testing::ValuesIn(suites()));

}  // namespace
}  // namespace mychat::mls
