#include "federation/pin_text.h"

#include "base/encoding.h"
#include "federation/document_form.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::federation {
namespace {

constexpr JsonOptions kPinJson{.max_bytes = 1024, .max_depth = 2, .max_nodes = 16};

}  // namespace

std::string pin_text(const PinnedNode& pinned) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("domain", pinned.domain);
  out.member("key", base64_encode(pinned.key));
  out.member("sequence", pinned.sequence);
  out.member("digest", base64_encode(pinned.digest));
  out.member("protocol", pinned.protocol);
  if (pinned.next_key) out.member("next_key", base64_encode(*pinned.next_key));
  out.end_object();
  return json;
}

PinnedNode pin_from_text(std::string_view text) {
  const Json json = Json::parse(text, kPinJson);
  PinnedNode pinned;
  pinned.domain = read_domain(json, "domain");
  pinned.key = read_bytes<32>(json, "key");
  pinned.sequence = json->at("sequence").as_int(1);
  pinned.digest = read_bytes<32>(json, "digest");
  pinned.protocol = json->at("protocol").as_int(0);
  // What was kept by an earlier version has none.
  if (json->find("next_key").has_value()) pinned.next_key = read_bytes<32>(json, "next_key");
  return pinned;
}

}  // namespace mychat::federation
