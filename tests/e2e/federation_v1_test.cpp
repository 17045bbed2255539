// Nodes of protocol 1, which cannot sign: refused unless the operator takes them, and then only over verified
// TLS, shown as unsigned, and never in the name of one that has signed before.
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "e2e/federated_test.h"
#include "e2e/v1_peer.h"
#include "protocol/json.h"

namespace mychat::e2e {
namespace {

class V1Nodes : public FederatedTest {
 protected:
  std::string write_authority() const {
    std::string path = dir.file("ca.pem");
    std::ofstream(path) << authority.certificate_pem();
    return path;
  }
  test::TlsServerConfig good() const {
    return {authority.issue({.dns_names = {}, .ip_addresses = {"127.0.0.1"}})};
  }
  std::unique_ptr<FederatedNode> node_with(const std::string& v1) const {
    return std::make_unique<FederatedNode>(
        std::vector<std::string>{"--federation-v1", v1, "--federation-allow-private", "true",
                                 "--federation-ca-file", write_authority(), "--trusted-proxies", "127.0.0.1"},
        Reached::kOverHttps);
  }
  Sdk alice(const FederatedNode& node) { return user(node, "alice", test::kAliceKey); }
  static void expect_refused(const Answer& answer, const std::string& code) {
    EXPECT_EQ(answer.status, 403) << answer.body;
    EXPECT_TRUE(answer.says("\"error\":\"" + code + "\"")) << answer.body;
  }

  test::CertificateAuthority authority;
  std::string id;
};

TEST_F(V1Nodes, AreRefusedUnlessTheOperatorTakesThem) {
  const auto node = node_with("refuse");
  Sdk sdk = alice(*node);
  V1Peer peer(good());
  expect_refused(peer.post(*node, "messages", peer.message(sdk, "unasked", &id)), "signature_required");
  expect_refused(peer.post(*node, "delivery-receipt", peer.receipt(id, peer.bob)), "signature_required");
  EXPECT_EQ(peer.documents(), 0) << "a stranger made this node ask somebody";
  EXPECT_NE(sdk.lookup(peer.bob), MYCHAT_OK);
  EXPECT_EQ(peer.documents(), 1) << "once: what it is not may not be asked again";
  EXPECT_TRUE(peer.posts("").empty());
  const auto told = node->ask({"doctor", peer.domain});
  EXPECT_EQ(told.code, 4);
  EXPECT_NE(told.text.find("FEDERATION_V1=verified-tls"), std::string::npos) << told.text;
}

TEST_F(V1Nodes, MessagesAndReceiptsPassBothWaysAndNothingLooksSigned) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  V1Peer peer(good());
  const std::string there = sdk.send(peer.bob, "to a node of old");
  sdk.until([&] { return !peer.posts("/messages").empty(); }, "the message is there");
  const auto post = peer.posts("/messages").front();
  EXPECT_EQ(post.origin, node->domain);
  const Json sent = Json::parse(post.body);
  EXPECT_EQ(sent->string("message_id"), there);
  EXPECT_EQ(sent->string("sender_handle"), sdk.handle);
  EXPECT_EQ(sent->string("recipient_handle"), peer.bob);
  const EnvelopeFields fields{.algorithm = {},
                              .encrypted_content = std::string(sent->string("encrypted_content")),
                              .encrypted_key = std::string(sent->string("encrypted_key")),
                              .iv = std::string(sent->string("iv")),
                              .sender_encrypted_key = {},
                              .sender_key_hash = {},
                              .signature = {}};
  EXPECT_EQ(text(view(open_envelope(fields, test::bob_key()))), "to a node of old");
  EXPECT_EQ(peer.post(*node, "delivery-receipt", peer.receipt(there, peer.bob)).status, 200);
  sdk.wait_status(there, MYCHAT_MESSAGE_DELIVERED);

  const std::string body = peer.message(sdk, "from a node of old", &id);
  const Answer taken = peer.post(*node, "messages", body);
  EXPECT_EQ(taken.status, 202) << taken.body;
  EXPECT_TRUE(taken.says(id)) << taken.body;
  const Msg received = sdk.wait_message("from a node of old");
  EXPECT_EQ(received.sender, peer.bob);
  EXPECT_EQ(received.verification, MYCHAT_VERIFICATION_UNSIGNED);
  sdk.until([&] { return !peer.posts("/delivery-receipt").empty(); }, "its receipt");
  EXPECT_NE(peer.posts("/delivery-receipt").front().body.find(id), std::string::npos);
  EXPECT_EQ(peer.post(*node, "messages", body).status, 202);
  sdk.pump_for(300);
  EXPECT_EQ(sdk.times_received(id), 1);
  const auto listed = node->ask({"federation", "list", "--json"});
  EXPECT_NE(listed.text.find("\"protocol\": 1"), std::string::npos) << listed.text;
}

// A signature that came through a node that cannot vouch for it, and that anybody could have put there.
TEST_F(V1Nodes, WhatLooksLikeASignatureIsDropped) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  V1Peer peer(good());
  std::string body = peer.message(sdk, "signed?", &id);
  body.insert(
      1, R"("signature":")" + base64_encode(Bytes(96, 7)) + R"(","sent_at":"2026-01-01T00:00:00.000Z",)");
  const Answer taken = peer.post(*node, "messages", body);
  EXPECT_EQ(taken.status, 202) << taken.body;
  EXPECT_EQ(sdk.wait_message("signed?").verification, MYCHAT_VERIFICATION_UNSIGNED);
}

TEST_F(V1Nodes, NobodySpeaksInTheNameOfAnother) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  V1Peer victim(good());
  V1Peer thief(good());
  // From an address that is not the victim's.
  expect_refused(
      thief.post(*node, "messages", victim.message(sdk, "forged", &id), victim.domain, "127.0.0.9"),
      "unproven");
  // Also when the victim has spoken from its own a moment ago.
  EXPECT_EQ(victim.post(*node, "messages", victim.message(sdk, "true", &id)).status, 202);
  expect_refused(
      thief.post(*node, "messages", victim.message(sdk, "forged", &id), victim.domain, "127.0.0.9"),
      "unproven");
  // Under its own name, for a user of another, of this node, and for one that it does not have.
  expect_refused(thief.post(*node, "messages", victim.message(sdk, "forged", &id)), "forbidden");
  expect_refused(thief.post(*node, "messages", thief.message(sdk, "forged", &id, sdk.handle)), "forbidden");
  expect_refused(thief.post(*node, "messages", thief.message(sdk, "forged", &id, "eve@" + thief.domain)),
                 "forbidden");
  const std::string sent = sdk.send(victim.bob, "a question");
  sdk.until([&] { return !victim.posts("/messages").empty(); }, "the message is there");
  expect_refused(thief.post(*node, "delivery-receipt", thief.receipt(sent, victim.bob)), "forbidden");
  EXPECT_EQ(thief.post(*node, "delivery-receipt", thief.receipt(sent, thief.bob)).status, 200);
  EXPECT_EQ(thief.post(*node, "messages", "{}").status, 422);
  EXPECT_EQ(thief.post(*node, "messages", thief.message(sdk, "x", &id), "no domain").status, 401);
  EXPECT_EQ(thief.post(*node, "messages", thief.message(sdk, "x", &id), node->domain).status, 401);
  sdk.wait_message("true");
  sdk.pump_for(300);
  EXPECT_EQ(sdk.message(sent).status, MYCHAT_MESSAGE_PENDING) << "somebody else's receipt";
  for (const Seen& seen : sdk.seen()) EXPECT_NE(seen.message.data, "forged");
}

TEST_F(V1Nodes, WithoutAGoodCertificateNothingPasses) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  V1Peer peer({test::self_signed({.dns_names = {}, .ip_addresses = {"127.0.0.1"}})});
  expect_refused(peer.post(*node, "messages", peer.message(sdk, "unproven", &id)), "unproven");
  EXPECT_NE(sdk.lookup(peer.bob), MYCHAT_OK);
  EXPECT_EQ(peer.documents(), 0);
}

TEST_F(V1Nodes, ANodeThatHasSignedMustSignEverAfter) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  Rogue rogue(good());
  ASSERT_NO_FATAL_FAILURE(rogue.greet(*node));
  const std::string document = V1Peer::document_of(rogue.domain);
  rogue.show_text("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(document.size()) + "\r\n\r\n" +
                  document);
  V1Peer peer(good());
  const std::string eve = "eve@" + rogue.domain;
  const int asked = rogue.asked();
  expect_refused(peer.post(*node, "messages", peer.message(sdk, "unsigned", &id, eve), rogue.domain),
                 "signature_required");
  EXPECT_EQ(rogue.asked(), asked);
  // Nor is it sent to, after a restart that forgot the handshake.
  node->process->stop();
  node->process->start();
  EXPECT_NE(sdk.lookup(eve), MYCHAT_OK);
  const auto listed = node->ask({"federation", "list"});
  EXPECT_NE(listed.text.find("has proven its key before"), std::string::npos) << listed.text;
  const auto told = node->ask({"doctor", rogue.domain});
  EXPECT_NE(told.text.find("error: continuity: "), std::string::npos) << told.text;
  // A node that shows that it can sign has to, also before it ever did.
  Rogue fresh(good());
  expect_refused(
      peer.post(*node, "messages", peer.message(sdk, "unsigned", &id, "eve@" + fresh.domain), fresh.domain),
      "signature_required");
}

TEST_F(V1Nodes, WhatIsRefusedForGoodFailsAndTheRestIsTriedAgain) {
  const auto node = node_with("verified-tls");
  Sdk sdk = alice(*node);
  V1Peer peer(good());
  ASSERT_EQ(sdk.lookup(peer.bob), MYCHAT_OK) << sdk.error;
  peer.answer_messages_with("404 Not Found", R"({"error":"user_not_found","message":"Bob has moved."})");
  const std::string lost = sdk.send(peer.bob, "to nobody");
  sdk.wait_status(lost, MYCHAT_MESSAGE_FAILED);
  EXPECT_NE(sdk.explain(lost).description.find("Bob has moved."), std::string::npos)
      << sdk.explain(lost).description;
  peer.answer_messages_with("500 Oops", "{}");
  const std::string later = sdk.send(peer.bob, "a little later");
  sdk.until([&] { return peer.posts("/messages").size() >= 3; }, "it is tried again");
  EXPECT_EQ(sdk.message(later).status, MYCHAT_MESSAGE_PENDING);
  peer.answer_messages_with("202 Accepted", R"({"status":"accepted"})");
  const std::string last = sdk.send(peer.bob, "and after it");
  sdk.until([&] { return peer.posts("/messages").back().body.find(last) != std::string::npos; },
            "all are there");
  const auto posts = peer.posts("/messages");
  EXPECT_NE(posts[posts.size() - 2].body.find(later), std::string::npos) << "the order was not kept";
}

}  // namespace
}  // namespace mychat::e2e
