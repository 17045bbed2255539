#include "federation/transaction.h"

#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "protocol/fields.h"

namespace mychat::federation {
namespace {

constexpr std::string_view kNothing = "nothing";
constexpr std::string_view kMessage = "message";
constexpr std::string_view kReceipt = "receipt";
constexpr std::string_view kKeyChange = "key_change";
constexpr std::string_view kProfile = "profile";
constexpr std::string_view kAccountDeleted = "account_deleted";
constexpr std::size_t kCodeMax = 32;
constexpr std::size_t kSentenceMax = 256;

// At most so many bytes, and no half character at the end.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return std::string(text.substr(0, most));
}

MessageItem read_message(JsonView data, std::size_t max_content) {
  MessageItem item;
  item.message = wire::SendMessageRequest::from_json(data, max_content);
  Fields fields(data, "data");
  item.sender_handle = fields.handle("sender_handle");
  const std::string created_at = fields.time_text("created_at");
  if (!item.message.id) fields.fail("id", "id is missing.", "missing");
  if (!item.message.recipient_handle)
    fields.fail("recipient_handle", "recipient_handle is missing.", "missing");
  fields.finish();
  item.created_at = parse_time(created_at).value_or(0);
  item.message.sender_encrypted_key.reset();  // For the sender's own devices; what is signed is its hash.
  return item;
}

}  // namespace

ReceiptItem receipt_from_data(JsonView data) {
  Fields fields(data, "data");
  ReceiptItem item;
  item.recipient_handle = fields.handle("recipient_handle");
  item.message_ids = fields.uuids("message_ids", 1, limits::kIdsPerList);
  const std::string status = fields.one_of("status", {"delivered", "read"});
  const std::string timestamp = fields.time_text("timestamp");
  fields.finish();
  item.status = *wire::parse_delivery_status(status);
  item.timestamp = parse_time(timestamp).value_or(0);
  return item;
}

namespace {

// Handles in the canonical form; key and fingerprint have the right form, whether they hold is for the
// receiver.
wire::KeyChangeItem read_key_change(JsonView data) {
  auto item = std::get<wire::KeyChangeItem>(wire::data_from_json(kKeyChange, data));
  Fields fields(data, "data");
  item.handle = fields.handle("handle");
  item.public_key = fields.public_key("public_key");
  item.public_key_fingerprint = fields.fingerprint("public_key_fingerprint");
  fields.finish();
  return item;
}

wire::ProfileItem read_profile(JsonView data) {
  Fields fields(data, "data");
  wire::ProfileItem item{fields.handle("handle"), fields.optional_avatar_url("avatar_url"),
                         fields.optional_text("status_message", limits::kStatusMessageMax)};
  fields.finish();
  return item;
}

wire::AccountDeletedItem read_account_deleted(JsonView data) {
  Fields fields(data, "data");
  wire::AccountDeletedItem item{fields.handle("handle")};
  fields.finish();
  return item;
}

Item read_known(std::string_view type, JsonView data, std::size_t max_content) {
  if (type == kNothing) return NothingItem{};
  if (type == kMessage) return read_message(data, max_content);
  if (type == kReceipt) return receipt_from_data(data);
  if (type == kKeyChange) return read_key_change(data);
  if (type == kProfile) return read_profile(data);
  if (type == kAccountDeleted) return read_account_deleted(data);
  return RefusedItem{{0, "unsupported", "This node does not know items of this type."}};
}

Item read_item(JsonView json, std::int64_t seq, std::size_t max_content) {
  Item item;
  try {
    item = read_known(json.string("type"), json.object("data"), max_content);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_OUT_OF_MEMORY) throw;
    const bool large = error.status() == MYCHAT_E_TOO_LARGE;
    item = RefusedItem{{0, large ? "too_large" : "malformed", cut(error.what(), kSentenceMax)}};
  }
  if (auto* refused = std::get_if<RefusedItem>(&item)) refused->failure.seq = seq;
  return item;
}

struct ItemWriter {
  JsonWriter& out;

  void head(std::string_view type) const {
    out.begin_object();
    out.member("type", type);
    out.key("data");
  }
  void operator()(const NothingItem&) const {
    head(kNothing);
    out.begin_object();
    out.end_object();
    out.end_object();
  }
  void operator()(const MessageItem& item) const {
    head(kMessage);
    out.begin_object();
    out.member("sender_handle", item.sender_handle);
    out.time_member("created_at", item.created_at);
    item.message.members_to_json(out);
    out.end_object();
    out.end_object();
  }
  void operator()(const ReceiptItem& item) const {
    head(kReceipt);
    out.begin_object();
    out.member("recipient_handle", item.recipient_handle);
    out.member("message_ids", item.message_ids);
    out.member("status", wire::to_string(item.status));
    out.time_member("timestamp", item.timestamp);
    out.end_object();
    out.end_object();
  }
  void operator()(const wire::KeyChangeItem& item) const {
    head(kKeyChange);
    wire::data_to_json(item, out);
    out.end_object();
  }
  void operator()(const wire::ProfileItem& item) const {
    head(kProfile);
    wire::data_to_json(item, out);
    out.end_object();
  }
  void operator()(const wire::AccountDeletedItem& item) const {
    head(kAccountDeleted);
    wire::data_to_json(item, out);
    out.end_object();
  }
  void operator()(const RefusedItem&) const { (*this)(NothingItem{}); }
};

}  // namespace

void write_item(JsonWriter& out, const Item& item) { std::visit(ItemWriter{out}, item); }

void write_item(JsonWriter& out, std::string_view type, std::string_view data_json) {
  out.begin_object();
  out.member("type", type);
  out.key("data");
  out.raw(data_json);
  out.end_object();
}

Transaction Transaction::from_json(JsonView json, std::size_t max_content) {
  Fields fields(json);
  Transaction transaction;
  transaction.stream = fields.uuid("stream");
  transaction.first =
      fields.integer("first", 1, limits::kSeqMax - static_cast<std::int64_t>(kTransactionItemsMax));
  fields.finish();
  const JsonView items = json.array("items");
  const std::size_t count = items.size();
  if (count > kTransactionItemsMax) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL,
                "A transaction has at most " + std::to_string(kTransactionItemsMax) + " items.");
  }
  transaction.items.reserve(count);
  std::int64_t seq = transaction.first;
  for (const JsonView item : items) transaction.items.push_back(read_item(item, seq++, max_content));
  return transaction;
}

void Transaction::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("stream", stream);
  out.member("first", first);
  out.key("items");
  out.begin_array();
  for (const Item& item : items) write_item(out, item);
  out.end_array();
  out.end_object();
}

TransactionAnswer TransactionAnswer::from_json(JsonView json) {
  TransactionAnswer answer;
  answer.stream = json.string("stream");
  answer.acked = json.at("acked").as_int(0, limits::kSeqMax);
  const JsonView failures = json.array("failures");
  if (failures.size() > kTransactionItemsMax) failures.fail("has more elements than a transaction has items");
  for (const JsonView failure : failures) {
    answer.failures.push_back({failure.at("seq").as_int(0, limits::kSeqMax),
                               cut(failure.string("code"), kCodeMax),
                               cut(failure.string("message"), kSentenceMax)});
  }
  return answer;
}

void TransactionAnswer::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("stream", stream);
  out.member("acked", acked);
  out.key("failures");
  out.begin_array();
  for (const ItemFailure& failure : failures) {
    out.begin_object();
    out.member("seq", failure.seq);
    out.member("code", failure.code);
    out.member("message", failure.message);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

}  // namespace mychat::federation
