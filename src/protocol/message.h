// Wire types of messages. Conventions: see auth.h. Binary members stay the base64 text that came: checked in
// requests (form and decoded size), not in answers, so that one bad message does not spoil a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "protocol/limits.h"

namespace mychat::wire {

enum class DeliveryStatus : std::uint8_t { kPending, kDelivered, kRead, kFailed };
std::string_view to_string(DeliveryStatus status) noexcept;
std::optional<DeliveryStatus> parse_delivery_status(std::string_view text) noexcept;

// POST /api/messages, and the members of the WebSocket's `send` frame.
struct SendMessageRequest {
  std::optional<std::string> id;                // Lower case.
  std::optional<std::string> recipient_handle;  // Exactly one of these two.
  std::optional<std::string> group_id;
  std::string encrypted_content;
  std::optional<std::string> encrypted_key;  // Present for a one-to-one message.
  std::string iv;
  std::string content_type{limits::kContentText};
  std::string algorithm{limits::kAlgorithmEnvelopeV1};
  std::optional<std::string> sender_encrypted_key;
  std::optional<std::string> sender_key_hash;
  std::optional<std::string> signature;
  std::optional<std::string> sent_at;  // As signed.

  // Content that decodes to more than max_content bytes is MYCHAT_E_TOO_LARGE (413), not a ValidationError.
  static SendMessageRequest from_json(JsonView json, std::size_t max_content = limits::kMaxMessageSize);
  void to_json(JsonWriter& out) const;
  void members_to_json(JsonWriter& out) const;  // Without the braces.
  bool operator==(const SendMessageRequest&) const = default;
};

// A message as the node returns it.
struct MessageOut {
  std::string id;
  std::string sender_handle;
  std::optional<std::string> recipient_handle;
  std::optional<std::string> group_id;
  std::string encrypted_content;
  std::optional<std::string> encrypted_key;  // Some v1 nodes lose this and the next two.
  std::optional<std::string> iv;
  std::optional<std::string> algorithm;
  std::string content_type{limits::kContentText};
  std::int64_t created_at = 0;
  std::optional<std::int64_t> delivered_at;
  std::optional<std::int64_t> read_at;
  DeliveryStatus status = DeliveryStatus::kPending;
  std::optional<std::string> sender_encrypted_key;  // Only in answers to the sender.
  std::optional<std::string> sender_key_hash;
  std::optional<std::string> signature;
  std::optional<std::string> sent_at;

  static MessageOut from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const MessageOut&) const = default;
};

// GET /api/messages/conversation/{handle}
struct ConversationPage {
  std::vector<MessageOut> messages;  // Newest first.
  bool has_more = false;
  std::optional<std::string> next_cursor;

  static ConversationPage from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const ConversationPage&) const = default;
};

// POST /api/messages/read, and the WebSocket's `read` frame
struct ReadRequest {
  std::vector<std::string> message_ids;

  static ReadRequest from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const ReadRequest&) const = default;
};

struct ReadAnswer {  // {"read": N}
  std::int64_t read = 0;

  static ReadAnswer from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const ReadAnswer&) const = default;
};

}  // namespace mychat::wire
