// Signed requests and responses of nodes.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "c_api/federation_node.h"
#include "federation/header_lines.h"
#include "federation/http_signature.h"
#include "mychat/federation.h"
#include "protocol/handle.h"

using namespace mychat;
using namespace mychat::c_api;

namespace {

std::vector<federation::HeaderField> require_headers(const char* lines, const char* name) {
  return federation::parse_header_lines(require_text(lines, name));
}

std::string lines_of(const std::vector<federation::HeaderField>& fields) {
  std::string lines;
  for (const auto& [name, value] : fields) lines.append(name).append(": ").append(value).append(1, '\n');
  return lines;
}

std::string_view require_body(const void* body, std::size_t size) {
  return text(require_bytes(body, size, "body"));
}

std::string_view require_method(const char* method) {
  const std::string_view name = require_text(method, "method");
  const bool token = !name.empty() && name.size() <= 32 &&
                     std::all_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!token) throw_argument("method is not in upper-case letters.");
  return name;
}

[[noreturn]] void mismatch(const std::string& message) {
  throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_FEDERATION, message);
}

// That it is of now and of the node that is known, by its key; the signature is looked at last.
void verify_signed(const federation::SignedMessage& message, const federation::PinnedNode& known,
                   std::int64_t now) {
  if (message.version != "2") {
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_FEDERATION,
                "It is of protocol " + message.version + ", and this library speaks 2.");
  }
  message.check_time(now / 1000);
  if (message.origin != known.domain)
    mismatch("It is signed by " + message.origin + ", not by " + known.domain + ".");
  if (message.key_id != federation::node_key_id(known.key))
    mismatch("It is not signed by the key that is known of " + known.domain + ".");
  message.verify(known.key);
}

void take_once(mychat_federation_node& node, const federation::SignedMessage& message, std::int64_t now) {
  switch (node.nonces.accept(message.origin, message.nonce,
                             message.expires + federation::kSignatureSkewSeconds, now / 1000)) {
    case federation::NonceVerdict::kFresh:
      return;
    case federation::NonceVerdict::kReplayed:
      throw Error(MYCHAT_E_REPLAY, MYCHAT_DOMAIN_FEDERATION, "This request was sent before.");
    case federation::NonceVerdict::kTooOld:
      throw Error(MYCHAT_E_STALE, MYCHAT_DOMAIN_FEDERATION,
                  "It is as old as what is not remembered any more: a clock went back.");
    case federation::NonceVerdict::kFull:
      throw Error(MYCHAT_E_RATE_LIMITED, MYCHAT_DOMAIN_FEDERATION, "Too many requests within a minute.", 0,
                  true);
  }
}

}  // namespace

extern "C" {

mychat_status mychat_federation_sign_request(mychat_federation_node* node, const char* destination,
                                             const char* method, const char* target_uri, const void* body,
                                             size_t body_size, int64_t now, char** out_text,
                                             mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const mychat_federation_node& self = require(node);
    out = new_string(lines_of(federation::sign_request(
        self.key, self.side.domain, require_domain(destination, "destination"), require_method(method),
        require_text(target_uri, "target_uri"), require_body(body, body_size), now / 1000)));
  });
}

mychat_status mychat_federation_request_origin(const char* headers, char** out_text, mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const auto fields = require_headers(headers, "headers");
    const auto of = [](const federation::HeaderField& field) { return field.first == "x-origin-node"; };
    if (std::count_if(fields.begin(), fields.end(), of) != 1) {
      throw Error(MYCHAT_E_SIGNATURE, MYCHAT_DOMAIN_FEDERATION,
                  "The request does not say which node it is from: X-Origin-Node is not there once.");
    }
    const auto domain = parse_domain(std::find_if(fields.begin(), fields.end(), of)->second);
    if (!domain) throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_FEDERATION, "X-Origin-Node is no domain.");
    out = new_string(*domain);
  });
}

mychat_status mychat_federation_verify_request(mychat_federation_node* node, const char* method,
                                               const char* target_uri, const char* headers, const void* body,
                                               size_t body_size, const char* known, int64_t now,
                                               mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_node& self = require(node);
    const auto fields = require_headers(headers, "headers");
    const federation::PinnedNode pinned = require_known(known);
    const federation::SignedMessage message = federation::parse_signed(
        federation::RequestView{require_method(method), require_text(target_uri, "target_uri"), fields,
                                require_body(body, body_size)});
    if (message.destination != self.side.domain)
      mismatch("The request is for " + message.destination + ", and this is " + self.side.domain + ".");
    if (message.created < self.began_at / 1000) {
      throw Error(MYCHAT_E_STALE, MYCHAT_DOMAIN_FEDERATION,
                  "It was signed before this node began, and may have been taken then.");
    }
    verify_signed(message, pinned, now);
    take_once(self, message, now);
  });
}

mychat_status mychat_federation_sign_response(mychat_federation_node* node, const char* method,
                                              const char* target_uri, const char* request_headers,
                                              int32_t status, const void* body, size_t body_size, int64_t now,
                                              char** out_text, mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const mychat_federation_node& self = require(node);
    if (status < 100 || status > 599) throw_argument("status is not within 100 to 599.");
    const auto fields = require_headers(request_headers, "request_headers");
    const federation::RequestView request{
        require_method(method), require_text(target_uri, "target_uri"), fields, {}};
    out = new_string(lines_of(federation::sign_response(self.key, self.side.domain, request, status,
                                                        require_body(body, body_size), now / 1000)));
  });
}

mychat_status mychat_federation_verify_response(const char* method, const char* target_uri,
                                                const char* request_headers, int32_t status,
                                                const char* headers, const void* body, size_t body_size,
                                                const char* known, int64_t now, mychat_error* error) {
  return guard(error, [&] {
    if (status < 100 || status > 599) throw_argument("status is not within 100 to 599.");
    const auto asked = require_headers(request_headers, "request_headers");
    const auto answered = require_headers(headers, "headers");
    const federation::PinnedNode pinned = require_known(known);
    const federation::RequestView request{
        require_method(method), require_text(target_uri, "target_uri"), asked, {}};
    verify_signed(federation::parse_signed(
                      federation::ResponseView{status, answered, require_body(body, body_size)}, request),
                  pinned, now);
  });
}

}  // extern "C"
