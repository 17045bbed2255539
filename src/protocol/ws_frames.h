// The JSON text frames of /ws, both directions. Client frames are read strictly, server frames leniently; see
// auth.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "protocol/json.h"
#include "protocol/mailbox.h"
#include "protocol/message.h"

namespace mychat::wire {

enum class Presence : std::uint8_t { kOnline, kAway, kOffline };
std::string_view to_string(Presence presence) noexcept;
std::optional<Presence> parse_presence(std::string_view text) noexcept;

namespace event {
inline constexpr std::string_view kMessage = "message";
inline constexpr std::string_view kTyping = "typing";
inline constexpr std::string_view kPresence = "presence";
}  // namespace event

// --- From the client

struct AuthFrame {
  Secret token;
  bool operator==(const AuthFrame&) const = default;
};
struct MailboxCursor {
  std::int64_t after = 0;
  std::optional<std::string> id;  // The mailbox that `after` belongs to.
  bool operator==(const MailboxCursor&) const = default;
};
struct SubscribeFrame {
  std::vector<std::string> events;  // Names that the node does not know are kept; it ignores them.
  std::optional<MailboxCursor> mailbox;
  bool operator==(const SubscribeFrame&) const = default;
};
struct TypingFrame {
  std::string conversation_handle;
  bool is_typing = false;
  bool operator==(const TypingFrame&) const = default;
};
struct PresenceFrame {
  Presence status = Presence::kOnline;  // Online or away.
  bool operator==(const PresenceFrame&) const = default;
};
struct PingFrame {
  bool operator==(const PingFrame&) const = default;
};
struct AckFrame {
  std::int64_t seq = 0;
  bool operator==(const AckFrame&) const = default;
};
struct SendFrame {
  SendMessageRequest message;  // With its id.
  bool operator==(const SendFrame&) const = default;
};
struct ReadFrame {
  std::vector<std::string> message_ids;
  bool operator==(const ReadFrame&) const = default;
};

using ClientFrame = std::variant<AuthFrame, SubscribeFrame, TypingFrame, PresenceFrame, PingFrame, AckFrame,
                                 SendFrame, ReadFrame>;

// Throws MYCHAT_E_MALFORMED (no JSON, no or an unknown type), MYCHAT_E_TOO_LARGE, or ValidationError. When
// `id` is given, it gets the id of a `send` frame even if the frame is refused, for the error frame.
ClientFrame parse_client_frame(std::string_view text, std::size_t max_content = limits::kMaxMessageSize,
                               std::optional<std::string>* id = nullptr);
// Appends the frame's text.
void print_client_frame(const ClientFrame& frame, std::string& out);

// --- From the server

struct AuthSuccessFrame {
  std::string user_id;
  bool operator==(const AuthSuccessFrame&) const = default;
};
struct SubscribedMailbox {
  std::string id;
  std::int64_t oldest = 0;
  std::int64_t last = 0;
  bool operator==(const SubscribedMailbox&) const = default;
};
struct SubscribedFrame {
  std::vector<std::string> events;
  std::optional<SubscribedMailbox> mailbox;
  bool operator==(const SubscribedFrame&) const = default;
};
struct MessageFrame {
  MessageOut message;
  bool operator==(const MessageFrame&) const = default;
};
struct PeerTypingFrame {
  std::string user_handle;
  bool is_typing = false;
  bool operator==(const PeerTypingFrame&) const = default;
};
struct PeerPresenceFrame {
  std::string user_handle;
  Presence status = Presence::kOffline;
  std::optional<std::int64_t> last_seen;
  bool operator==(const PeerPresenceFrame&) const = default;
};
struct PongFrame {
  bool operator==(const PongFrame&) const = default;
};
struct MailboxFrame {
  std::vector<MailboxItem> items;
  bool operator==(const MailboxFrame&) const = default;
};
struct SendError {
  int status = 0;  // As of HTTP.
  std::string detail;
  std::optional<std::int64_t> retry_after;  // Seconds.
  bool operator==(const SendError&) const = default;
};
struct SentResult {
  std::string id;
  std::int64_t created_at = 0;  // This and the status without an error.
  DeliveryStatus status = DeliveryStatus::kPending;
  std::optional<SendError> error;

  static SentResult from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const SentResult&) const = default;
};
struct SentFrame {
  std::vector<SentResult> results;
  bool operator==(const SentFrame&) const = default;
};
struct ErrorFrame {  // Also the v1 `auth_error`.
  std::string detail;
  int status = 0;  // 0 when the node gave none.
  std::optional<std::string> id;
  bool authentication = false;
  bool operator==(const ErrorFrame&) const = default;
};
struct UnknownFrame {  // Of a newer node: ignored.
  std::string type;
  bool operator==(const UnknownFrame&) const = default;
};

using ServerFrame =
    std::variant<AuthSuccessFrame, SubscribedFrame, MessageFrame, PeerTypingFrame, PeerPresenceFrame,
                 PongFrame, MailboxFrame, SentFrame, ErrorFrame, UnknownFrame>;

ServerFrame parse_server_frame(std::string_view text);
void print_server_frame(const ServerFrame& frame, std::string& out);

}  // namespace mychat::wire
