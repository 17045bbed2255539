// What a group refuses to do, and that it is as before; and ways in and on that are rarely gone.
#include <gtest/gtest.h>

#include "forge.h"
#include "support/expect_error.h"

namespace mychat::mls::testing {
namespace {

class Refusals : public ::testing::Test {
 protected:
  template <class Work>
  void refuses(Client& client, Work&& work, mychat_status status, const std::string& part) {
    const Records before = client.group->save();
    EXPECT_ERROR(work(), status, part);
    EXPECT_EQ(client.group->save(), before) << "the group changed";
  }

  Clients clients = make_room(4);
  Client& alice = *clients[0];
  Client& bob = *clients[1];
  Client& carol = *clients[2];
  Client& dave = *clients[3];
};

TEST_F(Refusals, WhoWasRemovedDoesNothing) {
  PendingCommit pending = bob.group->commit();
  deliver(clients, alice, alice.group->commit(openly({{Remove{1}}})));
  ASSERT_TRUE(bob.group->was_removed());
  const std::vector<std::function<void()>> works{
      [&] { static_cast<void>(bob.group->group_info(true, true)); },
      [&] { bob.group->commit(); },
      [&] { bob.group->protect(view("x")); },
      [&] { bob.group->propose({Remove{2}}); },
      [&] { bob.group->propose_update(); },
      [&] { static_cast<void>(Group::branch(bob.env, *bob.group, bob.signer, bob.leaf, {}, {})); },
  };
  for (const auto& work : works) refuses(bob, work, MYCHAT_E_INVALID_STATE, "was removed");
  refuses(
      bob, [&] { bob.group->apply(std::move(pending)); }, MYCHAT_E_INVALID_STATE, "present epoch");
  EXPECT_TRUE(pending.next) << "what was not applied is still there";
}

TEST_F(Refusals, ACommitThatIsNotTheNextOne) {
  Clients others = make_room(2);
  PendingCommit foreign = others[0]->group->commit();
  refuses(
      alice, [&] { alice.group->apply(std::move(foreign)); }, MYCHAT_E_INVALID_STATE, "present epoch");
  Group fork = *alice.group;
  PendingCommit early = alice.group->commit();
  fork.apply(fork.commit());
  deliver(clients, alice, alice.group->commit());
  refuses(
      alice, [&] { alice.group->apply(std::move(early)); }, MYCHAT_E_INVALID_STATE, "present epoch");
  PendingCommit forked = fork.commit();
  ASSERT_EQ(forked.next->epoch(), alice.group->epoch() + 1);
  refuses(
      alice, [&] { alice.group->apply(std::move(forked)); }, MYCHAT_E_INVALID_STATE, "present epoch");
  PendingCommit good = alice.group->commit();
  alice.group->apply(std::move(good));
  refuses(
      alice, [&] { alice.group->apply(std::move(good)); }, MYCHAT_E_INVALID_ARGUMENT, "applied already");
}

// The same commit may count in copies of a group: each then has its own.
TEST_F(Refusals, ACommitOfWhichThereAreCopies) {
  Group copy = *alice.group;
  PendingCommit pending = alice.group->commit();
  PendingCommit same = pending;
  copy.apply(std::move(pending));
  alice.group->apply(std::move(same));
  bob.receive(same.commit);
  EXPECT_EQ(copy.epoch_authenticator(), alice.group->epoch_authenticator());
  static_cast<void>(copy.protect(view("of the copy")));
  EXPECT_EQ(bob.read(alice.say("still the first key")), "still the first key");
}

TEST_F(Refusals, SaysHowItStandsToAnother) {
  const GroupInfo before = alice.group->group_info(false, false);
  EXPECT_EQ(bob.group->compare(before), Relation::kSame);
  Group fork = *alice.group;
  fork.apply(fork.commit());
  PendingCommit pending = alice.group->commit();
  alice.group->apply(std::move(pending));
  EXPECT_EQ(alice.group->compare(before), Relation::kAhead);
  EXPECT_EQ(alice.group->compare(fork.group_info(false, false)), Relation::kForked);
  EXPECT_EQ(bob.group->compare(fork.group_info(false, false)), Relation::kBehind);
  EXPECT_RULE(make_group(1)[0]->group->compare(before), Rule::kMessageGroup);
}

TEST_F(Refusals, SoManyProposalsWait) {
  Environment env = environment();
  env.most_proposals = 2;
  clients = make_room(4, {}, {}, env);
  Client& from = *clients[0];
  Client& to = *clients[1];
  for (int i = 0; i < 2; ++i) to.receive(from.group->propose(clients[2]->add()));
  refuses(
      from, [&] { from.group->propose({Remove{3}}); }, MYCHAT_E_BUSY, "Too many proposals");
  refuses(
      from, [&] { from.group->propose_update(); }, MYCHAT_E_BUSY, "Too many proposals");
  from.group->drop_waiting_proposals();
  const Message third = from.group->propose({Remove{3}});
  refuses(
      to, [&] { to.receive(third); }, MYCHAT_E_BUSY, "Too many proposals");
  to.group->drop_waiting_proposals();
  EXPECT_NO_THROW(to.receive(third)) << "its key was not used up";
}

TEST_F(Refusals, ProposalsThatAreMadeAnotherWay) {
  refuses(
      alice, [&] { alice.group->propose({Update{*alice.group->tree().leaf(0)}}); }, MYCHAT_E_INVALID_ARGUMENT,
      "propose_update");
  refuses(
      alice, [&] { alice.group->propose({ExternalInit{{1}}}); }, MYCHAT_E_INVALID_ARGUMENT, "from outside");
}

TEST_F(Refusals, MessagesThatAreNone) {
  refuses(
      alice, [&] { alice.group->process({bob.publish()}); }, MYCHAT_E_INVALID_ARGUMENT, "PrivateMessages");
  refuses(
      alice, [&] { alice.group->process({bob.group->group_info(true, true)}); }, MYCHAT_E_INVALID_ARGUMENT,
      "PrivateMessages");
  // A sender of no kind cannot be read; who gives the engine structs of his own is told too.
  auto message = *bob.group->propose({Remove{3}}, {}, true).as<PublicMessage>();
  message.content.sender.type = static_cast<SenderType>(9);
  const Records before = alice.group->save();
  EXPECT_RULE(alice.group->process({message}), Rule::kMessageSender);
  EXPECT_EQ(alice.group->save(), before);
}

TEST_F(Refusals, WhatTheApplicationAccepts) {
  const PendingCommit pending = alice.group->commit();
  ProcessOptions options;
  Epoch asked = 0;
  bool answer = false;
  options.accept = [&](const CommitSummary& summary) {
    asked = summary.epoch;
    return answer;
  };
  refuses(
      bob, [&] { bob.receive(pending.commit, options); }, MYCHAT_E_POLICY, "does not accept");
  answer = true;
  bob.receive(pending.commit, options);
  EXPECT_EQ(asked, 2U);
  EXPECT_EQ(bob.group->epoch(), 2U);
}

// A service that cannot say is not one that says no.
TEST_F(Refusals, AServiceThatFails) {
  struct Failing final : AuthenticationService {
    bool accepts(const Credential&, ByteView, ByteView) const override {
      if (fails) throw Error(MYCHAT_E_NETWORK, domain, "The directory is out of reach.", detail);
      return true;
    }
    bool is_successor(const Credential&, const Credential&) const override { return true; }
    bool fails = false;
    mychat_error_domain domain = MYCHAT_DOMAIN_NETWORK;
    int detail = 0;
  } service;
  Environment env = environment();
  env.authentication = &service;
  clients = make_room(2, {}, {}, env);
  Client newcomer("newcomer@example.org", kDefaultSuite, env);
  const Message proposal = clients[0]->group->propose(newcomer.add());
  service.fails = true;
  // Rules that a proposal breaks by now leave it out; nothing else does.
  const std::vector<std::pair<mychat_error_domain, int>> kinds{
      {MYCHAT_DOMAIN_E2EE, 0}, {MYCHAT_DOMAIN_NETWORK, 0}, {MYCHAT_DOMAIN_NETWORK, 7}};
  for (const auto& [domain, detail] : kinds) {
    service.domain = domain;
    service.detail = detail;
    refuses(
        *clients[0], [&] { clients[0]->group->commit(); }, MYCHAT_E_NETWORK, "directory");
  }
  refuses(
      *clients[1], [&] { clients[1]->receive(proposal); }, MYCHAT_E_NETWORK, "directory");
  EXPECT_ERROR(newcomer.create(), MYCHAT_E_NETWORK, "directory");
  service.fails = false;
  clients[1]->receive(proposal);
  EXPECT_EQ(clients[0]->group->commit().summary.added.size(), 1U);
}

TEST_F(Refusals, RandomnessThatFails) {
  bool fails = false;
  alice.env.random = [&](MutableBytes out) {
    if (fails) throw Error(MYCHAT_E_CRYPTO, MYCHAT_DOMAIN_CRYPTO, "There is no randomness.");
    random_secret_bytes(out);
  };
  alice.create();
  fails = true;
  for (const std::function<void()>& work : std::vector<std::function<void()>>{
           [&] { alice.group->protect(view("x")); }, [&] { alice.group->commit(); },
           [&] { alice.group->propose_update(); }, [&] { alice.group->propose({Psk{external_psk()}}); }}) {
    refuses(alice, work, MYCHAT_E_CRYPTO, "no randomness");
  }
  EXPECT_ERROR(alice.publish(), MYCHAT_E_CRYPTO, "no randomness");
  fails = false;
  EXPECT_NO_THROW(alice.group->protect(view("x")));
}

// A clock that stands before 1970 gives leaves that begin then, and whose end is counted from there.
TEST_F(Refusals, AClockBeforeItsTime) {
  FixedClock clock;
  clock.now = -5'000;
  Environment env = environment();
  env.clock = &clock;
  Client early("early@example.org", kDefaultSuite, env);
  const Lifetime lifetime = early.publish().leaf.lifetime;
  EXPECT_EQ(lifetime.not_before, 0U);
  EXPECT_EQ(lifetime.not_after, early.leaf.lifetime);
  EXPECT_RULE(alice.group->propose(early.add()), Rule::kLeafLifetime);
}

TEST_F(Refusals, SignatureKeysChange) {
  const SigningKey fresh = SigningKey::generate(bob.suite->signature());
  const Message update = bob.group->propose_update({}, fresh);
  for (Client* const other : {&alice, &carol, &dave}) other->receive(update);
  EXPECT_EQ(bob.group->signer().public_key(), bob.signer.public_key()) << "before it counts";
  deliver(clients, alice, alice.group->commit());
  EXPECT_EQ(bob.group->signer().public_key(), fresh.public_key());
  EXPECT_EQ(carol.read(bob.say("with the new key")), "with the new key");

  CommitOptions options;
  options.path = false;  // A new key takes one all the same.
  options.signer = SigningKey::generate(bob.suite->signature());
  PendingCommit pending = bob.group->commit(options);
  EXPECT_TRUE(pending.summary.has_path);
  deliver(clients, bob, std::move(pending));
  EXPECT_EQ(alice.group->tree().leaf(1)->signature_key, options.signer->public_key());
  EXPECT_EQ(dave.read(bob.say("and another")), "and another");
}

}  // namespace
}  // namespace mychat::mls::testing
