// Two nodes agree on what they speak, and prove to each other that they hold the keys of their domains
// (docs/federation.md, section 2). Bytes in, bytes out; how they travel is the caller's.
//
//   A → B  hello    signed by A: both domains, A's offer, a challenge
//   B → A  welcome  signed by B: the hash of the hello, what was agreed, B's limits, a challenge
//   A → B  confirm  signed by A: the hash of the welcome
//
// Each side has then signed what holds the other's fresh challenge. The keys are those of node documents that
// each side fetched from the other's domain, so the statements themselves carry none.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "federation/node_document.h"
#include "federation/statement.h"

namespace mychat::federation {

inline constexpr std::int64_t kHandshakeLifeMs = 60'000;  // From the hello to the confirm.

// What this node brings to a handshake.
struct HandshakeSide {
  std::string domain;
  std::vector<std::int64_t> protocols{kProtocolV2};
  std::vector<std::string> capabilities;
  PeerLimits limits;
};

// What both sides hold afterwards.
struct Agreement {
  std::string peer;
  std::int64_t protocol = 0;              // The highest that both speak.
  std::vector<std::string> capabilities;  // Those that both have, in alphabetical order.
  PeerLimits limits;                      // The peer's: what may be sent to it.
  std::int64_t clock_ahead_ms =
      0;  // How far the peer's clock is ahead of ours, as seen by the one that began.
  bool operator==(const Agreement&) const = default;
};

// The side that begins. Used once; one thread at a time.
class HandshakeInitiator {
 public:
  // `key` is copied (cheaply). Throws MYCHAT_E_INVALID_ARGUMENT when a domain is not one, or both are the
  // same.
  HandshakeInitiator(HandshakeSide self, Ed25519PrivateKey key, std::string_view peer, std::int64_t now_ms);

  const Statement& hello() const noexcept { return hello_; }

  struct Result {
    Statement confirm;
    Agreement agreement;
  };
  // Throws MYCHAT_E_SIGNATURE, MYCHAT_E_MALFORMED, MYCHAT_E_KEY_MISMATCH (not an answer to this hello),
  // MYCHAT_E_DOWNGRADE (not the best that both offer), MYCHAT_E_STALE (took longer than kHandshakeLifeMs).
  // `least_protocol`: the pinned one.
  Result finish(const Statement& welcome, const NodeDocument& peer, std::int64_t least_protocol,
                std::int64_t now_ms) const;

 private:
  HandshakeSide self_;
  Ed25519PrivateKey key_;
  std::string peer_;
  std::int64_t began_at_;
  Statement hello_;
};

// The side that answers: its state between welcome and confirm.
struct PendingHandshake {
  Agreement agreement;
  Ed25519PublicKey peer_key{};
  Sha256Digest welcome_digest{};
  std::int64_t expires_at = 0;
};

// Who a hello says that it is from, so that its document can be fetched; nothing is verified yet.
// Throws MYCHAT_E_MALFORMED, MYCHAT_E_KEY_MISMATCH when it is not for `self`.
std::string hello_origin(const Statement& hello, std::string_view self);

struct HandshakeAnswer {
  Statement welcome;
  PendingHandshake pending;
};
// Throws as HandshakeInitiator::finish does; MYCHAT_E_UNSUPPORTED when no protocol is common;
// MYCHAT_E_DOWNGRADE when the common one is below `least_protocol`. A hello is no proof of freshness: its
// times are not looked at.
HandshakeAnswer answer_hello(const Statement& hello, const NodeDocument& peer, const HandshakeSide& self,
                             const Ed25519PrivateKey& key, std::int64_t least_protocol, std::int64_t now_ms);

// The hash of the welcome that a confirm answers, to find the pending handshake by. Nothing is verified yet.
Sha256Digest confirmed_welcome(const Statement& confirm);
// Throws MYCHAT_E_SIGNATURE, MYCHAT_E_KEY_MISMATCH, MYCHAT_E_STALE.
Agreement finish_handshake(const PendingHandshake& pending, const Statement& confirm, std::int64_t now_ms);

}  // namespace mychat::federation
