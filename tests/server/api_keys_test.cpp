// Profiles and identity keys over HTTP.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/sign.h"
#include "keys/certificate.h"
#include "protocol/json_writer.h"
#include "server/api_fixture.h"
#include "support/test_keys.h"

namespace mychat::server::test {
namespace {

RsaPrivateKey private_key(int which) {
  return RsaPrivateKey::from_pkcs8_pem(which == 0 ? mychat::test::kAliceKey : mychat::test::kBobKey,
                                       RsaCheck::kArithmetic);
}

std::string key_members(int which) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("public_key", public_key_pem(which));
  json.member("public_key_fingerprint", public_key_fingerprint(which));
  json.end_object();
  out.pop_back();
  return out;
}

std::string rotation_member(const KeyRotationStatement& statement) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("old_fingerprint", statement.old_fingerprint);
  json.member("new_fingerprint", statement.new_fingerprint);
  json.member("created_at", statement.created_at);
  json.member("signature_old", base64_encode(view(statement.signature_old)));
  json.member("signature_new", base64_encode(view(statement.signature_new)));
  json.end_object();
  return ",\"rotation\":" + out;
}

class ApiKeys : public testing::Test {
 protected:
  TestNode node_;
  Account alice_ = node_.add("alice"), bob_ = node_.add("bob", 1);
};

TEST_F(ApiKeys, KeysArePublicAndUsersNeedASession) {
  const Answer key = node_.call("GET", "/api/keys/alice@node.test");
  ASSERT_EQ(key.status, 200) << key.text;
  EXPECT_EQ(key.json()->string("public_key"), public_key_pem(0));
  EXPECT_EQ(key.json()->string("public_key_fingerprint"), public_key_fingerprint(0));
  EXPECT_TRUE(key.json()->boolean("verified"));
  EXPECT_FALSE(key.json()->string("updated_at").empty());
  EXPECT_EQ(node_.call("GET", "/api/keys/nobody@node.test").status, 404);
  EXPECT_EQ(node_.call("GET", "/api/keys/nonsense").status, 400);
  EXPECT_EQ(node_.call("GET", "/api/keys/alice@elsewhere.test").status, 501);
  EXPECT_EQ(node_.call("GET", "/api/users/alice@node.test").status, 403);
  const Answer user = node_.call("GET", "/api/users/ALICE@node.test", {}, bob_.token);
  ASSERT_EQ(user.status, 200) << user.text;
  EXPECT_EQ(user.json()->string("full_handle"), "alice@node.test");
  EXPECT_TRUE(user.json()->at("avatar_url").is_null());
  EXPECT_EQ(node_.call("GET", "/api/users/nobody@node.test", {}, bob_.token).status, 404);
  EXPECT_EQ(node_.call("GET", "/api/users/nonsense", {}, bob_.token).status, 400);
}

TEST_F(ApiKeys, TheProfileChangesAndContactsHearOfIt) {
  node_.befriend(alice_, bob_);
  const auto put = [&](const char* body) { return node_.call("PUT", "/api/users/me", body, alice_.token); };
  const Answer done = put(R"({"avatar_url":"https://node.test/a.png","status_message":"Grüße"})");
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.json()->string("status_message"), "Grüße");
  EXPECT_EQ(put(R"({"status_message":""})").json()->string("avatar_url"), "https://node.test/a.png");
  EXPECT_EQ(put(R"j({"avatar_url":"javascript:alert(1)"})j").status, 422);
  EXPECT_EQ(put((R"({"status_message":")" + std::string(281, 'x') + "\"}").c_str()).status, 422);
  ASSERT_TRUE(eventually([&] {
    return node_.call("GET", "/api/mailbox", {}, bob_.token).text.find("\"profile\"") != std::string::npos;
  }));
}

TEST_F(ApiKeys, ARotationThatChainsIsTakenAndAnnouncedAndOneThatDoesNotIs409) {
  node_.befriend(alice_, bob_);
  const std::int64_t now = Clock::system().now_ms();
  const auto right = make_rotation(private_key(0), private_key(1), "alice@node.test", now);
  const auto wrong = make_rotation(private_key(0), private_key(1), "bob@node.test", now);
  const auto put = [&](const std::string& body) {
    return node_.call("PUT", "/api/keys/me", body, alice_.token);
  };
  EXPECT_EQ(put(key_members(1) + rotation_member(wrong) + "}").status, 409);
  EXPECT_EQ(node_.call("GET", "/api/keys/alice@node.test").json()->string("public_key"), public_key_pem(0));
  EXPECT_EQ(put("{}").status, 422);
  const Answer done = put(key_members(1) + rotation_member(right) + "}");
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.json()->string("public_key_fingerprint"), public_key_fingerprint(1));
  EXPECT_EQ(node_.call("GET", "/api/keys/alice@node.test").json()->string("public_key"), public_key_pem(1));
  const Json mailbox = node_.call("GET", "/api/mailbox", {}, bob_.token).json();
  bool announced = false;
  for (const JsonView item : mailbox->array("items")) {
    if (item.string("type") != "key_change") continue;
    announced = true;
    EXPECT_EQ(item.object("data").string("handle"), "alice@node.test");
    EXPECT_EQ(item.object("data").object("rotation").string("old_fingerprint"), right.old_fingerprint);
  }
  EXPECT_TRUE(announced);
}

TEST_F(ApiKeys, ASigningKeyNeedsACertificateOfTheIdentityKey) {
  const Ed25519PrivateKey signing = Ed25519PrivateKey::generate();
  const auto body = [&](int signer) {
    return key_members(0) + R"(,"signing_key":")" + base64_encode(signing.public_key()) +
           R"(","signing_key_certificate":")" +
           base64_encode(
               view(certify_signing_key(private_key(signer), "alice@node.test", signing.public_key()))) +
           "\"}";
  };
  EXPECT_EQ(node_.call("PUT", "/api/keys/me", body(1), alice_.token).status, 422);
  EXPECT_EQ(node_.call("PUT", "/api/keys/me", body(0), alice_.token).status, 200);
  EXPECT_EQ(node_.call("GET", "/api/keys/alice@node.test").json()->string("signing_key"),
            base64_encode(signing.public_key()));
}

}  // namespace
}  // namespace mychat::server::test
