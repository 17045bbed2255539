// Clients of MLS groups for tests.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "e2ee/mls/group.h"
#include "expect_rule.h"

namespace mychat::mls::testing {

// Of tests that are not about suites: the number in MYCHAT_MLS_TEST_SUITE, else the default one.
inline SuiteId test_suite() {
  static const SuiteId suite = [] {
    const char* const set = std::getenv("MYCHAT_MLS_TEST_SUITE");
    return set == nullptr ? kDefaultSuite : static_cast<SuiteId>(std::strtoul(set, nullptr, 0));
  }();
  return suite;
}

inline std::size_t hash_bytes() { return Suite::get(test_suite()).hash_size(); }

class FixedClock final : public Clock {
 public:
  std::int64_t now_ms() const override { return now; }
  std::int64_t monotonic_ms() const override { return now; }
  std::int64_t now = 1'800'000'000'000;
};

inline const AcceptEveryone& everyone() {
  static const AcceptEveryone service;
  return service;
}

inline Environment environment() {
  Environment out;
  out.authentication = &everyone();
  return out;
}

// Somebody with a signature key, who makes KeyPackages and is in at most one group.
struct Client {
  explicit Client(const std::string& name, SuiteId suite_id = test_suite(), Environment in = environment())
      : env(std::move(in)), suite(&Suite::get(suite_id)), signer(SigningKey::generate(suite->signature())) {
    leaf.credential.identity = to_bytes(view(name));
  }

  KeyPackage publish() {
    packages.push_back(std::make_unique<OwnKeyPackage>(make_key_package(*suite, signer, leaf, env)));
    return packages.back()->key_package;
  }
  Proposal add() { return {Add{publish()}}; }

  void create(GroupOptions options = {}) { group.emplace(Group::create(env, *suite, signer, leaf, options)); }
  void join(const Message& welcome, JoinOptions options = {}) {
    std::vector<const OwnKeyPackage*> own;
    for (const auto& package : packages) own.push_back(package.get());
    group.emplace(Group::join(env, *welcome.as<Welcome>(), own, options));
  }

  // As it goes over the wire.
  static Message travel(const Message& message) { return decode<Message>(encode(message)); }

  Received receive(const Message& message, const ProcessOptions& options = {}) {
    return group->process(travel(message), options);
  }
  std::string read(const Message& message) {
    const Received received = receive(message);
    const auto& data = std::get<ReceivedApplication>(received).data;
    return {data.begin(), data.end()};
  }
  Message say(const std::string& text) { return {group->protect(view(text))}; }

  Environment env;
  const Suite* suite;
  SigningKey signer;
  LeafOptions leaf;
  std::vector<std::unique_ptr<OwnKeyPackage>> packages;
  std::optional<Group> group;
};

// Clients of whom the first made the group and added the others with one commit.
inline std::vector<std::unique_ptr<Client>> make_group(std::size_t members, SuiteId suite = test_suite(),
                                                       const Environment& env = environment()) {
  std::vector<std::unique_ptr<Client>> out;
  for (std::size_t i = 0; i < members; ++i) {
    out.push_back(std::make_unique<Client>("member-" + std::to_string(i) + "@example.org", suite, env));
  }
  out[0]->create();
  if (members == 1) return out;
  CommitOptions options;
  for (std::size_t i = 1; i < members; ++i) options.proposals.push_back(out[i]->add());
  PendingCommit pending = out[0]->group->commit(options);
  const Message welcome = Client::travel(*pending.welcome);
  out[0]->group->apply(std::move(pending));
  for (std::size_t i = 1; i < members; ++i) out[i]->join(welcome);
  return out;
}

// Applies a commit at its maker and at everybody else who is still active.
inline void deliver(std::vector<std::unique_ptr<Client>>& clients, Client& committer, PendingCommit pending,
                    const ProcessOptions& options = {}) {
  const Message commit = pending.commit;
  committer.group->apply(std::move(pending));
  for (const auto& client : clients) {
    if (client.get() != &committer && client->group && client->group->is_active())
      client->receive(commit, options);
  }
}

}  // namespace mychat::mls::testing
