// Handshakes of nodes.
#include <string>
#include <variant>

#include "base/encoding.h"
#include "c_api/federation_node.h"
#include "federation/pin_text.h"
#include "mychat/federation.h"

using namespace mychat;
using namespace mychat::c_api;

// One of its sides: that began, or that answered.
struct mychat_federation_handshake {
  std::variant<federation::HandshakeInitiator, federation::PendingHandshake> side;
  federation::DocumentRules rules;
  std::string peer;
  std::string message;
  std::string id;
};

namespace {

mychat_federation_handshake& require(mychat_federation_handshake* handshake) {
  if (handshake == nullptr) throw_argument("The handshake is NULL.");
  return *handshake;
}

template <class Side>
Side& side_of(mychat_federation_handshake& handshake, const char* otherwise) {
  auto* side = std::get_if<Side>(&handshake.side);
  if (side == nullptr) throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, otherwise);
  return *side;
}

struct Peer {
  federation::NodeDocument document;
  federation::PinnedNode known;
};

// A document that is trusted: what is known of its node was taken from it.
Peer require_peer(const char* document, const char* known, const std::string& domain, std::int64_t now,
                  const federation::DocumentRules& rules) {
  Peer peer;
  peer.known = require_known(known);
  const federation::Statement statement = require_statement(document, "peer_document");
  peer.document = federation::verify_document(statement, domain, now, rules).content;
  if (peer.known.domain != domain || peer.known.key != peer.document.key) {
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_FEDERATION,
                "What is known is not of " + domain + ", or of another key than its document.");
  }
  return peer;
}

mychat_federation_agreement* new_agreement(const federation::Agreement& agreed, federation::PinnedNode known,
                                           const std::string& confirm) {
  known.protocol = std::max(known.protocol, agreed.protocol);
  Arena arena;
  auto* out = arena.make<mychat_federation_agreement>();
  out->struct_size = sizeof *out;
  out->protocol = static_cast<std::int32_t>(agreed.protocol);
  out->peer = arena.text(agreed.peer);
  out->capabilities = arena.text(joined(agreed.capabilities));
  out->confirm = arena.text(confirm);
  out->clock_ahead = agreed.clock_ahead_ms;
  out->max_message_size = agreed.limits.max_message_size;
  out->max_transaction_items = agreed.limits.max_transaction_items;
  out->max_transaction_bytes = agreed.limits.max_transaction_bytes;
  out->known = arena.text(federation::pin_text(known));
  return arena.hand_over(out);
}

}  // namespace

extern "C" {

mychat_status mychat_federation_handshake_begin(mychat_federation_node* node, const char* peer, int64_t now,
                                                mychat_federation_handshake** out_handshake,
                                                mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_handshake*& out = require_out(out_handshake);
    const mychat_federation_node& self = c_api::require(node);
    const std::string name = require_domain(peer, "peer");
    auto begun = std::make_unique<mychat_federation_handshake>(
        mychat_federation_handshake{.side = federation::HandshakeInitiator(self.side, self.key, name, now),
                                    .rules = self.rules(),
                                    .peer = name,
                                    .message = {},
                                    .id = {}});
    begun->message = statement_text(std::get<federation::HandshakeInitiator>(begun->side).hello());
    out = begun.release();
  });
}

mychat_status mychat_federation_hello_origin(mychat_federation_node* node, const char* hello, char** out_text,
                                             mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const mychat_federation_node& self = c_api::require(node);
    out = new_string(federation::hello_origin(require_statement(hello, "hello"), self.side.domain));
  });
}

mychat_status mychat_federation_handshake_answer(mychat_federation_node* node, const char* hello,
                                                 const char* peer_document, const char* known, int64_t now,
                                                 mychat_federation_handshake** out_handshake,
                                                 mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_handshake*& out = require_out(out_handshake);
    const mychat_federation_node& self = c_api::require(node);
    const federation::Statement greeting = require_statement(hello, "hello");
    std::string origin = federation::hello_origin(greeting, self.side.domain);
    const Peer peer = require_peer(peer_document, known, origin, now, self.rules());
    federation::HandshakeAnswer answer =
        federation::answer_hello(greeting, peer.document, self.side, self.key, peer.known.protocol, now);
    std::string id = hex_encode(answer.pending.welcome_digest);
    auto begun = std::make_unique<mychat_federation_handshake>(
        mychat_federation_handshake{.side = std::move(answer.pending),
                                    .rules = self.rules(),
                                    .peer = std::move(origin),
                                    .message = statement_text(answer.welcome),
                                    .id = std::move(id)});
    out = begun.release();
  });
}

mychat_status mychat_federation_handshake_finish(mychat_federation_handshake* handshake, const char* welcome,
                                                 const char* peer_document, const char* known, int64_t now,
                                                 mychat_federation_agreement** out_agreement,
                                                 mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_agreement*& out = require_out(out_agreement);
    mychat_federation_handshake& begun = require(handshake);
    const auto& side = side_of<federation::HandshakeInitiator>(
        begun, "This side answered: mychat_federation_handshake_confirm() ends it.");
    const Peer peer = require_peer(peer_document, known, begun.peer, now, begun.rules);
    const auto result =
        side.finish(require_statement(welcome, "welcome"), peer.document, peer.known.protocol, now);
    out = new_agreement(result.agreement, peer.known, statement_text(result.confirm));
  });
}

mychat_status mychat_federation_confirm_id(const char* confirm, char** out_text, mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    out = new_string(hex_encode(federation::confirmed_welcome(require_statement(confirm, "confirm"))));
  });
}

const char* mychat_federation_handshake_id(const mychat_federation_handshake* handshake) {
  return handshake == nullptr ? "" : handshake->id.c_str();
}

mychat_status mychat_federation_handshake_confirm(mychat_federation_handshake* handshake, const char* confirm,
                                                  const char* known, int64_t now,
                                                  mychat_federation_agreement** out_agreement,
                                                  mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_agreement*& out = require_out(out_agreement);
    mychat_federation_handshake& begun = require(handshake);
    const auto& side = side_of<federation::PendingHandshake>(
        begun, "This side began: mychat_federation_handshake_finish() ends it.");
    const federation::PinnedNode pinned = require_known(known);
    if (pinned.domain != begun.peer || pinned.key != side.peer_key) {
      throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_FEDERATION,
                  "What is known is not of " + begun.peer + ", or of another key than the handshake's.");
    }
    out = new_agreement(federation::finish_handshake(side, require_statement(confirm, "confirm"), now),
                        pinned, "");
  });
}

const char* mychat_federation_handshake_message(const mychat_federation_handshake* handshake) {
  return handshake == nullptr ? "" : handshake->message.c_str();
}

void mychat_federation_handshake_free(mychat_federation_handshake* handshake) { delete handshake; }

void mychat_federation_agreement_free(mychat_federation_agreement* agreement) { free_boxed(agreement); }

}  // extern "C"
