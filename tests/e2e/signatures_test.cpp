// What becomes of signatures that are not right: a precise state, a message that is kept, and under the
// policy no content.
#include <atomic>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "e2e/middle.h"
#include "e2e/world.h"
#include "protocol/json.h"
#include "protocol/message.h"
#include "protocol/signed_bytes.h"

namespace mychat::e2e {
namespace {

class Signatures : public World {
 protected:
  Signatures() {
    Sdk::Options options;
    options.store = dir.file("bob");
    options.node_url = middle.url();
    options.flags = MYCHAT_CLIENT_NO_WEBSOCKET;
    b.emplace(options);
    EXPECT_EQ(b->import_key(test::kBobKey), MYCHAT_OK);
    EXPECT_EQ(b->register_user("bob"), MYCHAT_OK) << b->error;
    b->wait_state(MYCHAT_CONNECTION_POLLING);
  }
  ~Signatures() override { middle.set_alter(nullptr); }

  // The next messages carry `json` in place of their signature; requests for keys are answered by `keys`.
  void forge(std::string json, Middle::Alter keys = nullptr) {
    middle.set_alter(
        [json = std::move(json), keys = std::move(keys)](const test::RawRequest& request, std::string& body) {
          if (keys && request.target.starts_with("/api/keys/")) return keys(request, body);
          if (!request.target.starts_with("/api/mailbox?")) return true;
          const std::string name = "\"signature\":\"";
          const std::size_t at = body.find(name);
          if (at == std::string::npos) return true;
          const std::size_t value = at + name.size() - 1;
          body.replace(value, body.find('"', value + 1) + 1 - value, json);
          return true;
        });
  }
  Msg arrives(Sdk& a, const std::string& text) {
    const std::string id = a.send(kBob, text);
    return b->wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == id; }, text)
        .message;
  }
  static std::string by_nobody() { return '"' + base64_encode(random_array<96>()) + '"'; }
  // The first signed message of a mailbox answer, signed by somebody else.
  static std::string sign_anew(const std::string& body, const Ed25519PrivateKey& key) {
    const std::string name = "\"signature\":\"";
    const std::size_t at = body.find(name);
    if (at == std::string::npos) return body;
    const Json json = Json::parse(body);
    for (const JsonView item : json->array("items")) {
      if (item.string("type") != "message") continue;
      const auto message = wire::MessageOut::from_json(item.object("data"));
      if (!message.signature) continue;
      const Bytes signature = signed_by(key, message);
      std::string out = body;
      const std::size_t value = at + name.size();
      out.replace(value, out.find('"', value) - value, base64_encode(signature));
      return out;
    }
    return body;
  }
  static Bytes signed_by(const Ed25519PrivateKey& key, const wire::MessageOut& m) {
    const Sha256Digest content = sha256(*base64_decode(m.encrypted_content));
    const Sha256Digest wrapped = sha256(*base64_decode(*m.encrypted_key));
    const Bytes iv = *base64_decode(*m.iv);
    const Bytes copy = *base64_decode(*m.sender_key_hash);
    const Bytes bytes = bytes_to_sign(EnvelopeToSign{.id = m.id,
                                                     .sender_handle = m.sender_handle,
                                                     .recipient_handle = *m.recipient_handle,
                                                     .algorithm = *m.algorithm,
                                                     .content_type = m.content_type,
                                                     .sent_at = *m.sent_at,
                                                     .content_sha256 = content,
                                                     .encrypted_key_sha256 = wrapped,
                                                     .iv = iv,
                                                     .sender_encrypted_key_sha256 = ByteView(copy)});
    Bytes out(key.public_key().begin(), key.public_key().end());
    const Ed25519Signature made = key.sign(bytes);
    out.insert(out.end(), made.begin(), made.end());
    return out;
  }

  Middle middle{node.port()};
  std::optional<Sdk> b;
};

TEST_F(Signatures, WhatIsNoSignatureIsInvalidAndTheMessageIsKept) {
  Sdk a = alice();
  int i = 0;
  for (const char* json : {"\"AAAA\"", "\"no base64!\"", "5", "{\"key\":1}", "true"}) {
    forge(json);
    const Msg got = arrives(a, "message " + std::to_string(i++));
    EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_INVALID) << json;
    EXPECT_TRUE(got.readable) << json;
  }
  // None at all is another thing than a wrong one.
  for (const char* json : {"null", "\"\""}) {
    forge(json);
    EXPECT_EQ(arrives(a, "message " + std::to_string(i++)).verification, MYCHAT_VERIFICATION_UNSIGNED)
        << json;
  }
}

TEST_F(Signatures, OneThatDoesNotHoldUnderTheKeyThatItNamesIsInvalidWhateverKeysAreKnown) {
  Sdk a = alice();
  std::atomic<int> asked{0};
  const auto no_keys = [&](const test::RawRequest&, std::string& body) {
    ++asked;
    body = "{}";
    return true;
  };
  forge(by_nobody(), no_keys);
  EXPECT_EQ(arrives(a, "unknown sender").verification, MYCHAT_VERIFICATION_INVALID);
  middle.set_alter(nullptr);
  ASSERT_EQ(b->add_contact(kAlice), MYCHAT_OK);
  asked = 0;
  forge(by_nobody(), no_keys);
  EXPECT_EQ(arrives(a, "by whom?").verification, MYCHAT_VERIFICATION_INVALID);
  EXPECT_EQ(asked, 0) << "no key makes it right";
  // The form of before: a signature that names no key.
  forge('"' + base64_encode(random_array<64>()) + '"');
  EXPECT_EQ(arrives(a, "64 bytes").verification, MYCHAT_VERIFICATION_INVALID);
  middle.set_alter(nullptr);
  EXPECT_EQ(arrives(a, "by alice").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Signatures, OneByAKeyNotKnownToBeTheSendersIsUnverifiedOnceTheKeysWereAskedFor) {
  Sdk a = alice();
  ASSERT_EQ(b->add_contact(kAlice), MYCHAT_OK);
  std::atomic<int> asked{0};
  const auto resigned = [&](const Ed25519PrivateKey& key) {
    middle.set_alter([&asked, key](const test::RawRequest& request, std::string& body) {
      asked += request.target.starts_with("/api/keys/");
      if (request.target.starts_with("/api/mailbox?")) body = sign_anew(body, key);
      return true;
    });
  };
  const Ed25519PrivateKey stranger = Ed25519PrivateKey::generate();
  resigned(stranger);
  const std::string id = a.send(kBob, "by a stranger");
  const Msg got = b->wait_message("by a stranger");
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_UNVERIFIED);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(b->explain(id).cause, MYCHAT_E_SIGNATURE);
  ASSERT_EQ(mychat_client_set_policy(b->get(), MYCHAT_POLICY_REQUIRE_SIGNATURES, nullptr), MYCHAT_OK);
  EXPECT_FALSE(arrives(a, "not for those who want proof").readable);
  middle.set_alter(nullptr);
  EXPECT_EQ(arrives(a, "by alice").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Signatures, OfASenderWhoseKeyChangedOnlyWhatCouldBeRightIsUnverified) {
  Sdk a = alice();
  ASSERT_EQ(b->add_contact(kAlice), MYCHAT_OK);
  ASSERT_EQ(a.call([&](auto* r, auto* e) { return mychat_client_rotate_identity(a.get(), nullptr, r, e); }),
            MYCHAT_OK)
      << a.error;
  b->wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_KEY_CHANGED; }, "the key change");
  EXPECT_EQ(arrives(a, "by the key that waits").verification, MYCHAT_VERIFICATION_UNVERIFIED);
  forge("\"AAAA\"");
  EXPECT_EQ(arrives(a, "by none").verification, MYCHAT_VERIFICATION_INVALID);
}

TEST_F(Signatures, ThePolicyTakesOnlyWhatIsVerified) {
  Sdk a = alice();
  ASSERT_EQ(mychat_client_set_policy(b->get(), MYCHAT_POLICY_REQUIRE_SIGNATURES, nullptr), MYCHAT_OK);
  int i = 0;
  for (const std::string& json :
       {std::string("\"AAAA\""), std::string("5"), std::string("null"), by_nobody()}) {
    forge(json);
    const Msg got = arrives(a, "message " + std::to_string(i++));
    EXPECT_FALSE(got.readable) << json;
    EXPECT_EQ(got.failure, MYCHAT_E_POLICY) << json;
    EXPECT_EQ(got.data, "") << json;
  }
  middle.set_alter(nullptr);
  EXPECT_TRUE(arrives(a, "signed").readable);
}

}  // namespace
}  // namespace mychat::e2e
