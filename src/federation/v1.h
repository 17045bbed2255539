// What nodes of protocol 1 say and are sent (mychat-v1, section 6). They cannot sign: nothing that stands in
// a body or a header here proves who sent it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "federation/transaction.h"
#include "protocol/json.h"

namespace mychat::federation {

struct V1Node {
  std::string domain;
  std::string api_url;  // https://DOMAIN-or-subdomain[:port]/path, without a slash at its end.
  std::int64_t max_message_size = 0;
};

// What such a node's domain answered when it was asked who it is, over verified TLS. Throws MYCHAT_E_NODE
// (`status` is not 200), MYCHAT_E_KEY_MISMATCH (another domain's), MYCHAT_E_SIGNATURE (a node of protocol 2,
// which must sign), MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE.
V1Node read_v1_well_known(int status, std::string_view body, std::string_view domain);

// X-Signature as nodes of protocol 1 make it: an HMAC whose key everybody has. For those that insist on one.
std::string v1_signature(std::string_view public_key_pem, std::string_view body);

std::string v1_message_json(const MessageItem& item);
// Without what protocol 1 does not carry: a signature over a message would have to come from its sender.
// Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE or ValidationError.
MessageItem v1_message_from_json(JsonView json, std::size_t max_content);

// Of one message: the one at `index` of the receipt.
std::string v1_receipt_json(const ReceiptItem& item, std::size_t index);
ReceiptItem v1_receipt_from_json(JsonView json);

}  // namespace mychat::federation
