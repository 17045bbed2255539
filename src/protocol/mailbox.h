// Wire types of the mailbox (docs/protocol.md, section 3). Conventions: see auth.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "protocol/message.h"
#include "protocol/user.h"

namespace mychat::wire {

struct MessageItem {  // "message": received
  MessageOut message;
  bool operator==(const MessageItem&) const = default;
};
struct SentItem {  // "sent": by this user, from any session
  MessageOut message;
  bool operator==(const SentItem&) const = default;
};
struct ReceiptItem {  // "receipt"
  std::vector<std::string> message_ids;
  std::string peer_handle;
  DeliveryStatus status = DeliveryStatus::kDelivered;  // Delivered, read or failed.
  std::int64_t timestamp = 0;
  std::optional<std::string> reason{};  // Of failed: the sentence of the node.
  bool operator==(const ReceiptItem&) const = default;
};
struct ReadItem {  // "read": by this user, in some session
  std::vector<std::string> message_ids;
  std::string peer_handle;
  std::int64_t timestamp = 0;
  bool operator==(const ReadItem&) const = default;
};
struct KeyChangeItem {  // "key_change"
  std::string handle;
  std::string public_key;
  std::string public_key_fingerprint;
  std::optional<std::string> signing_key;
  std::optional<std::string> signing_key_certificate;
  std::optional<Rotation> rotation;
  bool operator==(const KeyChangeItem&) const = default;
};
struct ProfileItem {  // "profile"
  std::string handle;
  std::optional<std::string> avatar_url;
  std::optional<std::string> status_message;
  bool operator==(const ProfileItem&) const = default;
};
struct AccountDeletedItem {  // "account_deleted"
  std::string handle;
  bool operator==(const AccountDeletedItem&) const = default;
};
// A type of a newer node, or data that does not parse: to be skipped and acknowledged, so that one item
// cannot block the mailbox.
struct UnknownItem {
  std::string type;
  bool operator==(const UnknownItem&) const = default;
};

using MailboxData = std::variant<MessageItem, SentItem, ReceiptItem, ReadItem, KeyChangeItem, ProfileItem,
                                 AccountDeletedItem, UnknownItem>;
std::string_view type_name(const MailboxData& data) noexcept;
// The JSON of `data` alone, as a node keeps it.
void data_to_json(const MailboxData& data, JsonWriter& out);
MailboxData data_from_json(std::string_view type, JsonView data);

struct MailboxItem {
  std::int64_t seq = 0;
  MailboxData data;

  static MailboxItem from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const MailboxItem&) const = default;
};
// The same from data that is JSON text already.
void write_mailbox_item(JsonWriter& out, std::int64_t seq, std::string_view type, std::string_view data_json);

// GET /api/mailbox
struct MailboxPage {
  std::string mailbox_id;
  std::vector<MailboxItem> items;
  std::int64_t next = 0;
  bool has_more = false;
  std::int64_t oldest = 0;

  static MailboxPage from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const MailboxPage&) const = default;
};

// POST /api/mailbox/ack, and the WebSocket's `ack` frame
struct AckRequest {
  std::int64_t seq = 0;

  static AckRequest from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const AckRequest&) const = default;
};

struct AckAnswer {  // {"acked": SEQ}
  std::int64_t acked = 0;

  static AckAnswer from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const AckAnswer&) const = default;
};

}  // namespace mychat::wire
