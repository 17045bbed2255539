#include "federation/peer_list.h"

#include "base/error.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"

namespace mychat::federation {

std::string peer_list_json(const std::vector<std::string>& domains) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("peers", domains);
  out.end_object();
  return json;
}

std::vector<std::string> peer_list_from_json(std::string_view json) {
  const Json document = Json::parse(json, kPeerListJson);
  const JsonView list = document->array("peers");
  if (list.size() > kPeerListMax) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL,
                "A list of nodes has at most " + std::to_string(kPeerListMax) + ".");
  }
  std::vector<std::string> domains;
  domains.reserve(list.size());
  for (const JsonView item : list) {
    auto domain = parse_domain(item.as_string());
    if (!domain) item.fail("is no domain");
    domains.push_back(*std::move(domain));
  }
  return domains;
}

}  // namespace mychat::federation
