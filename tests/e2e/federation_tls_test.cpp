// Nodes over https: certificates that are wrong, TLS that is too old, redirects, floods.
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/random.h"
#include "e2e/rogue.h"
#include "federation/transaction.h"

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
