// Internal to services/.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "protocol/limits.h"
#include "services/context.h"
#include "services/presence.h"
#include "services/rate_limiter.h"

namespace mychat::server {

struct LiveConnection {
  PresenceStatus status = PresenceStatus::kOnline;
  std::int64_t seen = 0;
};
struct OnlineUser {
  std::string handle;
  std::int64_t told = 0;  // When other nodes were last told.
  std::map<std::uint64_t, LiveConnection> connections;
};
// Who hears of typing.
struct TypingPeer {
  UserId id = 0;       // 0: nobody may know.
  NodeId node = 0;     // Of another node's user.
  std::string handle;  // Likewise.
};
struct Typist {
  std::string handle;
  TypingPeer peer;
  std::int64_t until = 0;
};
struct MayType {
  TypingPeer peer;
  std::int64_t until = 0;
};

// What another node said of its user.
struct ElsewhereUser {
  std::string handle;
  PresenceStatus status = PresenceStatus::kOffline;
  std::int64_t last_seen = 0;
  std::int64_t until = 0;  // Then it is no longer believed.
};

struct Presence::Impl {
  explicit Impl(ServiceContext& chosen)
      : context(chosen),
        typing_limit(RateLimit{static_cast<int>(limits::kWsTypingPerMinute), 60'000}),
        elsewhere_limit(RateLimit{kElsewherePerMinute, 60'000}) {}

  static constexpr int kElsewherePerMinute = 30;  // Of one user of another node.

  static PresenceStatus status_of(const OnlineUser& user);
  void update(const Caller& caller, const std::function<void(OnlineUser&)>& change);
  // `news`: it changed, so those who hold it as a contact here hear of it too.
  void announce(UserId user, const std::string& handle, bool news = true);
  void tell_nodes(UserId user, const std::string& handle, PresenceStatus status, std::int64_t seen);
  void look_up_and_forward(const Caller& caller, const std::string& peer_name, bool is_typing);
  void forward(const Principal& caller, const TypingPeer& peer, bool is_typing, std::int64_t now);
  void publish_typing(const std::string& from, const TypingPeer& peer, bool is_typing) const;
  // Of other nodes; on a worker.
  void hear(NodeId node, const std::string& domain, const federation::TypingHint& hint);
  void hear(NodeId node, const std::string& domain, const federation::PresenceHint& hint);
  void hear(NodeId node, const std::string& domain, const federation::PresenceQuestion& question);
  void expire_elsewhere(std::int64_t now);
  bool tells_presence() const {
    return context.config.federation_enabled && context.config.federation_presence;
  }
  void expire(std::int64_t now);

  ServiceContext& context;
  RateLimiter typing_limit;
  RateLimiter elsewhere_limit;
  std::mutex mutex;
  std::unordered_map<UserId, OnlineUser> users;
  std::map<std::pair<UserId, UserId>, Typist> typists;
  std::map<std::pair<UserId, std::string>, MayType> pairs;
  std::unordered_map<UserId, ElsewhereUser> elsewhere;
};

}  // namespace mychat::server
