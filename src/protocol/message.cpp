#include "protocol/message.h"

#include "base/error.h"
#include "protocol/answer.h"
#include "protocol/fields.h"

namespace mychat::wire {
namespace {

void check_addressee(Fields& fields) {
  const bool handle = fields.has("recipient_handle");
  if (handle == fields.has("group_id"))
    fields.fail("recipient_handle", "Exactly one of recipient_handle and group_id must be given.");
  if (handle && !fields.has("encrypted_key"))
    fields.fail("encrypted_key", "A message to one recipient needs its wrapped key.", "missing");
}

// What the signature covers must come with it.
void check_signed(Fields& fields) {
  if (!fields.has("signature")) return;
  for (const char* name : {"id", "recipient_handle", "sent_at"})
    if (!fields.has(name)) fields.fail(name, "A signed message needs it.", "missing");
  if (fields.has("sender_encrypted_key") && !fields.has("sender_key_hash"))
    fields.fail("sender_key_hash", "A signed message with a sender's key needs it.", "missing");
}

}  // namespace

std::string_view to_string(DeliveryStatus status) noexcept {
  switch (status) {
    case DeliveryStatus::kPending:
      return "pending";
    case DeliveryStatus::kDelivered:
      return "delivered";
    case DeliveryStatus::kRead:
      return "read";
    case DeliveryStatus::kFailed:
      return "failed";
  }
  return "pending";
}

std::optional<DeliveryStatus> parse_delivery_status(std::string_view text) noexcept {
  for (const auto status :
       {DeliveryStatus::kPending, DeliveryStatus::kDelivered, DeliveryStatus::kRead, DeliveryStatus::kFailed})
    if (text == to_string(status)) return status;
  return std::nullopt;
}

SendMessageRequest SendMessageRequest::from_json(JsonView json, std::size_t max_content) {
  Fields fields(json);
  SendMessageRequest m;
  m.id = fields.optional_uuid("id");
  m.recipient_handle = fields.optional_handle("recipient_handle");
  m.group_id = fields.optional_uuid("group_id");
  check_addressee(fields);
  m.encrypted_content = fields.base64("encrypted_content", 1, SIZE_MAX);
  m.encrypted_key = fields.optional_base64("encrypted_key", 1, limits::kEncryptedKeyMaxBytes);
  m.iv = fields.base64("iv", limits::kIvBytes, limits::kIvBytes);
  m.content_type =
      fields.one_of("content_type", {limits::kContentText, limits::kContentImage, limits::kContentFile},
                    limits::kContentText);
  m.algorithm = fields.one_of("algorithm", {limits::kAlgorithmEnvelopeV1, limits::kAlgorithmGroupV1},
                              limits::kAlgorithmEnvelopeV1);
  m.sender_encrypted_key = fields.optional_base64("sender_encrypted_key", 1, limits::kEncryptedKeyMaxBytes);
  m.sender_key_hash = fields.optional_base64("sender_key_hash", limits::kSha256Bytes, limits::kSha256Bytes);
  m.signature = fields.optional_base64("signature", limits::kSignatureBytes, limits::kSignatureBytes);
  m.sent_at = fields.optional_time_text("sent_at");
  check_signed(fields);
  fields.finish();
  if (base64_decoded_size(m.encrypted_content).value_or(0) > max_content)
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL,
                "The message is larger than " + std::to_string(max_content) + " bytes.");
  return m;
}

void SendMessageRequest::to_json(JsonWriter& out) const {
  out.begin_object();
  members_to_json(out);
  out.end_object();
}

void SendMessageRequest::members_to_json(JsonWriter& out) const {
  out.optional_member("id", id);
  out.optional_member("recipient_handle", recipient_handle);
  out.optional_member("group_id", group_id);
  out.member("encrypted_content", encrypted_content);
  out.optional_member("encrypted_key", encrypted_key);
  out.member("iv", iv);
  out.member("content_type", content_type);
  out.member("algorithm", algorithm);
  out.optional_member("sender_encrypted_key", sender_encrypted_key);
  out.optional_member("sender_key_hash", sender_key_hash);
  out.optional_member("signature", signature);
  out.optional_member("sent_at", sent_at);
}

namespace {

// One that is not even a text is a wrong signature, no reason to lose the message: it becomes a text that is
// no base64.
std::optional<std::string> signature_of(JsonView json) {
  const JsonView member = json.find("signature");
  if (!member.has_value()) return std::nullopt;
  return std::string(member.string_or_none().value_or("not a text"));
}

}  // namespace

MessageOut MessageOut::from_json(JsonView json) {
  MessageOut m;
  m.id = id_of(json, "id");
  m.sender_handle = text_of(json, "sender_handle");
  m.recipient_handle = optional_text_of(json, "recipient_handle");
  if (json.find("group_id").has_value()) m.group_id = id_of(json, "group_id");
  m.encrypted_content = optional_text_of(json, "encrypted_content").value_or("");
  m.encrypted_key = optional_text_of(json, "encrypted_key");
  m.iv = optional_text_of(json, "iv");
  m.algorithm = optional_text_of(json, "algorithm");
  m.content_type = json.optional_string("content_type").value_or(limits::kContentText);
  m.created_at = time_of(json, "created_at");
  m.delivered_at = optional_time_of(json, "delivered_at");
  m.read_at = optional_time_of(json, "read_at");
  m.status =
      parse_delivery_status(json.optional_string("status").value_or("")).value_or(DeliveryStatus::kPending);
  m.sender_encrypted_key = optional_text_of(json, "sender_encrypted_key");
  m.sender_key_hash = optional_text_of(json, "sender_key_hash");
  m.signature = signature_of(json);
  m.sent_at = optional_text_of(json, "sent_at");
  return m;
}

void MessageOut::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("id", id);
  out.member("sender_handle", sender_handle);
  out.member("recipient_handle", recipient_handle);
  out.member("group_id", group_id);
  out.member("encrypted_content", encrypted_content);
  out.member("encrypted_key", encrypted_key);
  out.member("iv", iv);
  out.member("content_type", content_type);
  out.time_member("created_at", created_at);
  out.time_member("delivered_at", delivered_at);
  out.time_member("read_at", read_at);
  out.member("status", to_string(status));
  out.member("algorithm", algorithm);
  out.optional_member("sender_encrypted_key", sender_encrypted_key);
  out.optional_member("sender_key_hash", sender_key_hash);
  out.optional_member("signature", signature);
  out.optional_member("sent_at", sent_at);
  out.end_object();
}

ConversationPage ConversationPage::from_json(JsonView json) {
  ConversationPage page;
  page.messages = list_of<MessageOut>(json.array("messages"));
  page.has_more = json.optional_bool("has_more").value_or(false);
  page.next_cursor = optional_text_of(json, "next_cursor");
  return page;
}

void ConversationPage::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("messages", messages);
  out.member("has_more", has_more);
  out.member("next_cursor", next_cursor);
  out.end_object();
}

ReadRequest ReadRequest::from_json(JsonView json) {
  Fields fields(json);
  ReadRequest request{fields.uuids("message_ids", 1, limits::kIdsPerList)};
  fields.finish();
  return request;
}

void ReadRequest::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("message_ids", message_ids);
  out.end_object();
}

ReadAnswer ReadAnswer::from_json(JsonView json) { return {json.integer("read")}; }

void ReadAnswer::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("read", read);
  out.end_object();
}

}  // namespace mychat::wire
