// Users with several devices and clients, and who wrote what, for the tests of this folder.
#pragma once

#include <string>

#include "base/encoding.h"
#include "e2e/middle.h"
#include "e2e/rest.h"
#include "e2e/world.h"
#include "e2ee/envelope_v1.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "protocol/json_writer.h"
#include "protocol/message.h"
#include "protocol/user.h"

namespace mychat::e2e {

inline constexpr const char* kBackupPassword = "backup password";

class Trust : public World {
 protected:
  // Another device of a user: a new store with the identity key.
  Sdk device(const std::string& store, const std::string& name, std::string_view key,
             std::uint32_t policy = 0) {
    Sdk sdk = client(store);
    EXPECT_EQ(sdk.import_key(key), MYCHAT_OK) << sdk.error;
    EXPECT_EQ(mychat_client_set_policy(sdk.get(), policy, nullptr), MYCHAT_OK);
    EXPECT_EQ(sdk.login(name), MYCHAT_OK) << sdk.error;
    sdk.wait_online();
    return sdk;
  }
  // A client whose traffic goes through somebody in the middle.
  Sdk through(const Middle& middle, const std::string& store) {
    Sdk::Options options;
    options.store = dir.file(store);
    options.node_url = middle.url();
    options.flags = MYCHAT_CLIENT_NO_WEBSOCKET;
    return Sdk(options);
  }
  static void rotate(Sdk& sdk) {
    EXPECT_EQ(
        sdk.call([&](auto* r, auto* e) { return mychat_client_rotate_identity(sdk.get(), nullptr, r, e); }),
        MYCHAT_OK)
        << sdk.error;
  }
  static std::string backup(Sdk& sdk, mychat_backup_kind kind = MYCHAT_BACKUP_FULL) {
    mychat_backup* made = nullptr;
    EXPECT_EQ(mychat_client_export_backup(sdk.get(), kBackupPassword, kind, &made, nullptr), MYCHAT_OK);
    std::string out(reinterpret_cast<const char*>(made->data), made->size);
    mychat_backup_free(made);
    return out;
  }
  // `matches` is what the report says of the key.
  static mychat_status restore(Sdk& sdk, const std::string& archive, int* matches = nullptr) {
    mychat_backup_report* report = nullptr;
    mychat_error failed = MYCHAT_ERROR_INIT;
    const mychat_status status = mychat_client_import_backup(sdk.get(), archive.data(), archive.size(),
                                                             kBackupPassword, &report, &failed);
    sdk.error = failed.message;
    if (matches != nullptr && report != nullptr) *matches = report->matches_account;
    mychat_backup_report_free(report);
    return status;
  }
  // A message from alice to bob by another client of hers, which signs with a key of its own.
  std::string send_signed(const std::string& text, const Ed25519PrivateKey& key) {
    static int number = 0;
    wire::SendMessageRequest request;
    request.id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + ++number);
    request.recipient_handle = kBob;
    request.sent_at = "2026-01-02T03:04:05.678Z";
    const EnvelopeContext context{*request.id, kAlice, kBob, "text", *request.sent_at};
    SealOptions options;
    options.signing_key = &key;
    options.sender_key = &test::alice_key().public_key();
    const EnvelopeFields sealed = seal_envelope(view(text), test::bob_key().public_key(), context, options);
    request.encrypted_content = sealed.encrypted_content;
    request.encrypted_key = sealed.encrypted_key;
    request.iv = sealed.iv;
    request.signature = sealed.signature;
    request.sender_encrypted_key = sealed.sender_encrypted_key;
    request.sender_key_hash = sealed.sender_key_hash;
    const RestAnswer answer =
        rest(node.port(), "POST", "/api/messages", rest_login(node.port(), "alice"), to_json_text(request));
    EXPECT_EQ(answer.status, 201) << answer.body;
    return *request.id;
  }
  // What that other client does first.
  void publish(const Ed25519PrivateKey& key) {
    wire::KeyUpdate update;
    update.public_key = test::alice_key().public_key().to_spki_pem();
    update.public_key_fingerprint = key_fingerprint(test::alice_key().public_key());
    update.signing_key = base64_encode(key.public_key());
    update.signing_key_certificate =
        base64_encode(certify_signing_key(test::alice_key(), kAlice, key.public_key()));
    const RestAnswer answer =
        rest(node.port(), "PUT", "/api/keys/me", rest_login(node.port(), "alice"), to_json_text(update));
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  static Msg wait_id(Sdk& sdk, const std::string& id, mychat_event_type type = MYCHAT_EVENT_MESSAGE) {
    return sdk.wait([&](const Seen& seen) { return seen.type == type && seen.message.id == id; }, id).message;
  }
  static Seen wait_key_change(Sdk& sdk) {
    return sdk.wait([](const Seen& seen) { return seen.type == MYCHAT_EVENT_KEY_CHANGED; }, "the key change");
  }
  static void accept(Sdk& sdk, const std::string& handle, const std::string& fingerprint) {
    EXPECT_EQ(mychat_client_accept_key(sdk.get(), handle.c_str(), fingerprint.c_str(), nullptr), MYCHAT_OK);
  }
  static int key_changes(const Sdk& sdk) {
    int count = 0;
    for (const Seen& seen : sdk.seen()) count += seen.type == MYCHAT_EVENT_KEY_CHANGED;
    return count;
  }
};

}  // namespace mychat::e2e
