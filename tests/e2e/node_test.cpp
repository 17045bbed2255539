// What becomes of clients when the node is restored from a backup, and how they trust its certificate.

#include <fstream>

#include "e2e/world.h"
#include "support/tls.h"

namespace mychat::e2e {
namespace {

using Restored = World;

TEST_F(Restored, ANodeThatLostItsLatestDataBringsNothingTwice) {
  Sdk a = alice();
  Sdk b = bob();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(a.send(kBob, "before " + std::to_string(i)));
  b.wait_message("before 4");
  a.wait_status(ids.back(), MYCHAT_MESSAGE_DELIVERED);
  const std::string backup = dir.file("backup.db");
  EXPECT_EQ(node.operate({"backup", backup}), 0);
  const std::string lost = a.send(kBob, "after the backup");
  b.wait_message("after the backup");
  a.wait_status(lost, MYCHAT_MESSAGE_DELIVERED);
  EXPECT_EQ(node.stop(), 0);
  ASSERT_EQ(node.operate({"restore", backup}), 0);
  a.forget();
  node.start();
  a.wait_online();
  ids.push_back(a.send(kBob, "after the restoration"));
  b.wait_message("after the restoration");
  b.pump_for(300);
  EXPECT_EQ(b.whole_history(kAlice).size(), 7u);
  EXPECT_EQ(b.times_received(lost), 1);
  for (const std::string& id : ids) EXPECT_EQ(b.times_received(id), 1);
  a.pump_for(300);
  EXPECT_EQ(a.whole_history(kBob).size(), 7u);
}

// A node with a certificate of an authority made for the test.
class Tls : public ::testing::Test {
 protected:
  Tls() {
    identity_ = authority_.issue({.dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1"}});
    write("cert.pem", identity_.certificate_pem);
    write("key.pem", identity_.key_pem);
    write("ca.pem", authority_.certificate_pem());
    write("other.pem", test::CertificateAuthority("Another CA").certificate_pem());
    node_ = std::make_unique<NodeProcess>(
        std::vector<std::string>{"--tls-cert", dir_.file("cert.pem"), "--tls-key", dir_.file("key.pem")});
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(dir_.file(name)) << text; }
  Sdk client(const std::string& name, const std::string& ca, const std::string& pins = {}) {
    Sdk::Options options;
    options.store = dir_.file(name);
    options.node_url = node_->url("https");
    options.ca_file = ca.empty() ? "" : dir_.file(ca);
    options.pins = pins;
    return Sdk(options);
  }
  static mychat_status node_info(Sdk& sdk) {
    return sdk.call([&](auto* r, auto* e) { return mychat_client_node_info(sdk.get(), r, e); });
  }

  test::CertificateAuthority authority_;
  test::KeyAndCertificate identity_;
  TempDir dir_;
  std::unique_ptr<NodeProcess> node_;
};

TEST_F(Tls, TheRightAuthorityAndPinCarryAConversation) {
  Sdk a = client("alice", "ca.pem", identity_.spki_pin());
  Sdk b = client("bob", "ca.pem");
  ASSERT_EQ(a.import_key(test::kAliceKey), MYCHAT_OK);
  ASSERT_EQ(b.import_key(test::kBobKey), MYCHAT_OK);
  ASSERT_EQ(a.register_user("alice"), MYCHAT_OK) << a.error;
  ASSERT_EQ(b.register_user("bob"), MYCHAT_OK) << b.error;
  a.wait_online();
  b.wait_online();
  a.send(kBob, "over TLS");
  EXPECT_EQ(b.wait_message("over TLS").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Tls, WrongAuthoritiesPinsAndPlaintextAreRefused) {
  Sdk system = client("1", "");
  EXPECT_EQ(node_info(system), MYCHAT_E_TLS) << system.error;
  Sdk other = client("2", "other.pem");
  EXPECT_EQ(node_info(other), MYCHAT_E_TLS) << other.error;
  const std::string wrong = test::self_signed({.dns_names = {"localhost"}, .ip_addresses = {}}).spki_pin();
  Sdk pinned = client("3", "ca.pem", wrong);
  EXPECT_EQ(node_info(pinned), MYCHAT_E_TLS) << pinned.error;
  Sdk both = client("4", "ca.pem", wrong + ";" + identity_.spki_pin());
  EXPECT_EQ(node_info(both), MYCHAT_OK) << both.error;

  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  const std::string store = dir_.file("5");
  options.store_path = store.c_str();
  options.passphrase = "local secret";
  options.node_url = "http://chat.example.org";
  mychat_client* client = nullptr;
  EXPECT_EQ(mychat_client_create(&options, &client, nullptr), MYCHAT_E_PLAINTEXT_REFUSED);
  EXPECT_EQ(client, nullptr);
  EXPECT_FALSE(std::filesystem::exists(store));
}

}  // namespace
}  // namespace mychat::e2e
