// How a WebSocket is opened, and whom it trusts.
#include <openssl/ssl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fake_dns.h"
#include "support/net.h"
#include "support/tls.h"
#include "support/ws_server.h"
#include "transport/websocket_client.h"
#include "waiting.h"

namespace mychat::test {
namespace {

using std::chrono::milliseconds;

// How connecting to the URL ends; MYCHAT_OK when it opened.
WebSocketClosed outcome_of(const std::string& url, TransportOptions options = {}) {
  Recorder recorder;
  WebSocketClient client(std::move(options), {}, recorder);
  client.connect(parse_url(url));
  if (recorder.wait_open()) {
    client.close();
    (void)recorder.closed();
    return {1000, {}, Error(MYCHAT_OK, MYCHAT_DOMAIN_NONE, "open"), {}};
  }
  EXPECT_EQ(recorder.openings(), 0);
  EXPECT_EQ(recorder.closings(), 1);
  return recorder.closed();
}

TEST(WebSocketConnect, TellsARefusedUpgradePrecisely) {
  struct Case {
    const char* answer;
    mychat_status status;
    int detail;
    bool retryable;
  };
  for (const Case& expected : std::vector<Case>{
           {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_UNAUTHORIZED, 401, false},
           {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_FORBIDDEN, 403, false},
           {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_UNSUPPORTED, 404, false},
           {"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_RATE_LIMITED,
            429, true},
           {"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_NODE, 503, true},
           {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", MYCHAT_E_PROTOCOL, 200, false},
           {"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            MYCHAT_E_PROTOCOL, 302, false},
           {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
            MYCHAT_E_PROTOCOL, 0, false},
           {"HTTP/1.1 101 Switching Protocols\r\n\r\n", MYCHAT_E_PROTOCOL, 0, false},
           {"", MYCHAT_E_NETWORK, 0, true}}) {
    Server server([&](Connection& connection) {
      read_http_request(connection);
      connection.write(expected.answer);
    });
    const WebSocketClosed closed = outcome_of(server.url("ws"));
    EXPECT_EQ(closed.error.status(), expected.status) << expected.answer << closed.error.what();
    EXPECT_EQ(closed.error.detail(), expected.detail) << expected.answer;
    EXPECT_EQ(closed.error.retryable(), expected.retryable) << expected.answer;
    EXPECT_EQ(closed.code, 1006);
    const bool asked = std::string(expected.answer).find("Retry-After") != std::string::npos;
    EXPECT_EQ(closed.retry_after, asked ? std::optional(milliseconds(3000)) : std::nullopt);
    EXPECT_EQ(server.accepted(), 1);
  }
}

TEST(WebSocketConnect, GivesUpInTime) {
  TransportOptions options;
  options.connect_timeout = milliseconds(200);
  BlackHole hole;
  Server mute([](Connection& connection) { connection.wait_closed(); });
  const SilentName silent("silent.test");
  struct Case {
    std::string url;
    mychat_status status;
  };
  for (const Case& expected :
       std::vector<Case>{{"ws://127.0.0.1:" + std::to_string(hole.port()) + "/", MYCHAT_E_TIMEOUT},
                         {mute.url("ws"), MYCHAT_E_TIMEOUT},
                         {mute.url("wss"), MYCHAT_E_TIMEOUT},
                         {"wss://silent.test/", MYCHAT_E_DNS}}) {
    WebSocketClosed closed{};
    const auto took = milliseconds_of([&] { closed = outcome_of(expected.url, options); });
    EXPECT_EQ(closed.error.status(), expected.status) << expected.url << closed.error.what();
    EXPECT_TRUE(closed.error.retryable());
    EXPECT_GE(took, 190) << expected.url;
    EXPECT_LT(took, 1000) << expected.url;
  }
}

TEST(WebSocketConnect, TellsARefusedConnectionFromAnUnknownName) {
  ClosedPort closed;
  EXPECT_EQ(outcome_of("ws://127.0.0.1:" + std::to_string(closed.port()) + "/").error.status(),
            MYCHAT_E_NETWORK);
  const FakeName name("unknown.test", {});
  const WebSocketClosed unknown = outcome_of("wss://unknown.test/");
  EXPECT_EQ(unknown.error.status(), MYCHAT_E_DNS) << unknown.error.what();
}

TEST(WebSocketConnect, TriesFurtherAddressesWhenOneDoesNotAnswer) {
  Server server([](Connection& connection) {
    WsPeer peer(connection);
    if (peer.accept()) peer.echo();
  });
  const ClosedPort closed("127.0.0.77", server.port());
  const FakeName name("many.test", {"127.0.0.77", "::1", "127.0.0.1"});
  TransportOptions options;
  options.allow_plaintext = true;
  EXPECT_EQ(outcome_of(server.url("ws", "many.test"), options).error.status(), MYCHAT_OK);
}

TEST(WebSocketConnect, RefusesPlaintextAndOtherSchemesBeforeConnecting) {
  Recorder recorder;
  WebSocketClient client({}, {}, recorder);
  const auto status_of = [&](const std::string& url) {
    try {
      client.connect(parse_url(url));
      return static_cast<int>(MYCHAT_OK);
    } catch (const Error& error) {
      return static_cast<int>(error.status());
    }
  };
  EXPECT_EQ(status_of("ws://node.example/ws"), MYCHAT_E_PLAINTEXT_REFUSED);
  EXPECT_EQ(status_of("https://127.0.0.1/ws"), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_THROW(client.connect(parse_url("ws://127.0.0.1/"), {{"X", "a\r\nb: c"}}), Error);
  EXPECT_THROW(client.connect(parse_url("ws://127.0.0.1/"), {{"Sec-WebSocket-Key", "a"}}), Error);
  EXPECT_EQ(recorder.closings(), 0);
}

class WebSocketTls : public ::testing::Test {
 protected:
  static CertificateSpec named(const std::string& name) {
    CertificateSpec spec;
    spec.dns_names = {name};
    return spec;
  }

  WebSocketClosed ask(const TlsServerConfig& config, TransportOptions options,
                      const std::string& host = "node.test", const std::string& address = "127.0.0.1") {
    Server server(
        [&](Connection& connection) {
          if (!connection.start_tls(config)) return;
          {
            const std::lock_guard lock(mutex_);
            server_name_ = connection.server_name();
          }
          WsPeer peer(connection);
          if (peer.accept()) peer.echo();
        },
        address);
    return outcome_of(server.url("wss", host, "/ws"), std::move(options));
  }

  std::string server_name() {
    const std::lock_guard lock(mutex_);
    return server_name_;
  }

  void expect_refused(const WebSocketClosed& closed, const std::string& because) {
    EXPECT_EQ(closed.error.status(), MYCHAT_E_TLS) << closed.error.what();
    EXPECT_NE(std::string(closed.error.what()).find(because), std::string::npos) << closed.error.what();
  }

  TransportOptions trusting() const {
    TransportOptions options;
    options.ca_pem = ca_.certificate_pem();
    return options;
  }

  CertificateAuthority ca_;
  CertificateAuthority other_{"Somebody else's CA"};
  FakeName name_{"node.test", {"127.0.0.1"}};
  std::mutex mutex_;
  std::string server_name_;
};

TEST_F(WebSocketTls, TrustsTheRightNameOfTheRightAuthority) {
  EXPECT_EQ(ask({ca_.issue(named("node.test"))}, trusting()).error.status(), MYCHAT_OK);
  EXPECT_EQ(server_name(), "node.test") << "asked for by name, not by the address it resolved to";
  const FakeName wild("a.wild.test", {"127.0.0.1"});
  EXPECT_EQ(ask({ca_.issue(named("*.wild.test"))}, trusting(), "a.wild.test").error.status(), MYCHAT_OK);
  TransportOptions both = trusting();
  both.ca_pem = other_.certificate_pem() + ca_.certificate_pem();
  EXPECT_EQ(ask({ca_.issue(named("node.test"))}, both).error.status(), MYCHAT_OK);
}

TEST_F(WebSocketTls, RefusesWhatItMustAndSaysWhy) {
  const TlsServerConfig good{ca_.issue(named("node.test"))};
  expect_refused(ask(good, {}), "unable to get local issuer");
  TransportOptions wrong_authority;
  wrong_authority.ca_pem = other_.certificate_pem();
  expect_refused(ask(good, wrong_authority), "unable to get local issuer");
  expect_refused(ask({self_signed(named("node.test"))}, trusting()), "self-signed");

  CertificateSpec expired = named("node.test");
  expired.not_before_seconds = -7200;
  expired.not_after_seconds = -3600;
  expect_refused(ask({ca_.issue(expired)}, trusting()), "expired");
  CertificateSpec future = named("node.test");
  future.not_before_seconds = 3600;
  expect_refused(ask({ca_.issue(future)}, trusting()), "not yet valid");
}

TEST_F(WebSocketTls, ChecksTheNameAndNotTheAddress) {
  CertificateSpec address_only;
  address_only.ip_addresses = {"127.0.0.1", "::1"};
  expect_refused(ask({ca_.issue(address_only)}, trusting()), "mismatch");
  expect_refused(ask({ca_.issue(named("other.test"))}, trusting()), "mismatch");
  expect_refused(ask({ca_.issue(named("node.test"))}, trusting(), "127.0.0.1"), "mismatch");
  EXPECT_EQ(ask({ca_.issue(address_only)}, trusting(), "127.0.0.1").error.status(), MYCHAT_OK);
  EXPECT_EQ(server_name(), "") << "an address is no server name";
}

// libwebsockets by itself would cut this name at its first colon.
TEST_F(WebSocketTls, ChecksIpv6Addresses) {
  try {
    const Server probe([](Connection&) {}, "::1");
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  }
  CertificateSpec right;
  right.ip_addresses = {"::1"};
  EXPECT_EQ(ask({ca_.issue(right)}, trusting(), "[::1]", "::1").error.status(), MYCHAT_OK);
  expect_refused(ask({ca_.issue(named("node.test"))}, trusting(), "[::1]", "::1"), "mismatch");
}

TEST_F(WebSocketTls, ChecksTheWholeOfALongNameAndRefusesOneThatIsTooLong) {
  const std::string label(30, 'a');
  const std::string host = label + "." + label + "." + label + ".test";
  const FakeName long_name(host, {"127.0.0.1"});
  EXPECT_EQ(ask({ca_.issue(named(host))}, trusting(), host).error.status(), MYCHAT_OK);
  EXPECT_EQ(server_name(), host);
  expect_refused(ask({ca_.issue(named(host.substr(1)))}, trusting(), host), "mismatch");

  const std::string longer = label + "." + host;
  const FakeName longer_name(longer, {"127.0.0.1"});
  EXPECT_EQ(ask({ca_.issue(named(longer))}, trusting(), longer).error.status(), MYCHAT_E_UNSUPPORTED);
}

TEST_F(WebSocketTls, EnforcesPinsBesideTheCertificate) {
  const KeyAndCertificate identity = ca_.issue(named("node.test"));
  TransportOptions options = trusting();
  options.pins = {other_.issue(named("node.test")).spki_pin(), identity.spki_pin()};
  EXPECT_EQ(ask({identity}, options).error.status(), MYCHAT_OK);
  options.pins.pop_back();
  expect_refused(ask({identity}, options), "not the pinned one");
  const KeyAndCertificate untrusted = self_signed(named("node.test"));
  options.pins = {untrusted.spki_pin()};
  expect_refused(ask({untrusted}, options), "self-signed");
}

TEST_F(WebSocketTls, RefusesTls11) {
  TlsServerConfig old{ca_.issue(named("node.test"))};
  old.max_version = TLS1_1_VERSION;
  expect_refused(ask(old, trusting()), "handshake");
  old.max_version = TLS1_2_VERSION;
  EXPECT_EQ(ask(old, trusting()).error.status(), MYCHAT_OK);
}

// libwebsockets by itself would trust certificates in ../share of whatever directory the host runs in.
TEST_F(WebSocketTls, DoesNotTrustADirectoryBesideTheHosts) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(::testing::TempDir()) / ("mychat-share-" + std::to_string(getpid()));
  fs::create_directories(root / "share");
  fs::create_directories(root / "work");
  const std::string pem = ca_.certificate_pem();
  for (int i = 0; i < 2; ++i)
    std::ofstream(root / "share" / (subject_hash(pem) + "." + std::to_string(i))) << pem;
  const fs::path before = fs::current_path();
  fs::current_path(root / "work");
  expect_refused(ask({ca_.issue(named("node.test"))}, {}), "unable to get local issuer");
  fs::current_path(before);
  fs::remove_all(root);
}

TEST_F(WebSocketTls, ManyOpenAtOnceWithoutDisturbingEachOther) {
  const TlsServerConfig config{ca_.issue(named("node.test"))};
  Server server([&](Connection& connection) {
    if (!connection.start_tls(config)) return;
    WsPeer peer(connection);
    if (peer.accept()) peer.echo();
  });
  constexpr std::size_t kClients = 16;
  std::vector<Recorder> recorders(kClients);
  std::vector<std::unique_ptr<WebSocketClient>> clients;
  for (Recorder& recorder : recorders) {
    clients.push_back(std::make_unique<WebSocketClient>(trusting(), WebSocketOptions{}, recorder));
    clients.back()->connect(parse_url(server.url("wss", "node.test")));
  }
  for (std::size_t i = 0; i < kClients; ++i) {
    ASSERT_TRUE(recorders[i].wait_open()) << recorders[i].closed().error.what();
    EXPECT_TRUE(clients[i]->send_text("client " + std::to_string(i)));
    ASSERT_TRUE(recorders[i].wait_texts(1));
    EXPECT_EQ(recorders[i].texts()[0], "client " + std::to_string(i));
  }
}

}  // namespace
}  // namespace mychat::test
