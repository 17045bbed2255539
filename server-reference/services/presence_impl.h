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
  std::map<std::uint64_t, LiveConnection> connections;
};
struct Typist {
  std::string handle;
  std::int64_t until = 0;
};
struct MayType {
  UserId peer = 0;  // 0: it may not know.
  std::int64_t until = 0;
};

struct Presence::Impl {
  explicit Impl(ServiceContext& chosen)
      : context(chosen), typing_limit(RateLimit{static_cast<int>(limits::kWsTypingPerMinute), 60'000}) {}

  static PresenceStatus status_of(const OnlineUser& user);
  void update(const Caller& caller, const std::function<void(OnlineUser&)>& change);
  void announce(UserId user, const std::string& handle);
  void look_up_and_forward(const Caller& caller, const std::string& peer_name, bool is_typing);
  void forward(const Principal& caller, UserId peer, bool is_typing, std::int64_t now);
  void expire(std::int64_t now);

  ServiceContext& context;
  RateLimiter typing_limit;
  std::mutex mutex;
  std::unordered_map<UserId, OnlineUser> users;
  std::map<std::pair<UserId, UserId>, Typist> typists;
  std::map<std::pair<UserId, std::string>, MayType> pairs;
};

}  // namespace mychat::server
