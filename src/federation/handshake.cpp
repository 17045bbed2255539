#include "federation/handshake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/random.h"
#include "federation/document_form.h"
#include "protocol/handle.h"

namespace mychat::federation {
namespace {

constexpr std::size_t kChallengeBytes = 32;

[[noreturn]] void refuse(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_FEDERATION, message);
}

struct Hello {
  std::string origin;
  std::string destination;
  std::vector<std::int64_t> protocols;
  std::vector<std::string> capabilities;
  PeerLimits limits;
};

struct Welcome {
  std::string origin;
  std::string destination;
  Sha256Digest hello{};
  std::int64_t protocol = 0;
  std::vector<std::int64_t> protocols;
  std::vector<std::string> capabilities;
  PeerLimits limits;
  std::int64_t time = 0;
};

std::string challenge() { return base64_encode(random_array<kChallengeBytes>()); }

void write_parties(JsonWriter& out, std::string_view origin, std::string_view destination) {
  out.member("origin", origin);
  out.member("destination", destination);
}

// The offer is in the welcome too: the one that began can then see that what was agreed is the best of both.
std::string offer_json(const HandshakeSide& self, std::string_view peer, const Sha256Digest* hello,
                       std::int64_t protocol, std::int64_t now_ms) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  write_parties(out, self.domain, peer);
  if (hello != nullptr) {
    out.member("hello", base64_encode(*hello));
    out.member("protocol", protocol);
  }
  write_offer(out, self.protocols, self.capabilities);
  write_limits(out, self.limits);
  out.member("challenge", challenge());
  out.time_member("time", now_ms);
  out.end_object();
  return json;
}

Hello read_hello(const Statement& statement) {
  const Json json = Json::parse(text(view(statement.payload)), kStatementJson);
  read_bytes<kChallengeBytes>(json, "challenge");
  return {.origin = read_domain(json, "origin"),
          .destination = read_domain(json, "destination"),
          .protocols = read_protocols(json),
          .capabilities = read_capabilities(json),
          .limits = read_limits(json)};
}

Welcome read_welcome(const Statement& statement) {
  const Json json = Json::parse(text(view(statement.payload)), kStatementJson);
  read_bytes<kChallengeBytes>(json, "challenge");
  return {.origin = read_domain(json, "origin"),
          .destination = read_domain(json, "destination"),
          .hello = read_bytes<32>(json, "hello"),
          .protocol = json->at("protocol").as_int(1, 1'000'000),
          .protocols = read_protocols(json),
          .capabilities = read_capabilities(json),
          .limits = read_limits(json),
          .time = read_time(json, "time")};
}

std::optional<std::int64_t> best_common(const std::vector<std::int64_t>& a,
                                        const std::vector<std::int64_t>& b) {
  std::optional<std::int64_t> best;
  for (const std::int64_t protocol : a) {
    if (std::find(b.begin(), b.end(), protocol) != b.end() && (!best || protocol > *best)) best = protocol;
  }
  return best;
}

std::vector<std::string> common(std::vector<std::string> a, std::vector<std::string> b) {
  for (auto* list : {&a, &b}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

void require_not_below(std::int64_t protocol, std::int64_t least, const std::string& peer) {
  if (protocol >= least) return;
  refuse(MYCHAT_E_DOWNGRADE, peer + " spoke protocol " + std::to_string(least) +
                                 " before; a handshake that ends with " + std::to_string(protocol) +
                                 " is refused.");
}

std::string require_domain(std::string_view text) {
  auto domain = parse_domain(text);
  if (!domain) throw_argument("A handshake is between two domains, and one of these is none.");
  return *std::move(domain);
}

}  // namespace

HandshakeInitiator::HandshakeInitiator(HandshakeSide self, Ed25519PrivateKey key, std::string_view peer,
                                       std::int64_t now_ms)
    : self_(std::move(self)), key_(std::move(key)), peer_(require_domain(peer)), began_at_(now_ms) {
  self_.domain = require_domain(self_.domain);
  if (self_.domain == peer_) throw_argument("A node has no handshake with itself.");
  hello_ = Statement::make(key_, purpose::kHello, offer_json(self_, peer_, nullptr, 0, now_ms));
}

HandshakeInitiator::Result HandshakeInitiator::finish(const Statement& welcome, const NodeDocument& peer,
                                                      std::int64_t least_protocol,
                                                      std::int64_t now_ms) const {
  if (peer.domain != peer_) throw_argument("The document is not of the node that the hello went to.");
  welcome.verify(peer.key, purpose::kWelcome, ("welcome of " + peer_).c_str());
  const Welcome answer = read_welcome(welcome);
  if (answer.origin != peer_ || answer.destination != self_.domain ||
      answer.hello != sha256(hello_.payload)) {
    refuse(MYCHAT_E_KEY_MISMATCH, "The welcome of " + peer_ + " answers another hello.");
  }
  if (now_ms - began_at_ > kHandshakeLifeMs)
    refuse(MYCHAT_E_STALE, "The handshake with " + peer_ + " took too long.");
  const auto best = best_common(self_.protocols, answer.protocols);
  if (!best || answer.protocol != *best) {
    refuse(MYCHAT_E_DOWNGRADE, peer_ + " chose protocol " + std::to_string(answer.protocol) +
                                   ", which is not the newest that both speak.");
  }
  require_not_below(*best, least_protocol, peer_);
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  write_parties(out, self_.domain, peer_);
  out.member("welcome", base64_encode(sha256(welcome.payload)));
  out.end_object();
  // The answer was written some time between the hello and now.
  const std::int64_t clock_ahead = answer.time - (began_at_ + (now_ms - began_at_) / 2);
  return {.confirm = Statement::make(key_, purpose::kConfirm, json),
          .agreement = {.peer = peer_,
                        .protocol = *best,
                        .capabilities = common(self_.capabilities, answer.capabilities),
                        .limits = answer.limits,
                        .clock_ahead_ms = clock_ahead}};
}

std::string hello_origin(const Statement& hello, std::string_view self) {
  Hello offer = read_hello(hello);
  if (offer.destination != self) refuse(MYCHAT_E_KEY_MISMATCH, "The hello is for " + offer.destination + ".");
  if (offer.origin == self) refuse(MYCHAT_E_KEY_MISMATCH, "The hello claims to be from this node.");
  return std::move(offer.origin);
}

HandshakeAnswer answer_hello(const Statement& hello, const NodeDocument& peer, const HandshakeSide& self,
                             const Ed25519PrivateKey& key, std::int64_t least_protocol, std::int64_t now_ms) {
  if (hello_origin(hello, self.domain) != peer.domain) {
    throw_argument("The document is not of the node that the hello is from.");
  }
  hello.verify(peer.key, purpose::kHello, ("hello of " + peer.domain).c_str());
  const Hello offer = read_hello(hello);
  const auto best = best_common(self.protocols, offer.protocols);
  if (!best) refuse(MYCHAT_E_UNSUPPORTED, peer.domain + " and this node have no protocol in common.");
  require_not_below(*best, least_protocol, peer.domain);
  const Sha256Digest hello_digest = sha256(hello.payload);
  HandshakeAnswer result{
      .welcome = Statement::make(key, purpose::kWelcome,
                                 offer_json(self, peer.domain, &hello_digest, *best, now_ms)),
      .pending = {.agreement = {.peer = peer.domain,
                                .protocol = *best,
                                .capabilities = common(self.capabilities, offer.capabilities),
                                .limits = offer.limits},
                  .peer_key = peer.key,
                  .expires_at = now_ms + kHandshakeLifeMs}};
  result.pending.welcome_digest = sha256(result.welcome.payload);
  return result;
}

Sha256Digest confirmed_welcome(const Statement& confirm) {
  const Json json = Json::parse(text(view(confirm.payload)), kStatementJson);
  return read_bytes<32>(json, "welcome");
}

Agreement finish_handshake(const PendingHandshake& pending, const Statement& confirm, std::int64_t now_ms) {
  const std::string& peer = pending.agreement.peer;
  confirm.verify(pending.peer_key, purpose::kConfirm, ("confirm of " + peer).c_str());
  if (confirmed_welcome(confirm) != pending.welcome_digest) {
    refuse(MYCHAT_E_KEY_MISMATCH, "The confirm of " + peer + " answers another welcome.");
  }
  if (now_ms >= pending.expires_at) refuse(MYCHAT_E_STALE, "The handshake with " + peer + " took too long.");
  return pending.agreement;
}

}  // namespace mychat::federation
