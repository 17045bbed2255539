#include "federation/v1.h"

#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/mac.h"
#include "federation/discovery.h"
#include "federation/document_form.h"
#include "protocol/fields.h"
#include "protocol/handle.h"

namespace mychat::federation {
namespace {

[[noreturn]] void refuse(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_FEDERATION, message);
}

}  // namespace

V1Node read_v1_well_known(int status, std::string_view body, std::string_view domain) {
  const std::string who(domain);
  if (status != 200) {
    throw Error(MYCHAT_E_NODE, MYCHAT_DOMAIN_FEDERATION,
                who + " answered " + std::to_string(status) + " when asked for its document.", status, true);
  }
  const Json json = Json::parse(body, {.max_bytes = kWellKnownMax, .max_depth = 8, .max_nodes = 1024});
  if (!JsonView(json).is_object()) JsonView(json).fail("is not an object");
  if (json->find("federation").is_object())
    refuse(MYCHAT_E_SIGNATURE, who + " is a node of protocol 2: what it sends must be signed.");
  if (read_domain(json, "domain") != domain)
    refuse(MYCHAT_E_KEY_MISMATCH, who + " shows a node document of another domain.");
  V1Node node;
  node.domain = who;
  node.api_url = json->string("federation_api");
  if (node.api_url.ends_with('/')) node.api_url.pop_back();
  if (!is_api_url_of(node.api_url, domain, {})) {
    refuse(MYCHAT_E_MALFORMED, "The federation address of " + who + " is not https or not of its domain.");
  }
  node.max_message_size = json->at("max_message_size").as_int(1);
  return node;
}

std::string v1_signature(std::string_view public_key_pem, std::string_view body) {
  return base64_encode(hmac_sha256(view(public_key_pem), view(body)));
}

std::string v1_message_json(const MessageItem& item) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.optional_member("message_id", item.message.id);
  out.member("sender_handle", item.sender_handle);
  out.optional_member("recipient_handle", item.message.recipient_handle);
  out.member("encrypted_content", item.message.encrypted_content);
  out.optional_member("encrypted_key", item.message.encrypted_key);
  out.member("iv", item.message.iv);
  out.member("content_type", item.message.content_type);
  out.time_member("created_at", item.created_at);
  out.end_object();
  return json;
}

MessageItem v1_message_from_json(JsonView json, std::size_t max_content) {
  Fields fields(json);
  MessageItem item;
  item.message.id = fields.uuid("message_id");
  item.sender_handle = fields.handle("sender_handle");
  item.message.recipient_handle = fields.handle("recipient_handle");
  item.message.encrypted_content = fields.base64("encrypted_content", 1, SIZE_MAX);
  item.message.encrypted_key = fields.base64("encrypted_key", 1, limits::kEncryptedKeyMaxBytes);
  item.message.iv = fields.base64("iv", limits::kIvBytes, limits::kIvBytes);
  item.message.content_type =
      fields.one_of("content_type", {limits::kContentText, limits::kContentImage, limits::kContentFile},
                    limits::kContentText);
  const std::string created_at = fields.time_text("created_at");
  fields.finish();
  if (base64_decoded_size(item.message.encrypted_content).value_or(0) > max_content)
    refuse(MYCHAT_E_TOO_LARGE, "The message is larger than " + std::to_string(max_content) + " bytes.");
  item.created_at = parse_time(created_at).value_or(0);
  return item;
}

std::string v1_receipt_json(const ReceiptItem& item, std::size_t index) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("message_id", item.message_ids.at(index));
  out.member("recipient_handle", item.recipient_handle);
  out.member("status", wire::to_string(item.status));
  out.time_member("timestamp", item.timestamp);
  out.end_object();
  return json;
}

ReceiptItem v1_receipt_from_json(JsonView json) {
  Fields fields(json);
  ReceiptItem item;
  item.message_ids = {fields.uuid("message_id")};
  item.recipient_handle = fields.handle("recipient_handle");
  const std::string status = fields.one_of("status", {"delivered", "read"});
  const std::string timestamp = fields.time_text("timestamp");
  fields.finish();
  item.status = *wire::parse_delivery_status(status);
  item.timestamp = parse_time(timestamp).value_or(0);
  return item;
}

}  // namespace mychat::federation
