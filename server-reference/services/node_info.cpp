#include "services/node_info.h"

#include "mychat/version.h"
#include "services/context.h"

namespace mychat::server {
namespace {

constexpr std::int64_t kCountEveryMs = 5'000;

}  // namespace

NodeInfo::NodeInfo(ServiceContext& context) : context_(context), started_ms_(context.clock.monotonic_ms()) {}

wire::NodeInfo NodeInfo::facts() {
  const std::int64_t now = context_.clock.monotonic_ms();
  std::int64_t counted = counted_ms_;
  // One caller counts, the others take what is known.
  if ((counted < 0 || now - counted >= kCountEveryMs) && counted_ms_.compare_exchange_strong(counted, now)) {
    auto db = context_.storage.read();
    users_ = count_users(*db);
  }
  const NodeConfig& config = context_.config;
  wire::NodeInfo info;
  info.domain = config.domain;
  info.version = MYCHAT_VERSION_STRING;
  info.federation_enabled = config.federation_enabled;
  info.registration_open = config.registration_open;
  info.max_users = config.max_users;
  info.current_users = users_;
  info.uptime_seconds = (now - started_ms_) / 1000;
  for (const auto what :
       {wire::capability::kClientMessageId, wire::capability::kSignature, wire::capability::kSenderKey,
        wire::capability::kMailbox, wire::capability::kWsSend, wire::capability::kReceipts,
        wire::capability::kPresenceAway, wire::capability::kSessions, wire::capability::kSigningKeys,
        wire::capability::kKeyRotation, wire::capability::kInvites, wire::capability::kAccountDelete}) {
    info.capabilities.emplace_back(what);
  }
  info.limits.max_message_size = static_cast<std::int64_t>(config.max_message_size);
  info.limits.mailbox_retention_days = config.mailbox_retention_days;
  return info;
}

}  // namespace mychat::server
