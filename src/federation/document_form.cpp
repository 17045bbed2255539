#include "federation/document_form.h"

#include <algorithm>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "protocol/handle.h"

namespace mychat::federation {
namespace {

constexpr std::size_t kUrlMax = 512;
constexpr std::size_t kCapabilityMax = 64;

std::string_view without_port(std::string_view authority) { return authority.substr(0, authority.find(':')); }

std::size_t bounded_size(JsonView list, std::size_t most) {
  const std::size_t size = list.size();
  if (size > most) list.fail("has more than " + std::to_string(most) + " elements");
  return size;
}

NodeKeyRotation read_rotation(JsonView json) {
  return {.from = read_bytes<32>(json, "from"),
          .to = read_bytes<32>(json, "to"),
          .sequence = json.at("sequence").as_int(1),
          .signature_from = read_bytes<64>(json, "signature_from"),
          .signature_to = read_bytes<64>(json, "signature_to")};
}

void write_rotation(JsonWriter& out, const NodeKeyRotation& rotation) {
  out.begin_object();
  out.member("from", base64_encode(rotation.from));
  out.member("to", base64_encode(rotation.to));
  out.member("sequence", rotation.sequence);
  out.member("signature_from", base64_encode(rotation.signature_from));
  out.member("signature_to", base64_encode(rotation.signature_to));
  out.end_object();
}

void write_rotations(JsonWriter& out, const std::vector<NodeKeyRotation>& rotations) {
  out.begin_array();
  for (const NodeKeyRotation& rotation : rotations) write_rotation(out, rotation);
  out.end_array();
}

std::vector<NodeKeyRotation> read_rotations(JsonView list) {
  std::vector<NodeKeyRotation> rotations;
  rotations.reserve(bounded_size(list, kRotationsMax));
  for (const JsonView rotation : list) rotations.push_back(read_rotation(rotation));
  return rotations;
}

}  // namespace

bool is_capability(std::string_view text) {
  return !text.empty() && text.size() <= kCapabilityMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

template <std::size_t N>
std::array<std::uint8_t, N> read_bytes(JsonView json, std::string_view name) {
  const auto bytes = base64_decode(json.string(name));
  if (!bytes || bytes->size() != N) json.at(name).fail("is not base64 of " + std::to_string(N) + " bytes");
  std::array<std::uint8_t, N> result;
  std::copy(bytes->begin(), bytes->end(), result.begin());
  return result;
}
template std::array<std::uint8_t, 32> read_bytes<32>(JsonView, std::string_view);
template std::array<std::uint8_t, 64> read_bytes<64>(JsonView, std::string_view);

std::string read_domain(JsonView json, std::string_view name) {
  const std::string_view given = json.string(name);
  const auto domain = parse_domain(given);
  if (!domain || *domain != given) json.at(name).fail("is not a domain in lower case");
  return *domain;
}

std::int64_t read_time(JsonView json, std::string_view name) {
  const auto time = parse_time(json.string(name));
  if (!time) json.at(name).fail("is not a time");
  return *time;
}

void write_offer(JsonWriter& out, const std::vector<std::int64_t>& protocols,
                 const std::vector<std::string>& capabilities) {
  out.member("protocols", protocols);
  out.member("capabilities", capabilities);
}

std::vector<std::int64_t> read_protocols(JsonView json) {
  const JsonView list = json.array("protocols");
  std::vector<std::int64_t> protocols;
  protocols.reserve(bounded_size(list, kProtocolsMax));
  for (const JsonView element : list) protocols.push_back(element.as_int(1, 1'000'000));
  if (protocols.empty()) list.fail("is empty");
  return protocols;
}

std::vector<std::string> read_capabilities(JsonView json) {
  const JsonView list = json.array("capabilities");
  std::vector<std::string> capabilities;
  capabilities.reserve(bounded_size(list, kCapabilitiesMax));
  for (const JsonView element : list) {
    if (!is_capability(element.as_string())) element.fail("is not the name of a capability");
    capabilities.emplace_back(element.as_string());
  }
  return capabilities;
}

void write_limits(JsonWriter& out, const PeerLimits& limits) {
  out.key("limits");
  out.begin_object();
  out.member("max_message_size", limits.max_message_size);
  out.member("max_transaction_items", limits.max_transaction_items);
  out.member("max_transaction_bytes", limits.max_transaction_bytes);
  out.end_object();
}

PeerLimits read_limits(JsonView json) {
  const JsonView limits = json.object("limits");
  return {.max_message_size = limits.at("max_message_size").as_int(1),
          .max_transaction_items = limits.at("max_transaction_items").as_int(1),
          .max_transaction_bytes = limits.at("max_transaction_bytes").as_int(1)};
}

std::string document_json(const NodeDocument& document) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("domain", document.domain);
  out.member("federation_api", document.api_url);
  out.member("sequence", document.sequence);
  out.time_member("issued_at", document.issued_at);
  out.time_member("valid_until", document.valid_until);
  write_offer(out, document.protocols, document.capabilities);
  write_limits(out, document.limits);
  out.member("key", base64_encode(document.key));
  if (document.next_key) out.member("next_key", base64_encode(*document.next_key));
  out.key("rotations");
  write_rotations(out, document.rotations);
  out.end_object();
  return json;
}

std::string rotations_json(const std::vector<NodeKeyRotation>& rotations) {
  std::string json;
  JsonWriter out(json);
  write_rotations(out, rotations);
  return json;
}

std::vector<NodeKeyRotation> rotations_from_json(std::string_view text) {
  if (text.empty()) return {};
  const Json parsed = Json::parse(text, kStatementJson);
  return read_rotations(parsed.root());
}

NodeDocument document_from_json(std::string_view text) {
  const Json parsed = Json::parse(text, kStatementJson);
  const JsonView json = parsed.root();
  NodeDocument document;
  document.domain = read_domain(json, "domain");
  document.api_url = json.string("federation_api");
  document.sequence = json.at("sequence").as_int(1);
  document.issued_at = read_time(json, "issued_at");
  document.valid_until = read_time(json, "valid_until");
  document.protocols = read_protocols(json);
  document.capabilities = read_capabilities(json);
  document.limits = read_limits(json);
  document.key = read_bytes<32>(json, "key");
  if (json.find("next_key").has_value()) document.next_key = read_bytes<32>(json, "next_key");
  document.rotations = read_rotations(json.array("rotations"));
  return document;
}

bool is_api_url_of(std::string_view url, std::string_view domain, const DocumentRules& rules) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kHttp = "http://";
  if (url.size() > kUrlMax) return false;
  if (url.starts_with(kHttps)) {
    url.remove_prefix(kHttps.size());
  } else if (rules.allow_http && url.starts_with(kHttp)) {
    url.remove_prefix(kHttp.size());
  } else {
    return false;
  }
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  const std::string_view path = url.substr(slash);
  const auto parsed = parse_domain(authority);
  if (!parsed || *parsed != authority) return false;
  const std::string_view host = without_port(authority);
  const std::string_view own = without_port(domain);
  const bool below =
      host.size() > own.size() && host.ends_with(own) && host[host.size() - own.size() - 1] == '.';
  if (host != own && !below) return false;
  return !path.ends_with('/') && std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '_' || c == '.' || c == '~';
  });
}

}  // namespace mychat::federation
