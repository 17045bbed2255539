// GET /api/node/info: what a node is, can do and takes. Conventions: see auth.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "protocol/limits.h"

namespace mychat::wire {

namespace capability {
inline constexpr std::string_view kClientMessageId = "client_message_id";
inline constexpr std::string_view kSignature = "signature";
inline constexpr std::string_view kSenderKey = "sender_key";
inline constexpr std::string_view kMailbox = "mailbox";
inline constexpr std::string_view kWsSend = "ws_send";
inline constexpr std::string_view kReceipts = "receipts";
inline constexpr std::string_view kPresenceAway = "presence_away";
inline constexpr std::string_view kSessions = "sessions";
inline constexpr std::string_view kSigningKeys = "signing_keys";
inline constexpr std::string_view kKeyRotation = "key_rotation";
inline constexpr std::string_view kInvites = "invites";
inline constexpr std::string_view kAccountDelete = "account_delete";
}  // namespace capability

struct NodeLimits {
  std::int64_t max_message_size = limits::kMaxMessageSize;
  std::int64_t max_page = limits::kPageMax;
  std::int64_t mailbox_page = limits::kMailboxPageMax;
  std::int64_t mailbox_retention_days = limits::kMailboxRetentionDays;
  std::int64_t ws_window = limits::kWsWindow;
  std::int64_t ws_max_frame = limits::kWsMaxFrame;
  bool operator==(const NodeLimits&) const = default;
};

struct NodeInfo {
  std::string domain;
  std::string version;
  bool federation_enabled = false;
  bool registration_open = false;
  std::int64_t max_users = 0;
  std::int64_t current_users = 0;
  std::int64_t federated_nodes = 0;
  std::int64_t uptime_seconds = 0;
  std::vector<std::string> capabilities;  // None for a plain v1 node.
  NodeLimits limits;                      // The defaults for a plain v1 node.

  bool can(std::string_view what) const noexcept;
  static NodeInfo from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const NodeInfo&) const = default;
};

}  // namespace mychat::wire
