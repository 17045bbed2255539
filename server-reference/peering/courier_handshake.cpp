// The handshakes that the courier begins (docs/federation.md, section 2).
#include <cstdlib>
#include <utility>

#include "federation/continuity.h"
#include "federation/discovery.h"
#include "peering/courier_link.h"
#include "peering/handshakes.h"

namespace mychat::server {

void Courier::greet(Link& link) {
  link.busy = true;
  http_.fetch_document(link.domain, [this, id = link.id](auto result) {
    post([this, id, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result))
        return error->status() == MYCHAT_E_UNSUPPORTED ? greet_v1(known, *error) : fail(known, *error);
      say_hello(known, std::get<FetchedDocument>(result));
    });
  });
}

void Courier::say_hello(Link& link, const FetchedDocument& fetched) {
  const auto peer = federation_.peer(link.id);
  const auto own = federation_.identity();
  if (!peer || !own)
    return fail(link, courier_failure(MYCHAT_E_INVALID_STATE, "This node has no identity yet."));
  try {
    federation::check_continuity(pinned_node(*peer), fetched.document);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_KEY_CHANGED)
      federation_.key_changed(link.id, fetched.document.content.key, error.what());
    return fail(link, error);
  }
  const federation::NodeDocument& document = fetched.document.content;
  auto handshake = std::make_shared<federation::HandshakeInitiator>(own_side(*own), own->key, link.domain,
                                                                    clock_.now_ms());
  PeerCall call{.method = "POST",
                .url = document.api_url + "/handshake",
                .destination = link.domain,
                .body = statement_body("hello", handshake->hello()),
                .clock_ahead_ms = fetched.clock_ahead_ms,
                .answer_key = document.key};
  http_.call(std::move(call), [this, id = link.id, handshake, fetched](auto result) {
    post([this, id, handshake, fetched, result = std::move(result)] {
      Link& known = this->link(id);
      if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
      const auto& answer = std::get<PeerAnswer>(result);
      if (answer.status != 200) return refused(known, answer);
      confirm(known, handshake, fetched, answer);
    });
  });
}

void Courier::confirm(Link& link, std::shared_ptr<federation::HandshakeInitiator> handshake,
                      const FetchedDocument& fetched, const PeerAnswer& answer) {
  const auto peer = federation_.peer(link.id);
  const federation::NodeDocument& document = fetched.document.content;
  try {
    const Json json = Json::parse(answer.body, {.max_bytes = 256 * 1024, .max_depth = 6, .max_nodes = 64});
    auto end = handshake->finish(federation::Statement::from_json(json->object("welcome")), document,
                                 peer ? peer->protocol : 0, clock_.now_ms());
    if (std::abs(end.agreement.clock_ahead_ms) <= federation::kLeastClockAheadMs)
      end.agreement.clock_ahead_ms = 0;
    PeerCall call{.method = "POST",
                  .url = document.api_url + "/handshake",
                  .destination = link.domain,
                  .body = statement_body("confirm", end.confirm),
                  .clock_ahead_ms = end.agreement.clock_ahead_ms,
                  .answer_key = document.key};
    http_.call(std::move(call), [this, id = link.id, fetched, agreement = end.agreement](auto result) {
      post([this, id, fetched, agreement, result = std::move(result)] {
        Link& known = this->link(id);
        if (const auto* error = std::get_if<Error>(&result)) return fail(known, *error);
        const auto& last = std::get<PeerAnswer>(result);
        if (last.status != 200) return refused(known, last);
        greeted(known, fetched, agreement);
      });
    });
  } catch (const Error& error) {
    fail(link, error);
  }
}

void Courier::greeted(Link& link, const FetchedDocument& fetched, const federation::Agreement& agreement) {
  const auto peer = federation_.peer(link.id);
  federation::PinnedNode pinned;
  try {  // What is kept may have changed since the document was fetched.
    const auto before = peer ? pinned_node(*peer) : std::nullopt;
    federation::check_continuity(before, fetched.document);
    pinned = federation::pin(before, fetched.document);
  } catch (const Error& error) {
    return fail(link, error);
  }
  pinned.protocol = agreement.protocol;
  federation_.pin(
      pinned, fetched.document.content.api_url, agreement,
      [this, id = link.id, fetched, agreement](Result<NodeId> result) {
        post([this, id, fetched, agreement, ok = result.ok()] {
          Link& known = this->link(id);
          if (!ok) return fail(known, courier_failure(MYCHAT_E_STORE, "The handshake could not be kept."));
          known.busy = false;
          known.greeted = true;
          known.v1 = false;
          known.greet_anyway = false;
          known.next_try_ms = 0;
          known.key = fetched.document.content.key;
          known.api_url = fetched.document.content.api_url;
          known.agreement = agreement;
          known.clock_ahead_ms = agreement.clock_ahead_ms;
          known.waiting = true;
          ++handshakes_;
          federation_.seen(id);
          log_.write(
              LogLevel::kInfo, "federation",
              "Handshake with " + known.domain + ": protocol " + std::to_string(agreement.protocol) + ".");
          learn(known);
          step(known);
        });
      });
}

}  // namespace mychat::server
