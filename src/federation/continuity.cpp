#include "federation/continuity.h"

#include <algorithm>

#include "base/error.h"
#include "federation/weak_key.h"

namespace mychat::federation {
namespace {

[[noreturn]] void refuse(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_FEDERATION, message);
}

// The document's own check has shown that its rotations form a chain that ends at its key. Whoever stole the
// pinned key can sign a rotation to one of their own, but not one that the announced key takes part in.
void check_handed_over(const PinnedNode& pinned, const NodeDocument& document) {
  bool elsewhere = false;
  for (const NodeKeyRotation& rotation : document.rotations) {
    if (rotation.from != pinned.key) continue;
    if (!pinned.next_key || rotation.to == *pinned.next_key) return;
    elsewhere = true;
  }
  if (elsewhere) {
    refuse(MYCHAT_E_KEY_CHANGED, pinned.domain + " announced " + node_key_id(*pinned.next_key) +
                                     " as its next key and now uses another one: traffic with it stops "
                                     "until the operator accepts the new key.");
  }
  refuse(MYCHAT_E_KEY_CHANGED, "The key of " + pinned.domain +
                                   " is another one, and the key known so far did not sign that: "
                                   "traffic with it stops until the operator accepts the new key.");
}

}  // namespace

Continuity check_continuity(const std::optional<PinnedNode>& pinned, const VerifiedDocument& document) {
  if (!pinned) return Continuity::kFirst;
  const NodeDocument& shown = document.content;
  const std::string who = pinned->domain;
  if (shown.domain != who)
    refuse(MYCHAT_E_KEY_MISMATCH, "The document is of " + shown.domain + ", not of " + who + ".");
  const bool same_key = shown.key == pinned->key;
  if (!same_key) check_handed_over(*pinned, shown);
  if (shown.sequence < pinned->sequence) {
    refuse(MYCHAT_E_STALE, "The document of " + who + " has the sequence number " +
                               std::to_string(shown.sequence) + ", but " + std::to_string(pinned->sequence) +
                               " was seen before.");
  }
  if (shown.sequence == pinned->sequence && document.digest != pinned->digest) {
    refuse(MYCHAT_E_STALE, "There are two documents of " + who + " with the sequence number " +
                               std::to_string(shown.sequence) + ".");
  }
  const auto best = std::max_element(shown.protocols.begin(), shown.protocols.end());
  if (*best < pinned->protocol) {
    refuse(MYCHAT_E_DOWNGRADE, who + " spoke protocol " + std::to_string(pinned->protocol) +
                                   " before, and now offers none as new.");
  }
  if (!same_key) return Continuity::kRotated;
  return shown.sequence == pinned->sequence ? Continuity::kSame : Continuity::kRenewed;
}

PinnedNode pin(const std::optional<PinnedNode>& pinned, const VerifiedDocument& document) {
  if (is_weak_key(document.content.key)) {
    refuse(MYCHAT_E_MALFORMED,
           "The key of " + document.content.domain + " is one that anybody can sign for; it is not kept.");
  }
  return {.domain = document.content.domain,
          .key = document.content.key,
          .sequence = document.content.sequence,
          .digest = document.digest,
          .protocol = pinned ? pinned->protocol : 0,
          .next_key = document.content.next_key};
}

void refuse_v1_of_pinned(const std::optional<PinnedNode>& pinned) {
  if (!pinned) return;
  refuse(MYCHAT_E_DOWNGRADE,
         pinned->domain + " has proven its key before, and now shows a document of protocol 1 without one.");
}

}  // namespace mychat::federation
