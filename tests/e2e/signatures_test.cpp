// What becomes of signatures that are not right: a precise state, a message that is kept, and under the
// policy no content.
#include <atomic>

#include "base/encoding.h"
#include "crypto/random.h"
#include "e2e/middle.h"
#include "e2e/world.h"

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
  static std::string by_nobody() { return '"' + base64_encode(random_array<64>()) + '"'; }

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

TEST_F(Signatures, ASignatureByAKeyThatNobodyCertifiedIsInvalidOnceTheKeysWereAskedForAgain) {
  Sdk a = alice();
  ASSERT_EQ(b->add_contact(kAlice), MYCHAT_OK);
  std::atomic<int> asked{0};
  forge(by_nobody(), [&](const test::RawRequest&, std::string&) {
    ++asked;
    return true;
  });
  EXPECT_EQ(arrives(a, "by whom?").verification, MYCHAT_VERIFICATION_INVALID);
  EXPECT_EQ(asked, 1);
  middle.set_alter(nullptr);
  EXPECT_EQ(arrives(a, "by alice").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Signatures, NothingIsCalledForgedWhileTheKeysCannotBeAskedFor) {
  Sdk a = alice();
  ASSERT_EQ(b->add_contact(kAlice), MYCHAT_OK);
  const auto garbage = [](const test::RawRequest&, std::string& body) {
    body = "{}";
    return true;
  };
  forge(by_nobody(), garbage);
  EXPECT_EQ(arrives(a, "unknown").verification, MYCHAT_VERIFICATION_UNVERIFIED);
  forge("\"AAAA\"", garbage);
  EXPECT_EQ(arrives(a, "wrong by its form").verification, MYCHAT_VERIFICATION_INVALID);
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
