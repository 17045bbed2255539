// What the store keeps, as plain structs. Times are Unix milliseconds. Handles and message ids are compared
// byte by byte: the caller passes them in their canonical form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace mychat {

// --- The account
// ---------------------------------------------------------------------------------------------------

struct Account {
  std::string handle;
  std::string user_id;
  std::string node_url;
  std::int64_t created_at = 0;
};

// The store does not look into the keys: their forms are those of the keys library.
struct IdentityKeys {
  Secret private_key;
  std::string public_key;  // PEM
  std::string fingerprint;
  Secret signing_seed;  // May be empty, as may the two below.
  Bytes signing_public_key;
  Bytes signing_certificate;
};

struct Profile {
  std::string avatar_url;
  std::string status_message;
};

// --- Contacts
// ------------------------------------------------------------------------------------------------------

// The numbers of all enumerations here are written to the file: never change or reuse one.
enum class ContactVerification : std::uint8_t { kUnverified = 0, kVerified = 1, kChanged = 2 };

// A key that the node announced for a contact and that the user has not accepted.
struct PendingKey {
  std::string public_key;
  std::string fingerprint;
  Bytes signing_public_key;
  Bytes signing_certificate;
  std::int64_t seen_at = 0;
};

struct Contact {
  std::string handle;
  std::string server_id;  // The node's id of the contact; empty when the node does not list it.
  std::string nickname;
  std::string public_key;  // PEM; empty when not known yet.
  std::string fingerprint;
  Bytes signing_public_key;
  Bytes signing_certificate;
  ContactVerification verification = ContactVerification::kUnverified;
  std::optional<PendingKey> pending;
  std::string avatar_url;
  std::int64_t added_at = 0;
  bool blocked = false;
};

// --- Conversations and messages
// ------------------------------------------------------------------------------------

struct Conversation {
  std::string handle;  // The peer.
  std::int64_t unread = 0;
  std::int64_t last_message_at = 0;   // created_at of the newest message; 0 when there is none.
  std::int64_t last_message_row = 0;  // Its local id, for a preview; 0 when there is none.
  std::int64_t read_up_to = 0;        // Local id up to which the user has read.
  bool muted = false;
};

enum class Direction : std::uint8_t { kIncoming = 0, kOutgoing = 1 };
enum class MessageStatus : std::uint8_t { kQueued = 0, kPending = 1, kDelivered = 2, kRead = 3, kFailed = 4 };
enum class MessageVerification : std::uint8_t { kUnsigned = 0, kVerified = 1, kUnverified = 2, kInvalid = 3 };

// Why a message could not be decrypted or sent.
struct MessageFailure {
  std::int32_t status = 0;  // A mychat_status.
  std::string text;
};

struct Message {
  std::int64_t local_id = 0;  // Given by insert(): the order of arrival in this store.
  std::string id;             // UUID.
  std::string conversation;   // The peer's handle.
  Direction direction = Direction::kIncoming;
  std::string sender;
  std::string content_type = "text";
  std::optional<Secret> body;   // The plaintext; absent while it cannot be decrypted.
  std::int64_t sent_at = 0;     // By the sender's clock.
  std::int64_t created_at = 0;  // By the node's clock; history is ordered by it.
  std::optional<std::int64_t> delivered_at;
  std::optional<std::int64_t> read_at;
  MessageStatus status = MessageStatus::kPending;
  MessageVerification verification = MessageVerification::kUnsigned;
  Bytes signer;  // With kUnverified: the key that made the signature. Otherwise empty.
  std::optional<MessageFailure> failure;
  std::optional<Bytes>
      envelope;  // Kept only while the body is absent, so that decryption can be tried again.
};

// A place in a history: messages strictly older than it come next. Ordered by (created_at, local_id).
struct MessageCursor {
  std::int64_t created_at = INT64_MAX;
  std::int64_t local_id = INT64_MAX;
};
inline MessageCursor cursor_of(const Message& message) { return {message.created_at, message.local_id}; }

struct MessagePage {
  std::vector<Message> messages;  // Newest first.
  bool has_more = false;
};

// --- Outbox
// --------------------------------------------------------------------------------------------------------

enum class OutboxKind : std::uint8_t { kMessage = 0, kDeliveryAck = 1, kReadReceipt = 2 };

struct OutboxEntry {
  std::int64_t seq = 0;  // Given by enqueue().
  OutboxKind kind = OutboxKind::kMessage;
  std::string message_id;
  // Entries of one lane are sent strictly one after the other; normally the conversation's handle.
  std::string lane;
  std::string recipient;
  Secret payload;  // The ready envelope, or what the kind needs.
  std::int64_t created_at = 0;
  std::int32_t attempts = 0;
  std::int64_t next_attempt_at = 0;
  std::optional<MessageFailure> last_error;
};

// --- Journal of events
// ---------------------------------------------------------------------------------------------

struct JournalEvent {
  std::int64_t seq = 0;
  std::uint32_t kind = 0;
  std::int64_t created_at = 0;
  Secret payload;
};

// --- Synchronisation
// -----------------------------------------------------------------------------------------------

struct SyncCursor {
  std::string mailbox_id;
  std::int64_t cursor = 0;
};

// How far the history of a conversation was polled from a v1 node.
struct PollState {
  std::int64_t newest_created_at = 0;
  std::string newest_message_id;
  std::int64_t polled_at = 0;
};

// --- Check
// ---------------------------------------------------------------------------------------------------------

struct CheckReport {
  std::vector<std::string> problems;  // One sentence each, without contents; at most 100.
  std::int64_t values_verified = 0;   // Sealed values that were opened and found right.
  bool ok() const noexcept { return problems.empty(); }
};

}  // namespace mychat
