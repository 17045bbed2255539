// What a node remembers of a peer's identity, and whether what the peer shows now follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "federation/node_document.h"

namespace mychat::federation {

struct PinnedNode {
  std::string domain;
  Ed25519PublicKey key{};
  std::int64_t sequence = 0;
  Sha256Digest digest{};
  std::int64_t protocol = 0;  // The highest one that a handshake with it ended with; 0: none yet.
  std::optional<Ed25519PublicKey> next_key{};  // Announced: a rotation away from `key` leads there.
  bool operator==(const PinnedNode&) const = default;
};

enum class Continuity {
  kFirst,    // Nothing was known: trusted on first use, over verified TLS.
  kSame,     // The very document.
  kRenewed,  // A newer document under the pinned key.
  kRotated,  // A newer document under a key that the pinned one handed over to.
};

// Throws MYCHAT_E_STALE (a lower sequence number: rolled back; or the same with other content),
// MYCHAT_E_KEY_CHANGED (another key without a rotation from the pinned one, or with one that leads elsewhere
// than to the key that was announced: traffic stops, the operator decides), MYCHAT_E_DOWNGRADE (no protocol
// as new as the one before).
Continuity check_continuity(const std::optional<PinnedNode>& pinned, const VerifiedDocument& document);

// The memory after that document; `protocol` stays. Throws MYCHAT_E_MALFORMED for a weak key (weak_key.h).
PinnedNode pin(const std::optional<PinnedNode>& pinned, const VerifiedDocument& document);

// A peer that is pinned with a newer protocol shows a document of v1 only. Throws MYCHAT_E_DOWNGRADE.
void refuse_v1_of_pinned(const std::optional<PinnedNode>& pinned);

}  // namespace mychat::federation
