// What the services share beside the wire types (src/protocol).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/message.h"

namespace mychat::server {

using UserId = std::int64_t;     // Row in this node's storage; never leaves it.
using SessionId = std::int64_t;  // Likewise.

// Who makes a call: the answer of Auth::authenticate().
struct Principal {
  UserId user = 0;
  SessionId session = 0;  // 0: a v1 token without `sid`.
  std::string user_uuid;
  std::string session_uuid;  // Empty for a v1 token.
  std::string username;
  std::string handle;
  std::int64_t expires_at = 0;        // Of the token, Unix ms.
  std::int64_t authenticated_at = 0;  // When the session logged in with the password; 0 for a v1 token.
  bool admin = false;
  std::array<std::uint8_t, 32> token_hash{};  // SHA-256.
};
using Caller = std::shared_ptr<const Principal>;

// Whether the end of `ended`, as the bus tells of it, is the end of this caller too: 0 is all sessions of the
// user, -1 (kNoSession) those of tokens without one.
inline bool concerns(const Principal& caller, SessionId ended) noexcept {
  return ended == 0 || ended == (caller.session != 0 ? caller.session : -1);
}

struct AcceptedMessage {
  std::int64_t seq = 0;                             // In the mailboxes of both sides.
  std::shared_ptr<const wire::MessageOut> message;  // As its sender sees it.
  bool repeated = false;                            // The id was known: this is the first answer again.
};

// For the operator.
struct UserView {
  UserId user = 0;
  std::string id;
  std::string username;
  std::string full_handle;
  std::string public_key_fingerprint;
  std::optional<std::string> email;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_seen;
  bool disabled = false;
  bool admin = false;
};

}  // namespace mychat::server
