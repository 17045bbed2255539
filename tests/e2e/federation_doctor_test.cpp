// `mychat-server doctor DOMAIN` against real nodes and ones that are wrong in one way each.
#include <algorithm>
#include <string>
#include <vector>

#include "e2e/middle.h"
#include "e2e/rogue.h"
#include "protocol/json.h"

namespace mychat::e2e {
namespace {

const std::vector<std::string> kPrivate{"--federation-allow-private", "true"};

struct Diagnosis {
  int code = -1;
  std::vector<std::string> good;  // The checks that were.
  std::string bad;                // The first one that is wrong, what it says and how to mend it.
  std::string message;
  std::string remedy;
  std::string warned;  // A check with a warning.
};

Diagnosis diagnose(const NodeProcess::Said& said) {
  Diagnosis out;
  out.code = said.code;
  const Json json = Json::parse(said.text);
  for (const JsonView finding : json.root()) {
    const std::string severity(finding.string("severity"));
    const std::string check(finding.string("check"));
    if (severity == "ok") out.good.push_back(check);
    if (severity == "warning") out.warned = check;
    if (severity != "error" || !out.bad.empty()) continue;
    out.bad = check;
    out.message = finding.string("message");
    out.remedy = finding.string("remedy");
  }
  return out;
}

Diagnosis doctor(const FederatedNode& at, const std::string& domain) {
  return diagnose(at.ask({"doctor", domain, "--json"}));
}

class FederationDoctor : public ::testing::Test {
 protected:
  // The first finding is at `check`, and its sentence and remedy hold these.
  static void expect_bad(const Diagnosis& found, const std::string& check, const std::string& message,
                         const std::string& remedy) {
    EXPECT_EQ(found.code, 4);
    EXPECT_EQ(found.bad, check) << found.message;
    EXPECT_NE(found.message.find(message), std::string::npos) << found.message;
    EXPECT_NE(found.remedy.find(remedy), std::string::npos) << found.remedy;
  }
  FederatedNode node{kPrivate};
};

TEST_F(FederationDoctor, FindsNothingWrongBetweenTwoGoodNodes) {
  const FederatedNode other(kPrivate);
  const Diagnosis found = doctor(node, other.domain);
  EXPECT_EQ(found.code, 0) << found.bad << ": " << found.message;
  EXPECT_EQ(found.good, (std::vector<std::string>{"own", "rules", "dns", "connect", "tls", "document",
                                                  "clock", "continuity", "handshake", "echo", "back"}));
  const auto text = node.ask({"doctor", other.domain});
  EXPECT_NE(text.text.find("ok: back: " + other.domain + " reaches this node as well."), std::string::npos)
      << text.text;
  // Again, now that both know each other, and from the other side.
  EXPECT_EQ(doctor(node, other.domain).code, 0);
  EXPECT_EQ(doctor(other, node.domain).code, 0);
}

TEST_F(FederationDoctor, NamesWhatIsWrongHere) {
  expect_bad(doctor(node, "no domain"), "rules", "is no domain", "after @");
  expect_bad(doctor(node, node.domain), "rules", "is this node", "another");
  ASSERT_EQ(node.ask({"federation", "block", "*.example.org"}).code, 0);
  expect_bad(doctor(node, "x.example.org"), "rules", "blocks x.example.org", "federation forget");
  auto flags = node.flags;
  const auto asked = [&](const std::string& mode) {
    std::vector<std::string> command{"doctor", "x.example.net", "--json", "--federation-mode", mode};
    command.insert(command.end(), flags.begin(), flags.end());
    return diagnose(node.process->ask(command));
  };
  expect_bad(asked("allow-list"), "rules", "not on this node's list", "federation allow x.example.net");
  expect_bad(asked("approval"), "rules", "not approved", "federation approve x.example.net");
  expect_bad(diagnose(node.process->ask({"doctor", "x.example.net", "--json"})), "own", "does not federate",
             "FEDERATION_ENABLED=true");
}

TEST_F(FederationDoctor, NamesAnAddressThatIsNoneOrNotAsked) {
  expect_bad(doctor(node, "nowhere.invalid"), "dns", "does not resolve", "spelling");
  const FederatedNode strict;
  expect_bad(doctor(strict, node.domain), "dns", "loopback", "public address");
}

TEST_F(FederationDoctor, NamesANodeThatDoesNotAnswer) {
  const test::ClosedPort closed;
  const Diagnosis found = doctor(node, "127.0.0.1:" + std::to_string(closed.port()));
  expect_bad(found, "connect", "No connection", "firewall");
  EXPECT_EQ(found.good.back(), "dns");
}

TEST_F(FederationDoctor, NamesADocumentThatIsNone) {
  Rogue rogue;
  rogue.show_text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  const Diagnosis missing = doctor(node, rogue.domain);
  expect_bad(missing, "document", "answered 404", "/.well-known/mychat-node");
  EXPECT_EQ(missing.good.back(), "tls");
  rogue.show_text("HTTP/1.1 302 Found\r\nLocation: http://" + node.domain +
                  "/.well-known/mychat-node\r\nContent-Length: 0\r\n\r\n");
  expect_bad(doctor(node, rogue.domain), "document", "answered 302", "without a redirect");
  rogue.show_text("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"version\":\"1.0\"}");
  expect_bad(doctor(node, rogue.domain), "document", "protocol 1", "operator");
  auto elsewhere = rogue.document();
  elsewhere.domain = "other.example";
  elsewhere.api_url = "https://other.example/api/federation";
  rogue.show(elsewhere);
  expect_bad(doctor(node, rogue.domain), "document", "other.example", "document");
}

TEST_F(FederationDoctor, NamesAClockThatIsWrong) {
  Rogue rogue;
  auto tomorrow = rogue.document();
  tomorrow.issued_at += 3'600'000;
  tomorrow.valid_until = tomorrow.issued_at + 3'600'000;
  rogue.show(tomorrow);
  expect_bad(doctor(node, rogue.domain), "clock", "has not come yet", "timedatectl");
  auto old = rogue.document();
  old.issued_at -= 7'200'000;
  old.valid_until = old.issued_at + 3'600'000;
  rogue.show(old);
  expect_bad(doctor(node, rogue.domain), "clock", "was valid until", "timedatectl");
  // A clock that both can allow for is told, and the walk goes on.
  rogue.add_header("Date: " + http_date(now_ms() / 1000 + 3600) + "\r\n");
  tomorrow = rogue.document();
  tomorrow.issued_at += 3'600'000;
  tomorrow.valid_until = tomorrow.issued_at + 3'600'000;
  rogue.show(tomorrow);
  const Diagnosis ahead = doctor(node, rogue.domain);
  EXPECT_EQ(ahead.warned, "clock") << ahead.bad << ": " << ahead.message;
  EXPECT_NE(std::find(ahead.good.begin(), ahead.good.end(), "continuity"), ahead.good.end());
}

TEST_F(FederationDoctor, NamesAKeyThatChanged) {
  const FederatedNode other(kPrivate);
  ASSERT_EQ(doctor(node, other.domain).code, 0);
  ASSERT_EQ(other.ask({"federation", "new-key", "--yes"}).code, 0);
  other.wait_taken_up();
  const Diagnosis found = doctor(node, other.domain);
  expect_bad(found, "continuity", "key", "federation approve " + other.domain);
  EXPECT_EQ(found.good.back(), "clock");
}

TEST_F(FederationDoctor, NamesANodeThatDoesNotLetThisOneIn) {
  const FederatedNode other({"--federation-allow-private", "true", "--federation-mode", "approval"});
  expect_bad(doctor(node, other.domain), "handshake", "has not approved",
             "federation approve " + node.domain);
  ASSERT_EQ(other.ask({"federation", "block", node.domain}).code, 0);
  other.wait_taken_up();
  expect_bad(doctor(node, other.domain), "handshake", "does not let this node in", "operator");
  ASSERT_EQ(other.ask({"federation", "forget", node.domain}).code, 0);
  ASSERT_EQ(other.ask({"federation", "approve", node.domain}).code, 0);
  other.wait_taken_up();
  EXPECT_EQ(doctor(node, other.domain).code, 0);
}

TEST_F(FederationDoctor, NamesThisNodeWhenOthersCannotReachIt) {
  const FederatedNode other(kPrivate);
  EXPECT_EQ(node.process->stop(), 0);
  const auto said = node.ask({"doctor", other.domain, "--json"});
  const Diagnosis found = diagnose(said);
  expect_bad(found, "handshake", "cannot be fetched", node.domain + "/.well-known/mychat-node");
  EXPECT_NE(said.text.find("does not reach itself under its own name"), std::string::npos) << said.text;
}

// A node whose document is served, but whose federation address another program answers.
TEST_F(FederationDoctor, NamesAWayBackThatDoesNotCarry) {
  const std::uint16_t port = free_port();
  Middle proxy(port);
  const std::string domain = proxy.url().substr(std::string("http://").size());
  const std::vector<std::string> flags{"--domain",
                                       domain,
                                       "--federation-enabled",
                                       "true",
                                       "--federation-plain-http",
                                       "true",
                                       "--federation-allow-private",
                                       "true"};
  NodeProcess behind(flags, port);
  proxy.set_alter(
      [](const test::RawRequest& request, std::string&) { return request.target != "/api/federation/echo"; });
  std::vector<std::string> command{"doctor", node.domain, "--json"};
  command.insert(command.end(), flags.begin(), flags.end());
  const Diagnosis found = diagnose(behind.ask(command));
  expect_bad(found, "back", "does not get through to this node", "/api/federation");
  EXPECT_EQ(found.good.back(), "echo");
  proxy.set_alter({});
  EXPECT_EQ(diagnose(behind.ask(command)).code, 0);
}

}  // namespace
}  // namespace mychat::e2e
