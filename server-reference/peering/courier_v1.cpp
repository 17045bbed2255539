// Nodes of protocol 1: what goes to them, one item a request, unsigned, over verified TLS
// (docs/federation.md, section 7).
#include <algorithm>
#include <utility>

#include "federation/v1.h"
#include "peering/courier_link.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kAskAgainMs = 3'600'000;

// What the same request will always be answered with.
std::optional<std::string> lasting_refusal(const PeerAnswer& answer) {
  switch (answer.status) {
    case 404:  // Else a proxy may say so.
      if (answer.error == "user_not_found") return answer.error;
      return std::nullopt;
    case 413:
      return "too_large";
    case 400:
    case 409:
    case 422:
      return "malformed";
    default:
      return std::nullopt;
  }
}

}  // namespace

// Perhaps it speaks protocol 2 by now.
bool Courier::is_v1_stale(const Link& link) const {
  return link.v1 && (!federation_.accepts_v1() || clock_.monotonic_ms() - link.greeted_at_ms >= kAskAgainMs);
}

void Courier::greet_v1(Link& link, const Error& no_document) {
  const auto peer = federation_.peer(link.id);
  try {
    federation::refuse_v1_of_pinned(peer ? pinned_node(*peer) : std::nullopt);
  } catch (const Error& error) {
    return fail(link, error);
  }
  if (!federation_.accepts_v1()) return fail(link, no_document);
  http_.fetch_v1_document(link.domain, {}, [this, id = link.id](auto result) {
    post([this, id, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
      greeted_v1(known, std::get<federation::V1Node>(result));
    });
  });
}

void Courier::greeted_v1(Link& link, const federation::V1Node& node) {
  federation_.pin_v1(link.id, node.api_url, [this, id = link.id, node](Result<Done> result) {
    post([this, id, node, result = std::move(result)] {
      Link& known = this->link(id);
      if (!result.ok()) return fail(known, courier_failure(MYCHAT_E_DOWNGRADE, result.failure().detail));
      known.busy = false;
      known.greeted = known.v1 = true;
      known.greeted_at_ms = clock_.monotonic_ms();
      known.greet_anyway = false;
      known.next_try_ms = 0;
      known.key = {};
      known.api_url = node.api_url;
      known.agreement = {};
      known.agreement.limits.max_message_size = node.max_message_size;
      known.clock_ahead_ms = 0;
      known.v1_part = 0;
      known.waiting = true;
      federation_.seen(id);
      log_.write(LogLevel::kWarning, "federation",
                 known.domain + " is a node of protocol 1: what passes is not signed (FEDERATION_V1).");
      step(known);
    });
  });
}

void Courier::send_v1(Link& link) {
  auto out = federation_.next_v1(link.id, link.v1_part);
  if (out && out->seq != std::exchange(link.v1_seq, out->seq) && std::exchange(link.v1_part, 0) != 0)
    out = federation_.next_v1(link.id, 0);  // What was begun was given up meanwhile.
  if (!out) {
    link.waiting = false;
    return;
  }
  link.busy = true;
  // Protocol 1 does not know of changed keys and profiles: its nodes ask.
  if (out->path.empty()) return settle_v1(link, *out, std::nullopt, clock_.monotonic_ms());
  if (const int wait = v1_pace_.take(link.domain, clock_.monotonic_ms()); wait > 0) {
    link.busy = false;
    link.next_send_ms = clock_.monotonic_ms() + wait * 1'000;
    next_send_ms_ = std::min(next_send_ms_, link.next_send_ms);
    return;
  }
  PeerCall call;
  call.method = "POST";
  call.url = link.api_url + out->path;
  call.destination = link.domain;
  call.body = out->body;
  call.is_signed = false;
  const std::int64_t began = clock_.monotonic_ms();
  http_.call(std::move(call), [this, id = link.id, out = *out, began](auto result) {
    post([this, id, out, began, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
      sent_v1(known, out, began, std::get<PeerAnswer>(result));
    });
  });
}

void Courier::sent_v1(Link& link, const OutV1& out, std::int64_t began_ms, const PeerAnswer& answer) {
  if (answer.status / 100 == 2) {
    if (++link.v1_part < out.parts) {
      link.busy = false;
      return step(link);
    }
    ++items_;
    return settle_v1(link, out, std::nullopt, began_ms);
  }
  if (auto code = lasting_refusal(answer)) {
    std::string why = link.domain;
    why.append(" answered ").append(std::to_string(answer.status));
    if (!answer.detail.empty()) why.append(": ").append(answer.detail);
    return settle_v1(link, out, federation::ItemFailure{out.seq, std::move(*code), std::move(why)}, began_ms);
  }
  if (answer.error == "signature_required") link.greeted = false;  // It speaks protocol 2 by now.
  refused(link, answer);
}

void Courier::settle_v1(Link& link, const OutV1& out, std::optional<federation::ItemFailure> failure,
                        std::int64_t began_ms) {
  link.v1_part = 0;
  federation::TransactionAnswer answer{out.stream, out.seq, {}};
  if (failure) answer.failures.push_back(std::move(*failure));
  acknowledged(link, out.seq, std::move(answer), clock_.monotonic_ms() - began_ms);
}

}  // namespace mychat::server
