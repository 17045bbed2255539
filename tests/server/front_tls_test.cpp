// TLS 1.2 and 1.3, and certificates changed while the front runs.
#include <gtest/gtest.h>

#include <unistd.h>

#include <boost/asio/ssl.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

// A self-signed certificate for localhost and its key, in files of a directory that goes with the object.
class Certificate {
 public:
  explicit Certificate(const std::string& name) {
    static int serial = 0;
    directory_ = std::filesystem::temp_directory_path() /
                 ("mychat-front-" + std::to_string(getpid()) + "-" + std::to_string(++serial));
    std::filesystem::create_directory(directory_);
    write(name);
  }
  ~Certificate() { std::filesystem::remove_all(directory_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string certificate() const { return (directory_ / "cert.pem").string(); }
  std::string key() const { return (directory_ / "key.pem").string(); }
  TlsConfig config() const { return {certificate(), key()}; }

 private:
  void write(const std::string& name) {
    EVP_PKEY* pkey = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pkey);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    ASSERT_GT(X509_sign(x509, pkey, EVP_sha256()), 0);
    BIO* out = BIO_new_file(certificate().c_str(), "w");
    PEM_write_bio_X509(out, x509);
    BIO_free(out);
    out = BIO_new_file(key().c_str(), "w");
    PEM_write_bio_PrivateKey(out, pkey, nullptr, nullptr, 0, nullptr, nullptr);
    BIO_free(out);
    X509_free(x509);
    EVP_PKEY_free(pkey);
  }
  std::filesystem::path directory_;
};

FrontConfig with(const Certificate& certificate) {
  FrontConfig config = TestFront::fast();
  config.tls = certificate.config();
  return config;
}

TEST(FrontTls, Speaks12And13) {
  const Certificate certificate("one");
  TestFront front(with(certificate));
  for (const auto& [version, name] :
       {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    TestClient client(front.port(), {certificate.certificate(), version});
    EXPECT_EQ(client.tls_version(), name);
    EXPECT_EQ(client.request("POST", "/echo", std::string(100'000, 'x')).body.size(), 100'000U + 13);
    EXPECT_EQ(client.request("GET", "/big?n=5000000").body.size(), 5'000'000U);
    ASSERT_EQ(client.upgrade(), 101);
    for (int i = 0; i < 50; ++i) client.send_text(std::string(static_cast<std::size_t>(i) * 997, 't'));
    for (int i = 0; i < 50; ++i)
      EXPECT_EQ(client.data_frame()->payload.size(), static_cast<std::size_t>(i) * 997);
  }
}

TEST(FrontTls, RefusesOldVersions) {
  const Certificate certificate("one");
  TestFront front(with(certificate));
  EXPECT_THROW(TestClient(front.port(), {certificate.certificate(), TLS1_1_VERSION}), std::runtime_error);
  EXPECT_TRUE(eventually([&] { return front.server->stats().tls_failures == 1; }));
}

TEST(FrontTls, PlainHttpOnATlsPortIsCut) {
  const Certificate certificate("one");
  TestFront front(with(certificate));
  TestClient plain(front.port());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(plain.closed_by_peer());
  EXPECT_EQ(front.server->stats().tls_failures, 1U);
}

TEST(FrontTls, SlowHandshakesAreCut) {
  const Certificate certificate("one");
  FrontConfig config = with(certificate);
  config.header_timeout = milliseconds(100);
  TestFront front(config);
  TestClient slow(front.port());
  EXPECT_TRUE(slow.closed_by_peer());
  EXPECT_EQ(front.server->stats().cut_slow_headers, 1U);
}

TEST(FrontTls, CertificatesAreChangedWhileConnectionsLiveOn) {
  const Certificate first("one");
  const Certificate second("two");
  TestFront front(with(first));
  TestClient before(front.port(), {first.certificate()});
  EXPECT_EQ(before.request("GET", "/echo").status, 200);
  std::filesystem::copy_file(second.certificate(), first.certificate(),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THROW(front.server->reload_certificate(), Error);  // The key does not fit: the old pair stays.
  EXPECT_EQ(before.request("GET", "/echo").status, 200);
  std::filesystem::copy_file(second.key(), first.key(), std::filesystem::copy_options::overwrite_existing);
  front.server->reload_certificate();
  TestClient after(front.port(), {second.certificate()});
  EXPECT_EQ(after.request("GET", "/echo").status, 200);
  EXPECT_EQ(before.request("GET", "/echo").status, 200);
}

TEST(FrontTls, MissingFilesAreAnError) {
  FrontConfig config;
  config.tls = TlsConfig{"/nonexistent/cert.pem", "/nonexistent/key.pem"};
  FrontServer server(config, [](HttpRequest&&, Reply) {});
  try {
    server.start();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_TLS);
  }
}

TEST(FrontTls, DrainsWith1001) {
  const Certificate certificate("one");
  TestFront front(with(certificate));
  TestClient websocket(front.port(), {certificate.certificate()});
  ASSERT_EQ(websocket.upgrade(), 101);
  std::thread drain([&] { EXPECT_TRUE(front.server->drain(kPatience)); });
  EXPECT_EQ(websocket.close_code(), 1001);
  websocket.send(frame_bytes(8, close_payload(1001)));
  EXPECT_TRUE(websocket.closed_by_peer());
  websocket.close();
  drain.join();
}

TEST(FrontTls, ASlowReaderIsCutWith1013InWholeFrames) {
  const Certificate certificate("one");
  FrontConfig config = with(certificate);
  config.ws.queue_bytes = 1024 * 1024;
  TestFront front(config);
  TestClient slow(front.port(), {certificate.certificate()});
  ASSERT_EQ(slow.upgrade(), 101);
  slow.send_text("flood");
  ASSERT_TRUE(eventually([&] { return front.server->stats().cut_slow_readers == 1; }));
  EXPECT_EQ(slow.close_code(), 1013);
}

}  // namespace
}  // namespace mychat::server::test
