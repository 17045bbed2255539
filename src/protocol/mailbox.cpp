#include "protocol/mailbox.h"

#include <array>

#include "base/error.h"
#include "protocol/answer.h"
#include "protocol/fields.h"

namespace mychat::wire {
namespace {

ReceiptItem receipt_from_json(JsonView json) {
  ReceiptItem item;
  item.message_ids = texts_of(json.array("message_ids"));
  item.peer_handle = text_of(json, "peer_handle");
  const auto status = parse_delivery_status(json.string("status"));
  if (!status || *status == DeliveryStatus::kPending)
    json.at("status").fail("is neither delivered nor read nor failed");
  item.status = *status;
  item.timestamp = time_of(json, "timestamp");
  item.reason = optional_text_of(json, "reason");
  return item;
}

KeyChangeItem key_change_from_json(JsonView json) {
  KeyChangeItem item;
  item.handle = text_of(json, "handle");
  item.public_key = text_of(json, "public_key");
  item.public_key_fingerprint = optional_text_of(json, "public_key_fingerprint").value_or("");
  item.signing_key = optional_text_of(json, "signing_key");
  item.signing_key_certificate = optional_text_of(json, "signing_key_certificate");
  if (const JsonView rotation = json.optional_object("rotation"))
    item.rotation = Rotation::from_json(rotation);
  return item;
}

MailboxData known_data(std::string_view type, JsonView data) {
  if (type == "message") return MessageItem{MessageOut::from_json(data)};
  if (type == "sent") return SentItem{MessageOut::from_json(data)};
  if (type == "receipt") return receipt_from_json(data);
  if (type == "read")
    return ReadItem{texts_of(data.array("message_ids")), text_of(data, "peer_handle"),
                    time_of(data, "timestamp")};
  if (type == "key_change") return key_change_from_json(data);
  if (type == "profile")
    return ProfileItem{text_of(data, "handle"), optional_text_of(data, "avatar_url"),
                       optional_text_of(data, "status_message")};
  if (type == "account_deleted") return AccountDeletedItem{text_of(data, "handle")};
  return UnknownItem{std::string(type)};
}

// Writes the data of each kind of item.
struct DataWriter {
  JsonWriter& out;

  void operator()(const MessageItem& item) const { item.message.to_json(out); }
  void operator()(const SentItem& item) const { item.message.to_json(out); }
  void operator()(const ReceiptItem& item) const {
    out.begin_object();
    out.member("message_ids", item.message_ids);
    out.member("peer_handle", item.peer_handle);
    out.member("status", to_string(item.status));
    out.time_member("timestamp", item.timestamp);
    out.optional_member("reason", item.reason);
    out.end_object();
  }
  void operator()(const ReadItem& item) const {
    out.begin_object();
    out.member("message_ids", item.message_ids);
    out.member("peer_handle", item.peer_handle);
    out.time_member("timestamp", item.timestamp);
    out.end_object();
  }
  void operator()(const KeyChangeItem& item) const {
    out.begin_object();
    out.member("handle", item.handle);
    out.member("public_key", item.public_key);
    out.member("public_key_fingerprint", item.public_key_fingerprint);
    out.member("signing_key", item.signing_key);
    out.member("signing_key_certificate", item.signing_key_certificate);
    out.member("rotation", item.rotation);
    out.end_object();
  }
  void operator()(const ProfileItem& item) const {
    out.begin_object();
    out.member("handle", item.handle);
    out.member("avatar_url", item.avatar_url);
    out.member("status_message", item.status_message);
    out.end_object();
  }
  void operator()(const AccountDeletedItem& item) const {
    out.begin_object();
    out.member("handle", item.handle);
    out.end_object();
  }
  void operator()(const UnknownItem&) const { out.null(); }
};

}  // namespace

std::string_view type_name(const MailboxData& data) noexcept {
  if (const auto* unknown = std::get_if<UnknownItem>(&data)) return unknown->type;
  constexpr std::array<std::string_view, std::variant_size_v<MailboxData> - 1> kNames = {
      "message", "sent", "receipt", "read", "key_change", "profile", "account_deleted"};
  return kNames[data.index()];
}

void data_to_json(const MailboxData& data, JsonWriter& out) { std::visit(DataWriter{out}, data); }

MailboxData data_from_json(std::string_view type, JsonView data) {
  try {
    return known_data(type, data);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_MALFORMED) throw;
    return UnknownItem{std::string(type)};
  }
}

MailboxItem MailboxItem::from_json(JsonView json) {
  const std::int64_t seq = json.at("seq").as_int(0, limits::kSeqMax);
  return {seq, data_from_json(json.string("type"), json.find("data"))};
}

void MailboxItem::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("seq", seq);
  out.member("type", type_name(data));
  out.key("data");
  data_to_json(data, out);
  out.end_object();
}

void write_mailbox_item(JsonWriter& out, std::int64_t seq, std::string_view type,
                        std::string_view data_json) {
  out.begin_object();
  out.member("seq", seq);
  out.member("type", type);
  out.key("data");
  out.raw(data_json);
  out.end_object();
}

MailboxPage MailboxPage::from_json(JsonView json) {
  MailboxPage page;
  page.mailbox_id = text_of(json, "mailbox_id");
  page.items = list_of<MailboxItem>(json.array("items"));
  page.next = json.at("next").as_int(0, limits::kSeqMax);
  page.has_more = json.optional_bool("has_more").value_or(false);
  page.oldest = json.optional_int("oldest").value_or(0);
  return page;
}

void MailboxPage::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("mailbox_id", mailbox_id);
  out.member("items", items);
  out.member("next", next);
  out.member("has_more", has_more);
  out.member("oldest", oldest);
  out.end_object();
}

AckRequest AckRequest::from_json(JsonView json) {
  Fields fields(json);
  AckRequest request{fields.integer("seq", 0, limits::kSeqMax)};
  fields.finish();
  return request;
}

void AckRequest::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("seq", seq);
  out.end_object();
}

AckAnswer AckAnswer::from_json(JsonView json) { return {json.at("acked").as_int(0, limits::kSeqMax)}; }

void AckAnswer::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("acked", acked);
  out.end_object();
}

}  // namespace mychat::wire
