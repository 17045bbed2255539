// What operators do while their nodes run, and the change of a node's key while messages flow.
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "e2e/federated_test.h"
#include "e2e/rest.h"
#include "e2e/sdk.h"
#include "protocol/json.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

const std::vector<std::string> kPrivate{"--federation-allow-private", "true"};

std::vector<std::string> in_mode(const std::string& mode) {
  return {"--federation-allow-private", "true", "--federation-mode", mode};
}

// One node as the operator's list shows it.
struct Listed {
  std::string status;
  std::string last_error;
  std::string key_id;
  std::string offered_key_id;
  std::string next_key_id;
  bool has_next_retry = false;
  std::int64_t queued = 0;
  std::int64_t failures = 0;
};

class FederationOperator : public FederatedTest {
 protected:
  static std::optional<Listed> listed(const FederatedNode& at, const std::string& domain) {
    const auto said = at.ask({"federation", "list", "--json"});
    EXPECT_EQ(said.code, 0) << said.text;
    const Json json = Json::parse(said.text);
    for (const JsonView node : json->array("nodes")) {
      if (node.string("domain") != domain) continue;
      return Listed{std::string(node.string("status")),
                    std::string(node.find("last_error").string_or_none().value_or("")),
                    std::string(node.string("key_id")),
                    std::string(node.string("offered_key_id")),
                    std::string(node.string("next_key_id")),
                    node.find("next_retry").string_or_none().has_value(),
                    node.integer("queued"),
                    node.integer("failures")};
    }
    return std::nullopt;
  }
  static std::string own_key_id(const FederatedNode& at) {
    const auto said = at.ask({"federation", "show", "--json"});
    EXPECT_EQ(said.code, 0) << said.text;
    return std::string(Json::parse(said.text)->string("key_id"));
  }
  static void operate(const FederatedNode& at, const std::vector<std::string>& command) {
    const auto said = at.ask(command);
    ASSERT_EQ(said.code, 0) << said.text;
    at.wait_taken_up();
  }
};

TEST_F(FederationOperator, BlocksAndAllowsWhileTheNodeRuns) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(listed(a, b.domain)->status, "ok");
  EXPECT_EQ(listed(a, b.domain)->key_id, own_key_id(b));
  // A pattern that covers the other node; its messages wait.
  ASSERT_NO_FATAL_FAILURE(operate(b, {"federation", "block", "*"}));
  EXPECT_EQ(listed(b, a.domain)->status, "blocked");
  const std::string held = alice.send(bob.handle, "held back");
  alice.until([&] { return listed(a, b.domain)->failures > 0; }, "the block is felt");
  const Listed seen = *listed(a, b.domain);
  EXPECT_EQ(seen.status, "failing");
  EXPECT_EQ(seen.queued, 1);
  EXPECT_TRUE(seen.has_next_retry);
  EXPECT_NE(seen.last_error.find("operator"), std::string::npos) << seen.last_error;
  EXPECT_EQ(bob.times_received(held), 0);
  // Its own users are told so.
  EXPECT_EQ(bob.add_contact("carol@" + a.domain), MYCHAT_E_FORBIDDEN) << bob.error;
  ASSERT_NO_FATAL_FAILURE(operate(b, {"federation", "forget", "*"}));
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "retry", b.domain}));
  EXPECT_EQ(bob.wait_message("held back").id, held);
  alice.wait_status(held, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(bob.times_received(held), 1);
  const auto audit = b.ask({"federation", "audit"});
  EXPECT_NE(audit.text.find("federation block *"), std::string::npos) << audit.text;
  EXPECT_NE(audit.text.find("federation forget *"), std::string::npos) << audit.text;
}

TEST_F(FederationOperator, ANodeWaitsForApprovalOnTheListAndIsLetIn) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(in_mode("approval"));
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  EXPECT_EQ(alice.lookup(bob.handle), MYCHAT_E_FORBIDDEN) << alice.error;
  alice.until([&] { return listed(b, a.domain).has_value(); }, "it is on the list");
  EXPECT_EQ(listed(b, a.domain)->status, "awaits-approval");
  ASSERT_NO_FATAL_FAILURE(operate(b, {"federation", "approve", a.domain}));
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "retry", b.domain}));
  alice.until([&] { return alice.lookup(bob.handle) == MYCHAT_OK; }, "it is let in");
  const std::string id = alice.send(bob.handle, "hello");
  EXPECT_EQ(bob.wait_message("hello").id, id);
  EXPECT_EQ(listed(b, a.domain)->status, "ok");
}

TEST_F(FederationOperator, NodesAreLearnedFromANodeThatTells) {
  const FederatedNode a({"--federation-allow-private", "true", "--federation-learn-peers", "true"});
  const FederatedNode b({"--federation-allow-private", "true", "--federation-share-peers", "true"});
  const FederatedNode c(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  Sdk carol = user(c, "carol", test::kBobKey);
  ASSERT_EQ(bob.lookup(carol.handle), MYCHAT_OK) << bob.error;
  ASSERT_EQ(alice.lookup(bob.handle), MYCHAT_OK) << alice.error;
  alice.until(
      [&] {
        const auto found = listed(a, c.domain);
        return found && found->status == "ok";
      },
      "the third node is known");
  EXPECT_EQ(listed(c, a.domain)->status, "ok");
  EXPECT_EQ(rest(b.port, "GET", "/api/federation/peers").status, 401);  // Only nodes are told.
}

TEST_F(FederationOperator, AnAllowListLetsInWhomItNames) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(in_mode("allow-list"));
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  EXPECT_EQ(alice.lookup(bob.handle), MYCHAT_E_FORBIDDEN) << alice.error;
  ASSERT_NO_FATAL_FAILURE(operate(b, {"federation", "allow", a.domain}));
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "retry", b.domain}));
  alice.until([&] { return alice.lookup(bob.handle) == MYCHAT_OK; }, "it is let in");
  EXPECT_EQ(bob.wait_message("hello").id, alice.send(bob.handle, "hello"));
}

TEST_F(FederationOperator, ANodeWithAnotherKeyWaitsUntilThatKeyIsApproved) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  const std::string before = own_key_id(a);
  EXPECT_EQ(a.ask({"federation", "new-key"}).code, 1);
  EXPECT_EQ(own_key_id(a), before);
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "new-key", "--yes"}));
  EXPECT_NE(own_key_id(a), before);
  const std::string held = alice.send(bob.handle, "under another key");
  alice.until([&] { return listed(b, a.domain)->status == "key-changed"; }, "the other node notices");
  EXPECT_EQ(listed(b, a.domain)->key_id, before);
  EXPECT_EQ(listed(b, a.domain)->offered_key_id, own_key_id(a));
  EXPECT_EQ(b.ask({"federation", "retry", a.domain}).code, 1);
  EXPECT_NE(b.ask({"federation", "show", a.domain}).text.find(own_key_id(a)), std::string::npos);
  EXPECT_EQ(bob.times_received(held), 0);
  ASSERT_NO_FATAL_FAILURE(operate(b, {"federation", "approve", a.domain}));
  EXPECT_EQ(bob.wait_message("under another key").id, held);
  alice.wait_status(held, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(listed(b, a.domain)->key_id, own_key_id(a));
}

TEST_F(FederationOperator, WhatWaitsIsForgottenOnlyWhenThatIsSaid) {
  const FederatedNode a(kPrivate);
  FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  b.process->kill();
  const std::string lost = alice.send(bob.handle, "never taken");
  alice.wait_status(lost, MYCHAT_MESSAGE_PENDING);
  alice.until([&] { return listed(a, b.domain)->failures > 2; }, "several attempts");
  const auto refused = a.ask({"federation", "forget", b.domain});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.text.find("--give-up"), std::string::npos) << refused.text;
  EXPECT_EQ(listed(a, b.domain)->queued, 1);
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "forget", b.domain, "--give-up"}));
  alice.wait_status(lost, MYCHAT_MESSAGE_FAILED);
  EXPECT_NE(alice.explain(lost).description.find("gave up"), std::string::npos);
  EXPECT_EQ(listed(a, b.domain)->queued, 0);
  EXPECT_EQ(listed(a, b.domain)->key_id, "");
  // It is met again as for the first time.
  b.process->start();
  const std::string again = alice.send(bob.handle, "again");
  EXPECT_EQ(bob.wait_message("again").id, again);
  EXPECT_EQ(listed(a, b.domain)->key_id, own_key_id(b));
  EXPECT_EQ(bob.times_received(lost), 0);
}

TEST_F(FederationOperator, MetricsSayHowThingsStand) {
  const std::uint16_t metrics = free_port();
  const FederatedNode a(
      {"--federation-allow-private", "true", "--metrics-listen", "127.0.0.1:" + std::to_string(metrics)});
  const FederatedNode b(kPrivate);
  const auto value = [&](const std::string& name) {
    const std::string page = rest(metrics, "GET", "/metrics").body;
    const std::size_t at = page.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name << " in " << page;
    return at == std::string::npos ? -1.0 : std::stod(page.substr(at + name.size() + 2));
  };
  EXPECT_EQ(value("mychat_peers"), 0);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(value("mychat_peers"), 1);
  EXPECT_EQ(value("mychat_peers_failing"), 0);
  EXPECT_EQ(value("mychat_federation_queue"), 0);
  EXPECT_EQ(value("mychat_federation_queue_age_seconds"), 0);
  EXPECT_GE(value("mychat_federation_handshakes_total"), 1);
  EXPECT_GE(value("mychat_federation_items_sent_total"), 1);
  EXPECT_GE(value("mychat_federation_requests_taken_total"), 1);
  EXPECT_EQ(value("mychat_federation_requests_refused_total"), 0);
  b.process->kill();
  alice.wait_status(alice.send(bob.handle, "waits"), MYCHAT_MESSAGE_PENDING);
  alice.until([&] { return value("mychat_peers_failing") == 1; }, "the outage is seen");
  EXPECT_EQ(value("mychat_federation_queue"), 1);
  EXPECT_GT(value("mychat_federation_queue_bytes"), 0);
  EXPECT_GT(value("mychat_federation_queue_age_seconds"), 0);
  EXPECT_GE(value("mychat_federation_failures_total"), 1);
  EXPECT_EQ(rest(a.port, "POST", "/api/federation/transactions", {}, "{}").status, 401);
  EXPECT_EQ(value("mychat_federation_requests_refused_total"), 1);
}

TEST_F(FederationOperator, WrongCommandsSayWhatIsWrongAndChangeNothing) {
  const FederatedNode a(kPrivate);
  const auto says = [&](const std::vector<std::string>& command, int code, const std::string& part) {
    const auto said = a.ask(command);
    EXPECT_EQ(said.code, code) << said.text;
    EXPECT_NE(said.text.find(part), std::string::npos) << said.text;
  };
  says({"federation", "block", "no domain"}, 1, "'no domain' is neither a domain nor a pattern");
  says({"federation", "approve", "*.example.org"}, 1, "is no domain");
  says({"federation", "retry", "unknown.example"}, 1, "Nothing is known of unknown.example");
  says({"federation", "show", "unknown.example"}, 1, "Nothing is known of unknown.example");
  says({"federation", "forget", "unknown.example"}, 1, "no rule names it");
  says({"federation", "block"}, 2, "domain");
  says({"federation", "rotate", "--hours", "-1"}, 2, "hours");
  says({"federation", "audit"}, 0, "");
  EXPECT_EQ(a.ask({"federation", "audit"}).text, "");
}

// Both nodes change their keys while messages go both ways: all arrive once, in order, and no operator is
// asked.
TEST_F(FederationOperator, KeysChangeWhileMessagesFlow) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  std::vector<std::string> to_bob;
  std::vector<std::string> to_alice;
  std::set<std::string> keys_of_a{own_key_id(a)};
  std::set<std::string> keys_of_b;
  const auto exchange = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      to_bob.push_back(alice.send(bob.handle, "to bob " + std::to_string(to_bob.size())));
      to_alice.push_back(bob.send(alice.handle, "to alice " + std::to_string(to_alice.size())));
      alice.pump_for(20);
      bob.pump_for(20);
    }
  };
  exchange(10);
  for (int change = 0; change < 3; ++change) {
    const FederatedNode& one = change == 1 ? b : a;
    const std::string before = own_key_id(one);
    ASSERT_NO_FATAL_FAILURE(operate(one, {"federation", "rotate", "--hours", "0.0003"}));
    alice.until(
        [&] {
          exchange(2);
          return own_key_id(one) != before;
        },
        "the next key is in use");
    (change == 1 ? keys_of_b : keys_of_a).insert(own_key_id(one));
    exchange(10);
  }
  EXPECT_EQ(keys_of_a.size(), 3U);
  EXPECT_EQ(keys_of_b.size(), 1U);
  const auto all_once = [](Sdk& there, const std::string& peer, const std::string& text,
                           const std::vector<std::string>& ids) {
    there.wait_message(text + std::to_string(ids.size() - 1));
    std::vector<std::string> order;
    for (const Msg& message : there.whole_history(peer))
      if (message.data.starts_with(text)) order.push_back(message.id);
    EXPECT_EQ(order, ids);
    for (const std::string& id : ids) EXPECT_EQ(there.times_received(id), 1) << id;
  };
  all_once(bob, alice.handle, "to bob ", to_bob);
  all_once(alice, bob.handle, "to alice ", to_alice);
  alice.until([&] { return listed(b, a.domain)->key_id == own_key_id(a); }, "b has a's key");
  alice.until([&] { return listed(a, b.domain)->key_id == own_key_id(b); }, "a has b's key");
  EXPECT_EQ(listed(b, a.domain)->status, "ok");
  EXPECT_EQ(listed(a, b.domain)->status, "ok");
}

// The same while both nodes are killed again and again, also in the middle of a change.
TEST_F(FederationOperator, KeysChangeWhileNodesAreKilled) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  const std::string key_of_a = own_key_id(a);
  const std::string key_of_b = own_key_id(b);
  std::vector<std::string> ids;
  for (int round = 0; round < 8; ++round) {
    const FederatedNode& changing = round % 2 == 0 ? a : b;
    const FederatedNode& killed = round % 4 < 2 ? a : b;
    // Refused while a change is under way, which is as good.
    (void)changing.ask({"federation", "rotate", "--hours", "0"});
    for (int i = 0; i < 3; ++i) {
      ids.push_back(alice.send(bob.handle, "under way " + std::to_string(ids.size())));
      alice.pump_for(100 * round % 350);
    }
    killed.process->kill();
    killed.process->start();
  }
  bob.wait_message("under way " + std::to_string(ids.size() - 1));
  std::vector<std::string> order;
  for (const Msg& message : bob.whole_history(alice.handle))
    if (message.data.starts_with("under way ")) order.push_back(message.id);
  EXPECT_EQ(order, ids);
  for (const std::string& id : ids) EXPECT_EQ(bob.times_received(id), 1) << id;
  EXPECT_NE(own_key_id(a), key_of_a);
  EXPECT_NE(own_key_id(b), key_of_b);
  bob.wait_status(bob.send(alice.handle, "last"), MYCHAT_MESSAGE_DELIVERED);
  alice.until([&] { return listed(b, a.domain)->key_id == own_key_id(a); }, "b has a's key");
  alice.until([&] { return listed(a, b.domain)->key_id == own_key_id(b); }, "a has b's key");
  EXPECT_EQ(listed(b, a.domain)->offered_key_id, "");
  EXPECT_EQ(listed(a, b.domain)->offered_key_id, "");
}

// A node that was away while another changed its key twice follows the signed chain.
TEST_F(FederationOperator, AnAnnouncementIsSeenByOthersAndTakenBack) {
  const FederatedNode a(kPrivate);
  const FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(listed(b, a.domain)->next_key_id, "");
  EXPECT_EQ(a.ask({"federation", "rotate", "--withdraw"}).code, 1) << "there is nothing to take back";
  EXPECT_EQ(a.ask({"federation", "rotate", "--withdraw", "--hours", "1"}).code, 2);
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "rotate", "--hours", "48"}));
  const std::string announced(
      Json::parse(a.ask({"federation", "show", "--json"}).text)->string("next_key_id"));
  ASSERT_FALSE(announced.empty());
  // Told at once, so that the others hold this node to it.
  alice.until([&] { return listed(b, a.domain)->next_key_id == announced; }, "the announcement is there");
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "rotate", "--withdraw"}));
  alice.until([&] { return listed(b, a.domain)->next_key_id.empty(); }, "it is taken back there, too");
  ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "rotate", "--hours", "0"}));
  alice.until([&] { return listed(b, a.domain)->key_id == own_key_id(a); }, "another key is followed");
  EXPECT_EQ(listed(b, a.domain)->status, "ok");
  EXPECT_NE(own_key_id(a), announced);
  const std::string id = alice.send(bob.handle, "under the new key");
  EXPECT_EQ(bob.wait_message("under the new key").id, id);
}

TEST_F(FederationOperator, ANodeThatMissedTwoChangesOfAKeyFollowsThem) {
  const FederatedNode a(kPrivate);
  FederatedNode b(kPrivate);
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  alice.wait_status(alice.send(bob.handle, "first"), MYCHAT_MESSAGE_DELIVERED);
  b.process->kill();
  for (int change = 0; change < 2; ++change) {
    const std::string before = own_key_id(a);
    ASSERT_NO_FATAL_FAILURE(operate(a, {"federation", "rotate", "--hours", "0"}));
    alice.until([&] { return own_key_id(a) != before; }, "the next key is in use");
  }
  const std::string id = alice.send(bob.handle, "under the third key");
  b.process->start();
  bob.stop();  // Does not wait for its next try.
  bob.start();
  EXPECT_EQ(bob.wait_message("under the third key").id, id);
  EXPECT_EQ(listed(b, a.domain)->key_id, own_key_id(a));
  EXPECT_EQ(listed(b, a.domain)->status, "ok");
}

}  // namespace
}  // namespace mychat::e2e
