// What nodes tell each other and may as well lose: who types, who is online. Never kept, never sent again
// (docs/federation.md, section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::federation {

inline constexpr std::size_t kHintsMax = 64;  // In one request.
inline constexpr JsonOptions kHintsJson{.max_bytes = 64 * 1024, .max_depth = 6, .max_nodes = 1024};

struct TypingHint {
  std::string sender_handle;  // Of the node that tells it.
  std::string recipient_handle;
  bool is_typing = false;
  bool operator==(const TypingHint&) const = default;
};
enum class HintedPresence { kOffline, kAway, kOnline };
struct PresenceHint {
  std::string handle;  // Of the node that tells it.
  HintedPresence status = HintedPresence::kOffline;
  std::int64_t last_seen = 0;
  bool operator==(const PresenceHint&) const = default;
};
// "How is `handle`?", for one user: answered with a PresenceHint, or not at all.
struct PresenceQuestion {
  std::string handle;
  std::string asker_handle;  // Of the node that asks.
  bool operator==(const PresenceQuestion&) const = default;
};
using Hint = std::variant<TypingHint, PresenceHint, PresenceQuestion>;

// {"hints": [{"type": "typing", "data": {...}}, ...]}. Hints that are malformed or of a type that is not
// known are left out: they are hints. Throws MYCHAT_E_MALFORMED for what is no list of at most kHintsMax.
std::vector<Hint> hints_from_json(JsonView json);
std::string hints_json(const std::vector<Hint>& hints);

}  // namespace mychat::federation
