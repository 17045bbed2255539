// What the services take and return. Handles are `username@domain`, binary members standard base64, times
// Unix milliseconds. Routes turn these into the wire's JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace mychat::server {

using UserId = std::int64_t;     // Row in this node's storage; never leaves it.
using SessionId = std::int64_t;  // Likewise.

// Who makes a call: the answer of Auth::authenticate().
struct Principal {
  UserId user = 0;
  SessionId session = 0;  // 0: a v1 token without `sid`.
  std::string user_uuid;
  std::string session_uuid;  // Empty for a v1 token.
  std::string username;
  std::string handle;
  std::int64_t expires_at = 0;        // Of the token.
  std::int64_t authenticated_at = 0;  // When the session logged in with the password.
  bool admin = false;
};
using Caller = std::shared_ptr<const Principal>;

struct RegisterRequest {
  std::string username;
  Secret password;
  std::optional<std::string> email;
  std::string public_key;  // PEM or public JWK.
  std::string public_key_fingerprint;
  std::optional<std::string> invite;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::string device_name;
};

struct LoginRequest {
  std::string username;
  Secret password;
  std::string device_name;
};

struct AuthAnswer {
  std::string access_token;
  std::string user_id;
  std::string full_handle;
  std::string public_key_fingerprint;
};

struct SessionInfo {
  std::string id;
  std::string device_name;
  std::int64_t created_at = 0;
  std::int64_t last_used = 0;
  bool current = false;
};

// A user of this node. Which members a route shows depends on the call.
struct UserView {
  UserId user = 0;
  std::string id;
  std::string username;
  std::string domain;
  std::string full_handle;
  std::string public_key;  // As it was registered.
  std::string public_key_fingerprint;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;
  std::optional<std::string> email;  // Only for the user and the operator.
  std::int64_t created_at = 0;
  std::int64_t key_updated_at = 0;
  std::optional<std::int64_t> last_seen;
  bool disabled = false;
  bool admin = false;
};

struct ProfileUpdate {
  // Outer: whether the member was there; inner: its value, nothing for null.
  std::optional<std::optional<std::string>> avatar_url;
  std::optional<std::optional<std::string>> status_message;
};

struct KeyRotation {
  std::string old_fingerprint;
  std::string new_fingerprint;
  std::string created_at;     // As on the wire: it is part of what is signed.
  std::string signature_old;  // Base64.
  std::string signature_new;
};

struct KeyUpdate {
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<KeyRotation> rotation;
};

struct ContactView {
  std::string id;
  std::string contact_handle;
  std::optional<std::string> nickname;
  std::string public_key_fingerprint;
  std::optional<std::string> avatar_url;
  std::optional<std::int64_t> last_message_at;
  std::int64_t added_at = 0;
};

// The members of POST /api/messages whose forms the protocol layer has checked.
struct MessageDraft {
  std::optional<std::string> id;  // UUID made by the client.
  std::string recipient_handle;
  std::string encrypted_content;
  std::string encrypted_key;
  std::string iv;
  std::string content_type;
  std::string algorithm;
  std::optional<std::string> sender_encrypted_key;
  std::optional<std::string> sender_key_hash;
  std::optional<std::string> signature;
  std::optional<std::string> sent_at;  // As on the wire: it is part of what is signed.
};

enum class MessageStatus { kPending, kDelivered, kRead, kFailed };
const char* to_string(MessageStatus status) noexcept;

struct StoredMessage {
  std::int64_t seq = 0;  // In the mailboxes of both sides.
  std::string id;
  std::string sender_handle;
  std::string recipient_handle;
  std::string encrypted_content;
  std::string encrypted_key;
  std::string iv;
  std::string content_type;
  std::string algorithm;
  std::optional<std::string> sender_encrypted_key;  // Routes get it only when the caller is the sender.
  std::optional<std::string> sender_key_hash;
  std::optional<std::string> signature;
  std::optional<std::string> sent_at;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> delivered_at;
  std::optional<std::int64_t> read_at;
  MessageStatus status = MessageStatus::kPending;
};

// The message as the JSON object of v1 plus docs/protocol.md section 2. `for_sender`: with
// sender_encrypted_key.
std::string render_message(const StoredMessage& message, bool for_sender);

struct AcceptedMessage {
  std::shared_ptr<const StoredMessage> message;
  bool repeated = false;  // The id was known: this is the first answer again.
};

struct ConversationPage {
  std::vector<StoredMessage> messages;  // Newest first.
  bool has_more = false;
  std::optional<std::string> next_cursor;  // For `before`.
};

}  // namespace mychat::server
