// Whom HTTP trusts.
#include <openssl/ssl.h>

#include <fstream>

#include "fake_dns.h"
#include "support/net.h"
#include "support/tls.h"
#include "transport/http_client.h"
#include "waiting.h"

namespace mychat::test {
namespace {

class HttpTls : public ::testing::Test {
 protected:
  CertificateSpec right() const {
    CertificateSpec spec;
    spec.dns_names = {"node.test"};
    return spec;
  }

  // What a client with these options gets from a server with that identity, asked for by the name in the URL.
  HttpResult ask(const TlsServerConfig& config, TransportOptions options,
                 const std::string& host = "node.test") {
    Server server([&](Connection& connection) {
      if (!connection.start_tls(config)) return;
      if (read_http_request(connection)) connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    HttpClient client(std::move(options));
    HttpRequest request;
    request.url = server.url("https", host);
    Outcome outcome;
    client.submit(request, outcome.callback());
    try {
      return outcome.response();
    } catch (const std::runtime_error&) {
      return outcome.error();
    }
  }

  void expect_refused(const HttpResult& result, const std::string& because) {
    const auto* error = std::get_if<Error>(&result);
    ASSERT_NE(error, nullptr) << "trusted";
    EXPECT_EQ(error->status(), MYCHAT_E_TLS) << error->what();
    EXPECT_NE(std::string(error->what()).find(because), std::string::npos) << error->what();
  }

  TransportOptions trusting() const {
    TransportOptions options;
    options.ca_pem = ca_.certificate_pem();
    return options;
  }

  CertificateAuthority ca_;
  CertificateAuthority other_{"Somebody else's CA"};
  FakeName name_{"node.test", {"127.0.0.1"}};
};

TEST_F(HttpTls, TrustsTheGivenAuthorityFromMemoryAndFromAFile) {
  const TlsServerConfig server{ca_.issue(right())};
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(ask(server, trusting())));

  const std::string path = ::testing::TempDir() + "mychat-transport-ca.pem";
  std::ofstream(path) << other_.certificate_pem() << ca_.certificate_pem();
  TransportOptions options;
  options.ca_file = path;
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(ask(server, options)));
  std::remove(path.c_str());
}

TEST_F(HttpTls, RefusesWhatItMustAndSaysWhy) {
  const TlsServerConfig good{ca_.issue(right())};
  expect_refused(ask(good, {}), "unable to get local issuer");
  TransportOptions wrong_authority;
  wrong_authority.ca_pem = other_.certificate_pem();
  expect_refused(ask(good, wrong_authority), "unable to get local issuer");
  expect_refused(ask({self_signed(right())}, trusting()), "self-signed");

  CertificateSpec expired = right();
  expired.not_before_seconds = -7200;
  expired.not_after_seconds = -3600;
  expect_refused(ask({ca_.issue(expired)}, trusting()), "expired");
  CertificateSpec future = right();
  future.not_before_seconds = 3600;
  expect_refused(ask({ca_.issue(future)}, trusting()), "not yet valid");

  CertificateSpec wrong_name;
  wrong_name.dns_names = {"other.test", "node.test.other.test"};
  wrong_name.ip_addresses = {"127.0.0.1"};
  expect_refused(ask({ca_.issue(wrong_name)}, trusting()), "another name");
  CertificateSpec name_only = right();
  expect_refused(ask({ca_.issue(name_only)}, trusting(), "127.0.0.1"), "another name");
}

TEST_F(HttpTls, ChecksAddressesAgainstAddressesInTheCertificate) {
  CertificateSpec spec;
  spec.ip_addresses = {"127.0.0.1"};
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(ask({ca_.issue(spec)}, trusting(), "127.0.0.1")));
}

TEST_F(HttpTls, EnforcesPinsBesideTheCertificate) {
  const KeyAndCertificate identity = ca_.issue(right());
  TransportOptions options = trusting();
  options.pins = {other_.issue(right()).spki_pin(), identity.spki_pin()};
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(ask({identity}, options)));
  options.pins.pop_back();
  expect_refused(ask({identity}, options), "not the pinned one");
  // A right pin does not make up for a certificate that is not trusted.
  const KeyAndCertificate untrusted = self_signed(right());
  options.pins = {untrusted.spki_pin()};
  expect_refused(ask({untrusted}, options), "self-signed");
}

TEST_F(HttpTls, RefusesTls11) {
  TlsServerConfig old{ca_.issue(right())};
  old.max_version = TLS1_1_VERSION;
  expect_refused(ask(old, trusting()), "handshake");
  old.max_version = TLS1_2_VERSION;
  EXPECT_TRUE(std::holds_alternative<HttpResponse>(ask(old, trusting())));
}

}  // namespace
}  // namespace mychat::test
