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
  out.end_object();
  return json;
}

PinnedNode pin_from_text(std::string_view text) {
  const Json json = Json::parse(text, kPinJson);
  return {.domain = read_domain(json, "domain"),
          .key = read_bytes<32>(json, "key"),
          .sequence = json->at("sequence").as_int(1),
          .digest = read_bytes<32>(json, "digest"),
          .protocol = json->at("protocol").as_int(0)};
}

}  // namespace mychat::federation
