// A session of which every message is received with each byte changed and each length cut first: all of that
// is refused, and changes nothing. There are no exceptions: MLS leaves no bit of these messages to chance.
#include <array>
#include <functional>

#include "forge.h"

namespace mychat::mls::testing {
namespace {

using Take = std::function<void(ByteView)>;
using State = std::function<Records()>;

// `take` gets every change of `good`; `state` is what it must not change.
void refuse_all_changes(const Bytes& good, const Take& take, const State& state) {
  const Records before = state();
  std::size_t accepted = 0;
  const auto refuse = [&](ByteView bad) {
    try {
      take(bad);
      ++accepted;
    } catch (const Error&) {
    }
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const auto bits : std::array<std::uint8_t, 3>{0x01, 0x80, 0x24}) {
      Bytes bad = good;
      bad[i] ^= bits;
      refuse(bad);
      ASSERT_EQ(accepted, 0U) << "octet " << i << " of " << good.size() << " changed by " << int{bits};
    }
    refuse(ByteView(good).first(i));
    ASSERT_EQ(accepted, 0U) << "cut to " << i << " of " << good.size();
    ASSERT_TRUE(state() == before) << "changed by octet " << i;
  }
  Bytes longer = good;
  longer.push_back(0);
  refuse(longer);
  EXPECT_EQ(accepted, 0U) << "with an octet more";
  EXPECT_TRUE(state() == before);
}

class Flips : public ::testing::Test {
 protected:
  // First wrong, then right, at one member; right at the others.
  void receive(const Message& message, const Client& sender) {
    Client& first = *clients[&sender == clients[0].get() ? 1 : 0];
    refuse_all_changes(
        encode(message), [&](ByteView bad) { first.group->process(decode<Message>(bad)); },
        [&] { return first.group->save(); });
    for (const auto& client : clients) {
      if (client.get() != &sender && client->group) client->receive(message);
    }
  }
  Records nothing() const { return {}; }
  void expect_agreement() {
    for (const auto& client : clients) {
      EXPECT_EQ(client->group->epoch_authenticator(), clients[0]->group->epoch_authenticator());
    }
  }

  Clients clients = make_room(3);
  Client newcomer{"newcomer@example.org"};
};

TEST_F(Flips, ApplicationMessages) {
  receive(clients[1]->say("hello"), *clients[1]);
  receive({clients[2]->group->protect(view("padded"), to_bytes(view("data")), 30)}, *clients[2]);
  receive(clients[1]->say(""), *clients[1]);
}

TEST_F(Flips, Proposals) {
  for (const bool open : {true, false}) {
    receive(clients[1]->group->propose_update({}, {}, {}, open), *clients[1]);
    receive(clients[1]->group->propose({Remove{2}}, to_bytes(view("why")), open), *clients[1]);
    receive(clients[2]->group->propose({Psk{external_psk(open ? "a" : "b")}}, {}, open), *clients[2]);
  }
  receive(clients[1]->group->propose(newcomer.add()), *clients[1]);
  Client other("other@example.org");
  receive(forge_outside(other, {SenderType::kNewMemberProposal, 0}, other.add(), *clients[0]->group), other);
}

TEST_F(Flips, CommitsAndTheirWelcome) {
  for (const bool open : {true, false}) {
    CommitOptions options;
    options.public_message = open;
    PendingCommit pending = clients[1]->group->commit(options);
    const Message commit = pending.commit;
    receive(commit, *clients[1]);
    clients[1]->group->apply(std::move(pending));
    expect_agreement();
  }
  CommitOptions options;
  options.proposals = {newcomer.add()};
  PendingCommit pending = clients[2]->group->commit(options);
  const Message welcome = *pending.welcome;
  const Message commit = pending.commit;
  receive(commit, *clients[2]);
  clients[2]->group->apply(std::move(pending));
  refuse_all_changes(
      encode(welcome),
      [&](ByteView bad) {
        const auto message = decode<Message>(bad);
        if (message.as<Welcome>() == nullptr) throw_malformed("no Welcome");
        newcomer.join(message);
      },
      [&] { return nothing(); });
  ASSERT_FALSE(newcomer.group.has_value());
  newcomer.join(welcome);
  clients.push_back(std::make_unique<Client>(std::move(newcomer)));
  expect_agreement();
}

TEST_F(Flips, ExternalCommitAndItsGroupInfo) {
  const Message info{clients[1]->group->group_info(true, true)};
  std::optional<PendingCommit> pending;
  const auto join = [&](ByteView bytes) {
    const auto message = decode<Message>(bytes);
    if (message.as<GroupInfo>() == nullptr) throw_malformed("no GroupInfo");
    pending = Group::join_external(newcomer.env, *message.as<GroupInfo>(), newcomer.signer, newcomer.leaf);
  };
  refuse_all_changes(encode(info), join, [&] { return nothing(); });
  ASSERT_FALSE(pending.has_value());
  join(encode(info));
  receive(pending->commit, newcomer);
  newcomer.group.emplace(std::move(*pending->next));
  clients.push_back(std::make_unique<Client>(std::move(newcomer)));
  expect_agreement();
}

TEST_F(Flips, KeyPackages) {
  const Message package{newcomer.publish()};
  Group& group = *clients[0]->group;
  refuse_all_changes(
      encode(package),
      [&](ByteView bad) {
        const auto message = decode<Message>(bad);
        if (message.as<KeyPackage>() == nullptr) throw_malformed("no KeyPackage");
        CommitOptions options = openly({{Add{*message.as<KeyPackage>()}}});
        options.path = false;
        static_cast<void>(group.commit(options));
      },
      [&] { return group.save(); });
  EXPECT_NO_THROW(group.commit(openly({{Add{*package.as<KeyPackage>()}}})));
}

}  // namespace
}  // namespace mychat::mls::testing
