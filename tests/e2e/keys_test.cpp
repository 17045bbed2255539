// Keys: who wrote a message, keys that change or get lost, and what repairs a message.
#include <algorithm>
#include <atomic>

#include "base/encoding.h"
#include "e2e/middle.h"
#include "e2e/rest.h"
#include "e2e/world.h"
#include "e2ee/envelope_v1.h"
#include "keys/fingerprint.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "protocol/message.h"
#include "protocol/user.h"

namespace mychat::e2e {
namespace {

class Keys : public World {
 protected:
  // A client whose traffic goes through somebody in the middle.
  Sdk through(const Middle& middle, const std::string& store) {
    Sdk::Options options;
    options.store = dir.file(store);
    options.node_url = middle.url();
    options.flags = MYCHAT_CLIENT_NO_WEBSOCKET;
    return Sdk(options);
  }
  Sdk bob_through(const Middle& middle) {
    Sdk b = through(middle, "bob");
    EXPECT_EQ(b.import_key(test::kBobKey), MYCHAT_OK);
    EXPECT_EQ(b.register_user("bob"), MYCHAT_OK) << b.error;
    b.wait_state(MYCHAT_CONNECTION_POLLING);
    return b;
  }
  // As a v1 client sends: sealed, not signed, without an id of its own. The node's id of it.
  std::string send_v1(const std::string& text) {
    const EnvelopeFields sealed = seal_envelope(view(text), test::bob_key().public_key(), {});
    wire::SendMessageRequest request;
    request.recipient_handle = kBob;
    request.encrypted_content = sealed.encrypted_content;
    request.encrypted_key = sealed.encrypted_key;
    request.iv = sealed.iv;
    const RestAnswer answer =
        rest(node.port(), "POST", "/api/messages", rest_login(node.port(), "alice"), to_json_text(request));
    EXPECT_EQ(answer.status, 201) << answer.body;
    return wire::MessageOut::from_json(Json::parse(answer.body)).id;
  }
  static mychat_status rotate(Sdk& sdk, const char* password = nullptr) {
    return sdk.call(
        [&](auto* r, auto* e) { return mychat_client_rotate_identity(sdk.get(), password, r, e); });
  }
  static Seen wait_key_change(Sdk& sdk) {
    return sdk.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_KEY_CHANGED; }, "the key change");
  }
  static std::string backup(Sdk& sdk, mychat_backup_kind kind) {
    mychat_backup* made = nullptr;
    mychat_error failed = MYCHAT_ERROR_INIT;
    EXPECT_EQ(mychat_client_export_backup(sdk.get(), "backup password", kind, &made, &failed), MYCHAT_OK)
        << failed.message;
    if (made == nullptr) return {};
    std::string out(reinterpret_cast<const char*>(made->data), made->size);
    mychat_backup_free(made);
    return out;
  }
};

TEST_F(Keys, SafetyNumbersAreTheSameOnBothSidesAndTrustIsKept) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK);
  ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK);
  const std::string number = a.safety_number(kBob);
  EXPECT_EQ(number.size(), 71u);
  EXPECT_EQ(number, b.safety_number(kAlice));
  char* code = nullptr;
  ASSERT_EQ(mychat_client_safety_qr(b.get(), kAlice.c_str(), &code, nullptr), MYCHAT_OK);
  mychat_scan_result result = 0;
  ASSERT_EQ(mychat_client_compare_safety_qr(a.get(), kBob.c_str(), code, &result, nullptr), MYCHAT_OK);
  EXPECT_EQ(result, MYCHAT_SCAN_MATCH);
  mychat_string_free(code);
  EXPECT_EQ(mychat_client_set_verified(a.get(), kBob.c_str(), a.account().fingerprint.c_str(), 1, nullptr),
            MYCHAT_E_KEY_MISMATCH);
  ASSERT_EQ(mychat_client_set_verified(a.get(), kBob.c_str(), b.account().fingerprint.c_str(), 1, nullptr),
            MYCHAT_OK);
  a.reopen();
  a.wait_online();
  EXPECT_EQ(a.contact(kBob).trust, MYCHAT_TRUST_VERIFIED);
}

TEST_F(Keys, ARotationIsAnnouncedAndNothingIsSentUntilItIsAccepted) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK);
  a.send(kBob, "to the old key");
  b.wait_message("to the old key");
  const std::string old_number = a.safety_number(kBob);
  const std::string old_fingerprint = b.account().fingerprint;

  ASSERT_EQ(rotate(b), MYCHAT_OK) << b.error;
  const std::string fingerprint = b.account().fingerprint;
  EXPECT_NE(fingerprint, old_fingerprint);
  const Seen change = wait_key_change(a);
  EXPECT_EQ(change.contact.handle, kBob);
  EXPECT_EQ(change.contact.trust, MYCHAT_TRUST_CHANGED);
  EXPECT_EQ(change.contact.fingerprint, old_fingerprint);
  EXPECT_EQ(change.contact.pending, fingerprint);
  EXPECT_TRUE(change.contact.vouched);
  EXPECT_NE(a.safety_number(kBob), old_number);
  EXPECT_EQ(a.safety_number(kBob), b.safety_number(kAlice));

  EXPECT_EQ(a.try_send(kBob, "too early"), MYCHAT_E_KEY_CHANGED);
  EXPECT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), old_fingerprint.c_str(), nullptr),
            MYCHAT_E_KEY_MISMATCH);
  ASSERT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), fingerprint.c_str(), nullptr), MYCHAT_OK);
  EXPECT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), fingerprint.c_str(), nullptr),
            MYCHAT_E_INVALID_STATE);
  EXPECT_EQ(a.contact(kBob).trust, MYCHAT_TRUST_UNVERIFIED);
  a.send(kBob, "to the new key");
  EXPECT_TRUE(b.wait_message("to the new key").readable);
  // What the new key signs is verified once it is accepted.
  b.send(kAlice, "signed anew");
  EXPECT_EQ(a.wait_message("signed anew").verification, MYCHAT_VERIFICATION_VERIFIED);
  EXPECT_EQ(b.whole_history(kAlice).front().data, "to the old key");
  EXPECT_EQ(b.account().signs, true);
}

TEST_F(Keys, AMessageQueuedBeforeAKeyChangeWaitsForTheAcceptance) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK);
  a.stop();
  a.wait_state(MYCHAT_CONNECTION_OFFLINE);
  const std::string id = a.send(kBob, "queued");
  ASSERT_EQ(rotate(b), MYCHAT_OK) << b.error;
  a.start();
  wait_key_change(a);
  a.until([&] { return a.explain(id).cause == MYCHAT_E_KEY_CHANGED; }, "it is explained");
  EXPECT_EQ(a.explain(id).repair, MYCHAT_REPAIR_ACCEPT_KEY);
  EXPECT_EQ(a.message(id).status, MYCHAT_MESSAGE_QUEUED);
  ASSERT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), b.account().fingerprint.c_str(), nullptr),
            MYCHAT_OK);
  EXPECT_EQ(b.wait_message("queued").id, id);
  EXPECT_EQ(a.explain(id).cause, MYCHAT_OK);
}

TEST_F(Keys, ARotationWhoseAnswerWasLostIsFoundOutAndKept) {
  Middle middle(node.port());
  Sdk a = alice();
  Sdk b = bob_through(middle);
  const std::string old_fingerprint = b.account().fingerprint;
  a.send(kBob, "before");
  b.wait_message("before");
  middle.set_alter([](const test::RawRequest& request, std::string&) {
    return !(request.method == "PUT" && request.target == "/api/keys/me");
  });
  EXPECT_EQ(rotate(b), MYCHAT_E_NETWORK) << b.error;
  middle.set_alter(nullptr);
  b.until([&] { return b.account().fingerprint != old_fingerprint; }, "the new key is adopted");
  const Seen change = wait_key_change(a);
  EXPECT_EQ(change.contact.pending, b.account().fingerprint);
  ASSERT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), change.contact.pending.c_str(), nullptr),
            MYCHAT_OK);
  a.send(kBob, "after");
  EXPECT_TRUE(b.wait_message("after").readable);
  EXPECT_EQ(b.whole_history(kAlice).front().data, "before");
}

TEST_F(Keys, ANodeWithAnotherKeyForTheAccountIsReported) {
  const std::string other = [] {
    std::string pem = test::alice_key().public_key().to_spki_pem();
    std::string escaped;
    for (const char c : pem) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
    return escaped;
  }();
  Middle middle(node.port());
  Sdk b = bob_through(middle);
  middle.set_alter([&](const test::RawRequest& request, std::string& body) {
    if (request.target != "/api/users/me") return true;
    const std::size_t at = body.find("-----BEGIN PUBLIC KEY-----");
    const std::string end = "-----END PUBLIC KEY-----";
    if (at != std::string::npos) body.replace(at, body.find(end) + end.size() - at, other);
    return true;
  });
  b.stop();
  b.wait_state(MYCHAT_CONNECTION_OFFLINE);
  b.forget();
  b.start();
  EXPECT_EQ(b.wait_state(MYCHAT_CONNECTION_POLLING).error, MYCHAT_E_KEY_MISMATCH);
  b.stop();
}

TEST_F(Keys, AnUnsignedMessageIsShownAsSuchAndThePolicyDecides) {
  Sdk a = alice();
  Sdk b = bob();
  const std::string first = send_v1("from an old client");
  const Msg got = b.wait_message("from an old client");
  EXPECT_EQ(got.id, first);
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_UNSIGNED);
  EXPECT_TRUE(got.readable);

  ASSERT_EQ(mychat_client_set_policy(b.get(), MYCHAT_POLICY_REQUIRE_SIGNATURES, nullptr), MYCHAT_OK);
  const std::string second = send_v1("and another one");
  const Msg refused =
      b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == second; }, "it")
          .message;
  EXPECT_FALSE(refused.readable);
  EXPECT_EQ(refused.failure, MYCHAT_E_POLICY);
  EXPECT_EQ(refused.data, "");
  EXPECT_EQ(b.explain(second).cause, MYCHAT_E_POLICY);
  const std::string third = a.send(kBob, "signed");
  EXPECT_TRUE(b.wait_message("signed").readable);

  ASSERT_EQ(mychat_client_set_policy(b.get(), 0, nullptr), MYCHAT_OK);
  const Msg repaired =
      b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE_STATUS && s.message.id == second; },
             "the repair")
          .message;
  EXPECT_TRUE(repaired.readable);
  EXPECT_EQ(repaired.data, "and another one");
  EXPECT_EQ(repaired.verification, MYCHAT_VERIFICATION_UNSIGNED);
  EXPECT_EQ(b.explain(second).cause, MYCHAT_OK);
}

TEST_F(Keys, AnAlteredMessageIsInvalid) {
  Middle middle(node.port());
  Sdk a = alice();
  Sdk b = bob_through(middle);
  middle.set_alter([](const test::RawRequest& request, std::string& body) {
    if (!request.target.starts_with("/api/mailbox?")) return true;
    const std::string name = "\"sent_at\":\"20";
    const std::size_t at = body.find(name);
    if (at != std::string::npos) body.replace(at, name.size(), "\"sent_at\":\"19");
    return true;
  });
  a.send(kBob, "yesterday");
  EXPECT_EQ(b.wait_message("yesterday").verification, MYCHAT_VERIFICATION_INVALID);
  middle.set_alter(nullptr);
  a.send(kBob, "today");
  EXPECT_EQ(b.wait_message("today").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Keys, AnAlteredCiphertextIsUnreadableAndOnlyThat) {
  Middle middle(node.port());
  Sdk a = alice();
  Sdk b = bob_through(middle);
  middle.set_alter([](const test::RawRequest& request, std::string& body) {
    if (!request.target.starts_with("/api/mailbox?")) return true;
    const std::string name = "\"encrypted_content\":\"";
    const std::size_t at = body.find(name);
    if (at != std::string::npos) body[at + name.size()] = body[at + name.size()] == 'A' ? 'B' : 'A';
    return true;
  });
  const std::string id = a.send(kBob, "hello");
  const Msg got =
      b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == id; }, "it")
          .message;
  EXPECT_FALSE(got.readable);
  EXPECT_EQ(got.failure, MYCHAT_E_DECRYPT);
  EXPECT_EQ(got.verification, MYCHAT_VERIFICATION_INVALID);
  EXPECT_EQ(b.explain(id).repair, MYCHAT_REPAIR_RESTORE_BACKUP);
  middle.set_alter(nullptr);
  a.send(kBob, "hello again");
  EXPECT_TRUE(b.wait_message("hello again").readable);
}

TEST_F(Keys, ANodeThatLosesKeyMaterialSpoilsOnlyThatMessage) {
  Middle middle(node.port());
  Sdk a = alice();
  Sdk b = bob_through(middle);
  middle.set_alter([](const test::RawRequest& request, std::string& body) {
    if (!request.target.starts_with("/api/mailbox?")) return true;
    const std::string name = "\"encrypted_key\":\"";
    const std::size_t at = body.find(name);
    if (at != std::string::npos)
      body.replace(at, body.find('"', at + name.size()) + 1 - at, "\"encrypted_key\":null");
    return true;
  });
  const std::string id = a.send(kBob, "lost");
  const Msg got =
      b.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == id; }, "it")
          .message;
  EXPECT_FALSE(got.readable);
  EXPECT_EQ(got.failure, MYCHAT_E_NO_KEY_MATERIAL);
  EXPECT_EQ(b.explain(id).cause, MYCHAT_E_NO_KEY_MATERIAL);
  EXPECT_EQ(b.explain(id).repair, MYCHAT_REPAIR_ASK_SENDER);
  middle.set_alter(nullptr);
  a.send(kBob, "kept");
  EXPECT_TRUE(b.wait_message("kept").readable);
}

TEST_F(Keys, WithoutTheKeyMessagesArriveUnreadableAndABackupRepairsThem) {
  Sdk a = alice();
  Sdk b = bob();
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  ASSERT_EQ(mychat_client_set_verified(b.get(), kAlice.c_str(), a.account().fingerprint.c_str(), 1, nullptr),
            MYCHAT_OK);
  const std::string saved = backup(b, MYCHAT_BACKUP_FULL);
  Sdk fresh = client("bob2");
  ASSERT_EQ(fresh.login("bob"), MYCHAT_OK) << fresh.error;
  EXPECT_FALSE(fresh.account().has_identity);
  const std::string id = a.send(kBob, "for the key");
  const Msg sealed =
      fresh.wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE && s.message.id == id; }, "it")
          .message;
  EXPECT_FALSE(sealed.readable);
  EXPECT_EQ(sealed.failure, MYCHAT_E_NO_IDENTITY);
  EXPECT_EQ(fresh.explain(id).repair, MYCHAT_REPAIR_RESTORE_BACKUP);
  EXPECT_EQ(fresh.try_send(kAlice, "without a key"), MYCHAT_E_NO_IDENTITY);

  EXPECT_EQ(mychat_client_import_backup(fresh.get(), saved.data(), saved.size(), "wrong password", nullptr,
                                        nullptr),
            MYCHAT_E_WRONG_PASSWORD);
  mychat_error failed = MYCHAT_ERROR_INIT;
  ASSERT_EQ(mychat_client_import_backup(fresh.get(), saved.data(), saved.size(), "backup password", nullptr,
                                        &failed),
            MYCHAT_OK)
      << failed.message;
  const Msg repaired =
      fresh
          .wait([&](const Seen& s) { return s.type == MYCHAT_EVENT_MESSAGE_STATUS && s.message.id == id; },
                "the repair")
          .message;
  EXPECT_TRUE(repaired.readable);
  EXPECT_EQ(repaired.data, "for the key");
  EXPECT_EQ(fresh.message(id).data, "for the key");
  EXPECT_EQ(fresh.explain(id).cause, MYCHAT_OK);
  EXPECT_EQ(fresh.contact(kAlice).trust, MYCHAT_TRUST_VERIFIED);
  fresh.send(kAlice, "with the key");
  EXPECT_EQ(a.wait_message("with the key").verification, MYCHAT_VERIFICATION_VERIFIED);
}

TEST_F(Keys, ALostKeyIsReplacedWithThePasswordAndNotVouchedFor) {
  Sdk a = alice();
  {
    Sdk b = bob();
    ASSERT_EQ(a.add_contact(kBob), MYCHAT_OK);
  }
  Sdk fresh = client("bob2");
  ASSERT_EQ(fresh.login("bob"), MYCHAT_OK) << fresh.error;
  EXPECT_EQ(rotate(fresh), MYCHAT_E_NO_IDENTITY);
  EXPECT_EQ(rotate(fresh, "wrong password"), MYCHAT_E_UNAUTHORIZED);
  EXPECT_TRUE(fresh.account().logged_in);
  ASSERT_EQ(rotate(fresh, "a long password"), MYCHAT_OK) << fresh.error;
  const Seen change = wait_key_change(a);
  EXPECT_FALSE(change.contact.vouched);
  EXPECT_EQ(change.contact.pending, fresh.account().fingerprint);
  ASSERT_EQ(mychat_client_accept_key(a.get(), kBob.c_str(), change.contact.pending.c_str(), nullptr),
            MYCHAT_OK);
  a.send(kBob, "to the replacement");
  EXPECT_TRUE(fresh.wait_message("to the replacement").readable);
}

TEST_F(Keys, AVouchedChangeIsNotWithdrawnByWayOfAnotherKey) {
  Sdk a = alice();
  Middle middle(node.port());
  Sdk b = bob_through(middle);
  ASSERT_EQ(b.add_contact(kAlice), MYCHAT_OK);
  const std::string before = b.contact(kAlice).fingerprint;
  ASSERT_EQ(rotate(a), MYCHAT_OK) << a.error;
  b.until([&] { return b.contact(kAlice).vouched; }, "a change that is vouched for");
  const std::string next = b.contact(kAlice).pending;
  b.stop();
  b.wait_state(MYCHAT_CONNECTION_OFFLINE);
  // The node shows a key of its own making in between.
  const auto show = [&](const RsaPublicKey* key) {
    middle.set_alter([key](const test::RawRequest& request, std::string& body) {
      if (key == nullptr || !request.target.starts_with("/api/users/alice")) return true;
      wire::UserPublic user;
      user.full_handle = kAlice;
      user.public_key = key->to_spki_pem();
      user.public_key_fingerprint = key_fingerprint(*key);
      body = to_json_text(user);
      return true;
    });
    ASSERT_EQ(b.lookup(kAlice), MYCHAT_OK) << b.error;
  };
  show(&test::bob_key().public_key());
  EXPECT_FALSE(b.contact(kAlice).vouched);
  show(&test::alice_key().public_key());
  EXPECT_NE(b.contact(kAlice).pending, "");
  EXPECT_EQ(b.contact(kAlice).trust, MYCHAT_TRUST_CHANGED);
  EXPECT_EQ(b.try_send(kAlice, "to the key of before"), MYCHAT_E_KEY_CHANGED);
  // The right one is known again when it is shown.
  show(nullptr);
  EXPECT_EQ(b.contact(kAlice).pending, next);
  EXPECT_TRUE(b.contact(kAlice).vouched);
  EXPECT_EQ(b.contact(kAlice).fingerprint, before);
}

}  // namespace
}  // namespace mychat::e2e
