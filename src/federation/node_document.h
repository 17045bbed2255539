// Who a node is: its keys, where it is reached, what it speaks. Self-signed, served as the member
// `federation` of
// /.well-known/mychat-node (docs/federation.md, section 1); readers of v1 do not look at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "federation/statement.h"

namespace mychat::federation {

inline constexpr std::int64_t kDocumentLifeMs =
    std::int64_t{7} * 24 * 3600 * 1000;  // At most, from its issue.
inline constexpr std::int64_t kProtocolV2 = 2;
inline constexpr std::size_t kRotationsMax = 16;
inline constexpr std::size_t kCapabilitiesMax = 32;
inline constexpr std::size_t kProtocolsMax = 8;
inline constexpr std::int64_t kClockSkewMs = 60'000;  // Taken as the same time.

// 22 characters: base64url of the first 16 bytes of a SHA-256 of the key. The `keyid` of HTTP signatures.
std::string node_key_id(const Ed25519PublicKey& key);

// What a peer may send at once.
struct PeerLimits {
  std::int64_t max_message_size = 10'485'760;  // Bytes of a message's content.
  std::int64_t max_transaction_items = 256;
  std::int64_t max_transaction_bytes = 16'777'216;
  bool operator==(const PeerLimits&) const = default;
};

// "From now on `to` instead of `from`": signed by both.
struct NodeKeyRotation {
  Ed25519PublicKey from{};
  Ed25519PublicKey to{};
  std::int64_t sequence = 0;  // Of the first document that `to` signed.
  Ed25519Signature signature_from{};
  Ed25519Signature signature_to{};

  static NodeKeyRotation make(std::string_view domain, const Ed25519PrivateKey& from,
                              const Ed25519PrivateKey& to, std::int64_t sequence);
  [[nodiscard]] bool holds_for(std::string_view domain) const;
  bool operator==(const NodeKeyRotation&) const = default;
};

struct NodeDocument {
  std::string domain;
  std::string api_url;           // https://DOMAIN-or-subdomain[:port]/path, without a slash at its end.
  std::int64_t sequence = 0;     // Never decreases; a document that differs in anything has a higher one.
  std::int64_t issued_at = 0;    // Unix ms.
  std::int64_t valid_until = 0;  // Unix ms; at most kDocumentLifeMs after issued_at.
  std::vector<std::int64_t> protocols{kProtocolV2};
  std::vector<std::string> capabilities;
  PeerLimits limits;
  Ed25519PublicKey key{};
  std::optional<Ed25519PublicKey> next_key;  // Announced before its use.
  std::vector<NodeKeyRotation> rotations;    // Oldest first; each leads to the next, the last one to `key`.

  // Throws MYCHAT_E_INVALID_ARGUMENT when it is not what verify_document would take from this key.
  Statement sign(const Ed25519PrivateKey& signer) const;
  bool operator==(const NodeDocument&) const = default;
};

// As a document holds them: a JSON array; an empty text is none. Throws MYCHAT_E_MALFORMED.
std::string rotations_json(const std::vector<NodeKeyRotation>& rotations);
std::vector<NodeKeyRotation> rotations_from_json(std::string_view json);

// The content of this node's own document, which it kept. Nothing is verified. Throws MYCHAT_E_MALFORMED.
NodeDocument document_of(const Statement& statement);

struct DocumentRules {
  bool allow_http = false;  // For development: api_url may be http.
};

struct VerifiedDocument {
  NodeDocument content;
  Sha256Digest digest{};  // Of the payload: two documents with one sequence number must have one digest.
};

// Checks all that needs no memory: the signature by the document's own key, the domain it was fetched from,
// times, form, rotations. Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE, MYCHAT_E_SIGNATURE,
// MYCHAT_E_KEY_MISMATCH (another domain's), MYCHAT_E_STALE (expired, or issued in the future).
VerifiedDocument verify_document(const Statement& statement, std::string_view domain, std::int64_t now_ms,
                                 const DocumentRules& rules = {});

}  // namespace mychat::federation
