#include "federation/discovery.h"

#include <cstdlib>

#include "base/error.h"
#include "protocol/json.h"

namespace mychat::federation {
namespace {

// More is refused.
constexpr std::int64_t kMostClockAheadMs = std::int64_t{26} * 3'600'000;

}  // namespace

std::string well_known_url(std::string_view domain, bool plain_http) {
  return (plain_http ? "http://" : "https://") + std::string(domain) + "/.well-known/mychat-node";
}

Discovered read_well_known(int status, std::string_view body, std::optional<std::int64_t> date_ms,
                           std::string_view domain, std::int64_t now_ms, const DocumentRules& rules) {
  const std::string who(domain);
  if (status != 200) {
    throw Error(MYCHAT_E_NODE, MYCHAT_DOMAIN_FEDERATION,
                who + " answered " + std::to_string(status) + " when asked for its document.", status, true);
  }
  const Json json = Json::parse(body, {.max_bytes = kWellKnownMax, .max_depth = 8, .max_nodes = 1024});
  if (!JsonView(json).is_object()) JsonView(json).fail("is not an object");
  const JsonView extension = json->find("federation");
  if (!extension.is_object()) {
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_FEDERATION,
                who + " is a node of protocol 1, which cannot sign what it sends.");
  }
  std::int64_t ahead = date_ms.value_or(now_ms) - now_ms;
  if (std::abs(ahead) <= kLeastClockAheadMs || std::abs(ahead) > kMostClockAheadMs) ahead = 0;
  Discovered found;
  found.statement = Statement::from_json(extension);
  found.clock_ahead_ms = ahead;
  found.document = verify_document(found.statement, domain, now_ms + ahead, rules);
  return found;
}

std::string address_objection(const AddressRules& rules, const sockaddr* address) {
  const auto ip = IpAddress::from(address);
  if (!ip) return "is of an unknown family";
  if (rules.allows(*ip)) return {};
  return std::string("is not public but ") + address_kind_name(classify(*ip));
}

}  // namespace mychat::federation
