// What one node hands to another in one request: items of a stream, numbered without gaps, in order
// (docs/federation.md, section 4). A stream is one numbering of one sender; it gets another name when the
// sender can no longer be sure where it stood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "protocol/mailbox.h"
#include "protocol/message.h"

namespace mychat::federation {

inline constexpr std::size_t kTransactionItemsMax = 256;
inline constexpr std::size_t kTransactionBytesMax = 16 * 1024 * 1024;
inline constexpr JsonOptions kTransactionJson{
    .max_bytes = kTransactionBytesMax, .max_depth = 8, .max_nodes = 65'536};

// Why the peer did not take an item, or why this node does not. `code` is one of: user_not_found, malformed,
// too_large, id_in_use, forbidden, unsupported, expired.
struct ItemFailure {
  std::int64_t seq = 0;
  std::string code;
  std::string message;  // One sentence.
  bool operator==(const ItemFailure&) const = default;
};

// What stood here was given up before it was sent.
struct NothingItem {
  bool operator==(const NothingItem&) const = default;
};
struct MessageItem {
  std::string sender_handle;
  wire::SendMessageRequest message;  // Its id and recipient_handle are set.
  std::int64_t created_at = 0;
  bool operator==(const MessageItem&) const = default;
};
struct ReceiptItem {  // Of one recipient about messages of one sender.
  std::string recipient_handle;
  std::vector<std::string> message_ids;
  wire::DeliveryStatus status = wire::DeliveryStatus::kDelivered;  // Delivered or read.
  std::int64_t timestamp = 0;
  bool operator==(const ReceiptItem&) const = default;
};
// What cannot be taken, already known from its form; `seq` of the failure is that of the item.
struct RefusedItem {
  ItemFailure failure;
  bool operator==(const RefusedItem&) const = default;
};
using Item = std::variant<NothingItem, MessageItem, ReceiptItem, wire::KeyChangeItem, wire::ProfileItem,
                          wire::AccountDeletedItem, RefusedItem>;

struct Transaction {
  std::string stream;  // UUID
  std::int64_t first = 1;
  std::vector<Item> items;  // Numbers first, first + 1, ...

  // A transaction that is malformed as a whole throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE or
  // ValidationError; an item that is becomes a RefusedItem, so that it cannot hold up the others.
  static Transaction from_json(JsonView json, std::size_t max_content = limits::kMaxMessageSize);
  void to_json(JsonWriter& out) const;
  bool operator==(const Transaction&) const = default;
};

struct TransactionAnswer {
  std::string stream;
  std::int64_t acked = 0;  // All items up to this number are durable or refused for good.
  std::vector<ItemFailure> failures;

  static TransactionAnswer from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const TransactionAnswer&) const = default;
};

// The data of a receipt. Throws MYCHAT_E_MALFORMED or ValidationError.
ReceiptItem receipt_from_data(JsonView data);

// The JSON of one item.
void write_item(JsonWriter& out, const Item& item);
// The same from the JSON of its data.
void write_item(JsonWriter& out, std::string_view type, std::string_view data_json);

}  // namespace mychat::federation
