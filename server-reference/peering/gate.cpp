#include "peering/gate.h"

#include <algorithm>

#include "base/error.h"

namespace mychat::server {
namespace {

Ed25519PublicKey key_of(const PeerRow& peer) {
  Ed25519PublicKey key{};
  if (peer.key.size() != key.size()) throw PeerRefused(401, "handshake_required", "Begin with a handshake.");
  std::copy(peer.key.begin(), peer.key.end(), key.begin());
  return key;
}

}  // namespace

Gate::Gate(Federation& federation, std::string own_domain, const Clock& clock, federation::NonceLimits limits,
           int per_minute)
    : federation_(federation),
      own_domain_(std::move(own_domain)),
      clock_(clock),
      began_s_(clock.now_ms() / 1000),
      nonces_(clock.monotonic_ms(), limits),
      per_origin_({per_minute, 60'000}) {}

// What is older than this process is refused anyway. Others may have clocks that are ahead, or sent within
// this very second. What lies further ahead was taken by a clock that was wrong then, and would keep a node
// out for long.
void Gate::remember_before() {
  taken_before_ = federation_.signed_since(began_s_);
  std::erase_if(taken_before_, [this](const auto& one) {
    return one.second > began_s_ + federation::kSignatureSkewSeconds + 1;
  });
}

federation::SignedMessage Gate::look_at(const InboundRequest& request) const {
  federation::SignedMessage message;
  try {
    message = federation::parse_signed(request.view());
    message.check_time(clock_.now_ms() / 1000);
  } catch (const Error& error) {
    throw PeerRefused(401, error.status() == MYCHAT_E_STALE ? "stale" : "bad_signature", error.what());
  }
  if (message.destination != own_domain_)
    throw PeerRefused(401, "wrong_destination", "This is " + own_domain_ + ".");
  if (message.origin == own_domain_)
    throw PeerRefused(401, "wrong_origin", "This node does not speak with itself.");
  if (message.version != "2") throw PeerRefused(400, "unsupported_version", "This node speaks protocol 2.");
  // Before this process, its nonce may have been used already.
  if (nonces_.too_old(message.created, clock_.now_ms(), clock_.monotonic_ms()))
    throw PeerRefused(401, "stale", "This node began after that was signed.");
  if (const auto before = taken_before_.find(message.origin);
      before != taken_before_.end() && message.created <= before->second)
    throw PeerRefused(401, "stale", "This may have been taken before this node began; sign it again.");
  switch (federation_.judge(message.origin)) {
    case federation::Verdict::kAllowed:
      break;
    case federation::Verdict::kAwaitsApproval:
      throw PeerRefused(403, "awaits_approval", "The operator has not approved this node yet.", 3600);
    case federation::Verdict::kBlocked:
    case federation::Verdict::kNotListed:
      throw PeerRefused(403, "not_allowed", "The operator does not let this node in.");
  }
  return message;
}

void Gate::admit(const federation::SignedMessage& message, const Ed25519PublicKey& key) {
  try {
    message.verify(key);
  } catch (const Error& error) {
    throw PeerRefused(401, "bad_signature", error.what());
  }
  // Counted once it is proven: nobody uses up what another one has.
  if (const int wait = per_origin_.take(message.origin, clock_.monotonic_ms()); wait > 0)
    throw PeerRefused(429, "too_many", "Too many requests within a minute.", wait);
  const std::int64_t now = clock_.now_ms() / 1000;
  switch (nonces_.accept(message.origin, message.nonce, message.expires + federation::kSignatureSkewSeconds,
                         now)) {
    case federation::NonceVerdict::kFresh:
      return;
    case federation::NonceVerdict::kReplayed:
      throw PeerRefused(401, "replayed", "This request was sent before.");
    case federation::NonceVerdict::kTooOld:
      throw PeerRefused(401, "stale", "This may have been sent before; sign it again.");
    case federation::NonceVerdict::kFull:
      throw PeerRefused(429, "too_many", "Too many requests within a minute.", 10);
  }
}

FromNode Gate::identify(const InboundRequest& request) {
  try {
    FromNode peer = identified(request);
    ++taken_;
    return peer;
  } catch (const PeerRefused&) {
    ++refused_;
    throw;
  }
}

FromNode Gate::identified(const InboundRequest& request) {
  const federation::SignedMessage message = look_at(request);
  const auto peer = federation_.peer(message.origin);
  if (!peer || peer->key.empty()) throw PeerRefused(401, "handshake_required", "Begin with a handshake.");
  if (peer->standing == PeerStanding::kKeyChanged) {
    throw PeerRefused(403, "key_changed",
                      "Another key was seen for this node; its operator must accept it first.");
  }
  const Ed25519PublicKey key = key_of(*peer);
  if (message.key_id != federation::node_key_id(key)) {
    throw PeerRefused(401, "handshake_required", "This is not the key known here; begin with a handshake.");
  }
  admit(message, key);
  return {peer->id, peer->domain, message.created};
}

}  // namespace mychat::server
