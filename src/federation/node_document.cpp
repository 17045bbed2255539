#include "federation/node_document.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "federation/document_form.h"
#include "federation/weak_key.h"

namespace mychat::federation {
namespace {

constexpr std::size_t kKeyIdBytes = 16;

[[noreturn]] void refuse(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_FEDERATION, message);
}

std::string rotation_payload(std::string_view domain, const NodeKeyRotation& rotation) {
  std::string payload(domain);
  payload += '\n' + base64_encode(rotation.from) + '\n' + base64_encode(rotation.to) + '\n' +
             std::to_string(rotation.sequence);
  return payload;
}

// Why this cannot be a node's document; nothing when it can.
std::optional<std::string> problem_of(const NodeDocument& document) {
  if (document.sequence < 1) return "its sequence number is not positive";
  if (document.valid_until <= document.issued_at) return "it ends before it begins";
  if (document.valid_until - document.issued_at > kDocumentLifeMs) return "it is valid for more than 7 days";
  if (document.protocols.empty() || document.protocols.size() > kProtocolsMax)
    return "it names no or too many protocols";
  if (document.capabilities.size() > kCapabilitiesMax) return "it names too many capabilities";
  if (!std::all_of(document.capabilities.begin(), document.capabilities.end(), is_capability))
    return "one of its capabilities is no name";
  if (document.rotations.size() > kRotationsMax) return "it holds too many rotations";
  if (is_weak_key(document.key)) return "its key is one that anybody can sign for";
  if (document.next_key && *document.next_key == document.key) return "its next key is its key";
  if (document.next_key && is_weak_key(*document.next_key))
    return "its next key is one that anybody can sign for";
  std::int64_t sequence = 0;
  const Ed25519PublicKey* key = nullptr;
  for (const NodeKeyRotation& rotation : document.rotations) {
    if (key != nullptr && rotation.from != *key) return "its rotations are no chain";
    if (rotation.sequence <= sequence || rotation.sequence > document.sequence)
      return "its rotations are out of order";
    if (is_weak_key(rotation.from) || is_weak_key(rotation.to))
      return "a key of its rotations is one that anybody can sign for";
    if (!rotation.holds_for(document.domain)) return "a signature of its rotations does not verify";
    sequence = rotation.sequence;
    key = &rotation.to;
  }
  if (key != nullptr && *key != document.key) return "its rotations do not lead to its key";
  return std::nullopt;
}

}  // namespace

std::string node_key_id(const Ed25519PublicKey& key) {
  const Sha256Digest digest = sha256(key);
  return base64url_encode(ByteView(digest).first(kKeyIdBytes));
}

NodeKeyRotation NodeKeyRotation::make(std::string_view domain, const Ed25519PrivateKey& from,
                                      const Ed25519PrivateKey& to, std::int64_t sequence) {
  NodeKeyRotation rotation{.from = from.public_key(), .to = to.public_key(), .sequence = sequence};
  if (rotation.from == rotation.to) throw_argument("A rotation needs two different keys.");
  const std::string payload = rotation_payload(domain, rotation);
  rotation.signature_from = sign_for(from, purpose::kRotation, view(payload));
  rotation.signature_to = sign_for(to, purpose::kRotation, view(payload));
  return rotation;
}

bool NodeKeyRotation::holds_for(std::string_view domain) const {
  const std::string payload = rotation_payload(domain, *this);
  return from != to && signed_for(from, purpose::kRotation, view(payload), signature_from) &&
         signed_for(to, purpose::kRotation, view(payload), signature_to);
}

Statement NodeDocument::sign(const Ed25519PrivateKey& signer) const {
  if (signer.public_key() != key) throw_argument("The document is to be signed by its own key.");
  if (const auto problem = problem_of(*this)) throw_argument("This is no node document: " + *problem + ".");
  if (!is_api_url_of(api_url, domain, {.allow_http = true})) {
    throw_argument("The federation address must be https and of the node's domain.");
  }
  return Statement::make(signer, purpose::kDocument, document_json(*this));
}

NodeDocument document_of(const Statement& statement) {
  return document_from_json(text(view(statement.payload)));
}

VerifiedDocument verify_document(const Statement& statement, std::string_view domain, std::int64_t now_ms,
                                 const DocumentRules& rules) {
  const std::string who(domain);
  VerifiedDocument result{.content = document_from_json(text(view(statement.payload))),
                          .digest = sha256(statement.payload)};
  const NodeDocument& document = result.content;
  statement.verify(document.key, purpose::kDocument, ("node document of " + who).c_str());
  if (document.domain != domain) {
    refuse(MYCHAT_E_KEY_MISMATCH, who + " shows a node document of " + document.domain + ".");
  }
  if (const auto problem = problem_of(document)) {
    refuse(MYCHAT_E_MALFORMED, "The node document of " + who + " is refused: " + *problem + ".");
  }
  if (!is_api_url_of(document.api_url, domain, rules)) {
    refuse(MYCHAT_E_MALFORMED, "The federation address of " + who + " is not https or not of its domain.");
  }
  if (document.issued_at > now_ms + kClockSkewMs) {
    refuse(MYCHAT_E_STALE, "The node document of " + who + " is dated " + format_time(document.issued_at) +
                               ", which has not come yet: a clock is wrong.");
  }
  if (document.valid_until <= now_ms - kClockSkewMs) {
    refuse(MYCHAT_E_STALE,
           "The node document of " + who + " was valid until " + format_time(document.valid_until) + ".");
  }
  return result;
}

}  // namespace mychat::federation
