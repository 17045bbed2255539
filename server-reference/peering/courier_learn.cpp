// The courier asks other nodes which nodes they speak with, where the operator wants that.
#include <algorithm>
#include <utility>

#include "federation/peer_list.h"
#include "peering/courier_link.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kLearnEveryMs = std::int64_t{24} * 3'600'000;
constexpr std::size_t kNewAtOnce = 64;  // Of one answer: another node's word is no reason to greet more.

}  // namespace

void Courier::learn(Link& link) {
  const auto& both = link.agreement.capabilities;
  const std::int64_t now = clock_.monotonic_ms();
  if (!options_.learn_peers || now < link.learn_at_ms ||
      std::find(both.begin(), both.end(), "peers") == both.end())
    return;
  link.learn_at_ms = now + kLearnEveryMs;
  PeerCall call{.method = "GET",
                .url = link.api_url + "/peers",
                .destination = link.domain,
                .body = {},
                .clock_ahead_ms = link.clock_ahead_ms,
                .answer_key = link.key};
  http_.call(std::move(call), [this, from = link.domain](auto result) {
    const auto* answer = std::get_if<PeerAnswer>(&result);
    if (answer == nullptr || answer->status != 200) return;  // It does not tell.
    post([this, from, body = answer->body] { learned(from, federation::peer_list_from_json(body)); });
  });
}

void Courier::learned(const std::string& from, const std::vector<std::string>& domains) {
  const auto own = federation_.identity();
  std::size_t count = 0;
  for (const std::string& domain : domains) {
    if (!own || domain == own->document.domain || federation_.peer(domain) ||
        federation_.judge(domain) != federation::Verdict::kAllowed)
      continue;
    if (++count > kNewAtOnce) break;
    std::string told = from;
    told.append(" speaks with ").append(domain).append(": it is greeted.");
    log_.write(LogLevel::kInfo, "federation", told);
    federation_.ensure(domain, [this](Result<NodeId> node) {
      if (!node.ok()) return;
      post([this, id = node.value()] {
        Link& found = link(id);
        found.greet_anyway = true;
        step(found);
      });
    });
  }
}

}  // namespace mychat::server
