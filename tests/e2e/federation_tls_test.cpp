// Nodes over https: certificates that are wrong, TLS that is too old, redirects, floods.
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "e2e/rogue.h"
#include "e2e/sdk.h"
#include "federation/transaction.h"
#include "support/test_keys.h"

namespace mychat::e2e {
namespace {

using Steady = std::chrono::steady_clock;

class FederationTls : public ::testing::Test {
 protected:
  std::string write_authority() const {
    std::string path = dir.file("ca.pem");
    std::ofstream(path) << authority.certificate_pem();
    return path;
  }
  test::TlsServerConfig good() const {
    return {authority.issue({.dns_names = {}, .ip_addresses = {"127.0.0.1"}})};
  }
  // The node refuses it while it connects: nothing is asked of it. `says`: what the operator is told.
  void expect_refused(const test::TlsServerConfig& tls, const std::string& says) {
    Rogue rogue(tls);
    const Answer answer = rogue.hello(node);
    EXPECT_EQ(answer.status, 502) << says << ": " << answer.body;
    EXPECT_EQ(rogue.asked(), 0) << says;
    const auto told = node.ask({"doctor", rogue.domain});
    EXPECT_EQ(told.code, 4) << told.text;
    EXPECT_NE(told.text.find("error: tls: "), std::string::npos) << told.text;
    EXPECT_NE(told.text.find(says), std::string::npos) << told.text;
    EXPECT_EQ(rogue.asked(), 0) << says;
  }

  TempDir dir;
  test::CertificateAuthority authority;
  FederatedNode node{{"--federation-allow-private", "true", "--federation-ca-file", write_authority()},
                     Reached::kOverHttps};
};

TEST_F(FederationTls, AGoodCertificateIsTaken) {
  Rogue rogue(good());
  EXPECT_EQ(rogue.hello(node).status, 200);
  EXPECT_EQ(rogue.asked(), 1);
  ASSERT_NO_FATAL_FAILURE(rogue.greet(node));
  EXPECT_EQ(rogue.post(node, kTransactions, to_json_text(federation::Transaction{uuid_v4(), 1, {}})).status,
            200);
}

TEST_F(FederationTls, AnExpiredCertificateIsRefused) {
  expect_refused({authority.issue({.dns_names = {},
                                   .ip_addresses = {"127.0.0.1"},
                                   .not_before_seconds = -7200,
                                   .not_after_seconds = -60})},
                 "expired");
  expect_refused(
      {authority.issue({.dns_names = {}, .ip_addresses = {"127.0.0.1"}, .not_before_seconds = 3600})},
      "not yet valid");
}

TEST_F(FederationTls, ACertificateOfAnotherNameIsRefused) {
  expect_refused({authority.issue({.dns_names = {"node.example"}, .ip_addresses = {"127.0.0.2"}})},
                 "another name");
}

TEST_F(FederationTls, ACertificateThatNobodyVouchesForIsRefused) {
  expect_refused({test::self_signed({.dns_names = {}, .ip_addresses = {"127.0.0.1"}})},
                 "The certificate of 127.0.0.1 was refused");
  const test::CertificateAuthority stranger("Another CA");
  expect_refused({stranger.issue({.dns_names = {}, .ip_addresses = {"127.0.0.1"}})},
                 "The certificate of 127.0.0.1 was refused");
}

TEST_F(FederationTls, OldTlsIsRefused) {
  test::TlsServerConfig old = good();
  old.max_version = TLS1_1_VERSION;
  expect_refused(old, "TLS handshake");
  old.max_version = TLS1_2_VERSION;
  Rogue rogue(old);
  EXPECT_EQ(rogue.hello(node).status, 200);
}

TEST_F(FederationTls, ARedirectToAnotherHostIsNotFollowed) {
  Rogue other(good());
  Rogue rogue(good());
  for (const char* status : {"301 Moved", "302 Found", "307 Temporary", "308 Permanent"}) {
    rogue.show_text(std::string("HTTP/1.1 ") + status + "\r\nLocation: https://" + other.domain +
                    "/.well-known/mychat-node\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(rogue.hello(node).status, 502) << status;
  }
  EXPECT_EQ(other.asked(), 0);
  EXPECT_GE(rogue.asked(), 4);
}

TEST_F(FederationTls, ADocumentThatNamesAnotherPartysAddressOrPlainHttpIsRefused) {
  Rogue rogue(good());
  auto document = rogue.document();
  document.api_url = "http://" + rogue.domain + "/api/federation";
  rogue.show(document);
  EXPECT_EQ(rogue.hello(node).status, 422);
  EXPECT_EQ(rogue.hello(node).status, 422);
  rogue.show(rogue.document());
  EXPECT_EQ(rogue.hello(node).status, 200);
}

// Whole nodes that speak https themselves, with users that do.
TEST_F(FederationTls, TwoNodesAndTheirUsersSpeakHttpsOnly) {
  const auto identity = authority.issue({.dns_names = {}, .ip_addresses = {"127.0.0.1"}});
  std::ofstream(dir.file("cert.pem")) << identity.certificate_pem;
  std::ofstream(dir.file("key.pem")) << identity.key_pem;
  std::filesystem::permissions(dir.file("key.pem"), std::filesystem::perms::owner_read);
  const std::vector<std::string> flags{
      "--federation-allow-private", "true",      "--federation-ca-file", dir.file("ca.pem"), "--tls-cert",
      dir.file("cert.pem"),         "--tls-key", dir.file("key.pem")};
  const FederatedNode a(flags, Reached::kOverHttps);
  const FederatedNode b(flags, Reached::kOverHttps);
  const auto user = [&](const FederatedNode& at, const std::string& name, std::string_view key) {
    Sdk::Options options;
    options.store = dir.file(name);
    options.node_url = at.process->url("https");
    options.ca_file = dir.file("ca.pem");
    Sdk sdk(options);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK) << sdk.error;
    EXPECT_EQ(sdk.register_user(name), MYCHAT_OK) << sdk.error;
    sdk.wait_online();
    return sdk;
  };
  Sdk alice = user(a, "alice", test::kAliceKey);
  Sdk bob = user(b, "bob", test::kBobKey);
  const std::string id = alice.send(bob.handle, "over https");
  EXPECT_EQ(bob.wait_message("over https").id, id);
  alice.wait_status(id, MYCHAT_MESSAGE_DELIVERED);
  for (const auto& [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    const auto told = from->ask({"doctor", to->domain});
    EXPECT_EQ(told.code, 0) << told.text;
    EXPECT_NE(told.text.find("ok: tls: Its certificate is valid."), std::string::npos) << told.text;
    EXPECT_NE(told.text.find("ok: back: "), std::string::npos) << told.text;
  }
}

// One node sends as fast as it can; another one, and the node's own users, are served all the while.
TEST(FederationFlood, OfOneNodeHoldsUpNobodyElse) {
  constexpr int kLimit = 200;
  const FederatedNode node({"--federation-allow-private", "true", "--federation-peer-requests-per-minute",
                            std::to_string(kLimit)});
  Rogue flood;
  Rogue calm;
  ASSERT_NO_FATAL_FAILURE(flood.greet(node));
  ASSERT_NO_FATAL_FAILURE(calm.greet(node));
  const std::string body = to_json_text(federation::Transaction{uuid_v4(), 1, {}});
  std::atomic<bool> stop = false;
  std::atomic<int> taken = 0;
  std::atomic<int> held_back = 0;
  std::atomic<int> other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const int status = flood.post(node, kTransactions, body).status;
        ++(status == 200 ? taken : status == 429 ? held_back : other);
      }
    });
  }
  const auto end = Steady::now() + std::chrono::seconds(4);
  std::chrono::milliseconds slowest{0};
  int served = 0;
  while (Steady::now() < end) {
    const auto began = Steady::now();
    EXPECT_EQ(calm.post(node, kTransactions, body).status, 200);
    EXPECT_EQ(rest(node.port, "GET", "/ready").status, 200);
    slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began));
    ++served;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(served, 5);
  EXPECT_LT(slowest.count(), 3'000);
  EXPECT_LE(taken, 2 * kLimit);  // A minute may end meanwhile.
  EXPECT_GT(taken, 0);
  EXPECT_GT(held_back, 100);
  EXPECT_EQ(other, 0);
  const Answer refused = flood.post(node, kTransactions, body);
  EXPECT_TRUE(refused.says("too_many")) << refused.body;
}

}  // namespace
}  // namespace mychat::e2e
