// What the courier tells other nodes at once or never.
#include <algorithm>
#include <utility>

#include "peering/courier_link.h"

namespace mychat::server {
namespace {

constexpr std::chrono::milliseconds kHintTimeout{5'000};

bool can_hear(const federation::Agreement& agreement) {
  return std::find(agreement.capabilities.begin(), agreement.capabilities.end(), "hints") !=
         agreement.capabilities.end();
}

}  // namespace

void Courier::hint(NodeId node, federation::Hint hint) {
  post([this, node, hint = std::move(hint)] {
    const auto found = links_.find(node);
    const bool hears = found != links_.end() && found->second->greeted && found->second->failures == 0 &&
                       can_hear(found->second->agreement) &&
                       found->second->hints.size() < federation::kHintsMax;
    if (!hears) {
      ++hints_dropped_;
      return;
    }
    Link& known = *found->second;
    known.hints.push_back(hint);
    send_hints(known);
  });
}

void Courier::send_hints(Link& link) {
  if (link.hinting || link.hints.empty()) return;
  const auto hints = std::exchange(link.hints, {});
  if (federation_.judge(link.domain) != federation::Verdict::kAllowed) return;
  link.hinting = true;
  PeerCall call{.method = "POST",
                .url = link.api_url + "/hints",
                .destination = link.domain,
                .body = federation::hints_json(hints),
                .clock_ahead_ms = link.clock_ahead_ms,
                .answer_key = link.key,
                .timeout = kHintTimeout};
  http_.call(std::move(call), [this, id = link.id](auto result) {
    post([this, id, arrived = std::holds_alternative<PeerAnswer>(result)] {
      Link& known = this->link(id);
      known.hinting = false;
      if (!arrived) known.hints.clear();  // They are old by now.
      send_hints(known);
    });
  });
}

}  // namespace mychat::server
