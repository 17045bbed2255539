#include "services/presence.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include "protocol/handle.h"
#include "protocol/limits.h"
#include "services/context.h"
#include "services/presence_impl.h"
#include "services/rate_limiter.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

constexpr std::size_t kMaxUsers = 200'000;
constexpr std::size_t kMaxConnectionsPerUser = 64;
constexpr std::size_t kMaxTyping = 50'000;
constexpr std::size_t kMaxPairs = 50'000;
constexpr std::int64_t kPairLifeMs = 60'000;
// Other nodes believe what they hear for kPresenceLifeMs.
constexpr std::int64_t kTellAgainMs = kPresenceLifeMs - 60'000;

}  // namespace

PresenceStatus Presence::Impl::status_of(const OnlineUser& user) {
  PresenceStatus best = PresenceStatus::kOffline;
  for (const auto& [id, connection] : user.connections) best = std::max(best, connection.status);
  return best;
}

// Under the mutex: changes the user, and tells afterwards when its status became another.
void Presence::Impl::update(const Caller& caller, const std::function<void(OnlineUser&)>& change) {
  PresenceStatus before = PresenceStatus::kOffline;
  PresenceStatus after = PresenceStatus::kOffline;
  {
    const std::lock_guard lock(mutex);
    const auto known = users.find(caller->user);
    if (known == users.end() && users.size() >= kMaxUsers) return;
    OnlineUser& user = users[caller->user];
    user.handle = caller->handle;
    before = status_of(user);
    change(user);
    after = status_of(user);
    if (user.connections.empty()) users.erase(caller->user);
  }
  if (before != after) announce(caller->user, caller->handle);
}

void Presence::Impl::announce(UserId user, const std::string& handle, bool news) {
  const std::int64_t seen = context.clock.now_ms();
  const bool posted = context.workers.post([this, user, handle, seen, news] {
    try {
      // What holds now, not when this was put into the queue: tasks of one user may overtake each other.
      PresenceStatus status = PresenceStatus::kOffline;
      {
        const std::lock_guard lock(mutex);
        if (const auto known = users.find(user); known != users.end()) {
          status = status_of(known->second);
          known->second.told = context.clock.monotonic_ms();
        }
      }
      if (tells_presence()) tell_nodes(user, handle, status, seen);
      if (!news) return;
      std::vector<std::int64_t> holders;
      {
        auto db = context.storage.read();
        holders = contact_holders(*db, user);
      }
      for (const UserId holder : holders) context.bus.publish_presence(holder, handle, status, seen);
    } catch (const std::exception& error) {
      context.log.write(LogLevel::kWarning, "presence", error.what());
    }
  });
  // Presence is a hint: when the node is too busy, it is left out.
  if (!posted) context.log.write(LogLevel::kDebug, "presence", "A change of presence was left out.");
}

Presence::Presence(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {}
Presence::~Presence() = default;

void Presence::connected(const Caller& caller, std::uint64_t connection) {
  const std::int64_t now = impl_->context.clock.monotonic_ms();
  impl_->update(caller, [&](OnlineUser& user) {
    if (user.connections.size() < kMaxConnectionsPerUser) {
      user.connections[connection] = {PresenceStatus::kOnline, now};
    }
  });
}

void Presence::set_status(const Caller& caller, std::uint64_t connection, PresenceStatus status) {
  const std::int64_t now = impl_->context.clock.monotonic_ms();
  impl_->update(caller, [&](OnlineUser& user) {
    if (status == PresenceStatus::kOffline) {
      user.connections.erase(connection);
    } else if (user.connections.size() < kMaxConnectionsPerUser || user.connections.contains(connection)) {
      user.connections[connection] = {status, now};
    }
  });
}

void Presence::still_there(const Caller& caller, std::uint64_t connection) {
  const std::int64_t now = impl_->context.clock.monotonic_ms();
  const std::lock_guard lock(impl_->mutex);
  const auto user = impl_->users.find(caller->user);
  if (user == impl_->users.end()) return;
  const auto known = user->second.connections.find(connection);
  if (known != user->second.connections.end()) known->second.seen = now;
}

void Presence::touch(const Caller& caller, std::uint64_t connection) {
  const std::int64_t now = impl_->context.clock.monotonic_ms();
  {
    const std::lock_guard lock(impl_->mutex);
    const auto user = impl_->users.find(caller->user);
    if (user != impl_->users.end()) {
      const auto known = user->second.connections.find(connection);
      if (known != user->second.connections.end()) {
        known->second.seen = now;
        return;
      }
    }
  }
  connected(caller, connection);  // It was silent for too long and is back.
}

void Presence::disconnected(const Caller& caller, std::uint64_t connection) {
  impl_->update(caller, [&](OnlineUser& user) { user.connections.erase(connection); });
}

PresenceStatus Presence::status(UserId user) const {
  const std::lock_guard lock(impl_->mutex);
  const auto known = impl_->users.find(user);
  if (known != impl_->users.end()) return Impl::status_of(known->second);
  const auto said = impl_->elsewhere.find(user);
  return said == impl_->elsewhere.end() ? PresenceStatus::kOffline : said->second.status;
}

std::size_t Presence::online_users() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->users.size();
}

void Presence::announce_contacts_to(const Caller& caller) {
  Impl* impl = impl_.get();
  const bool posted = impl->context.workers.post([this, impl, caller] {
    try {
      std::vector<ContactRow> contacts;
      {
        auto db = impl->context.storage.read();
        contacts = contacts_of(*db, caller->user);
      }
      const std::int64_t seen = impl->context.clock.now_ms();
      for (const ContactRow& contact : contacts) {
        if (contact.node != 0) {
          impl->context.hint(contact.node,
                             federation::PresenceQuestion{contact.contact_username, caller->handle});
        }
        const PresenceStatus known = status(contact.contact);
        if (known == PresenceStatus::kOffline) continue;
        impl->context.bus.publish_presence(caller->user, impl->context.handle_of(contact.contact_username),
                                           known, seen);
      }
    } catch (const std::exception& error) {
      impl->context.log.write(LogLevel::kWarning, "presence", error.what());
    }
  });
  if (!posted)
    impl->context.log.write(LogLevel::kDebug, "presence", "The presence of contacts was left out.");
}

void Presence::typing(const Caller& caller, std::string_view conversation_handle, bool is_typing) {
  const auto handle = Handle::parse(conversation_handle);
  if (!handle) return;
  const bool here = handle->domain == impl_->context.config.domain;
  if (!here && impl_->context.refusal_of_domain(handle->domain)) return;
  const std::string name = here ? handle->username : handle->to_string();
  const std::int64_t now = impl_->context.clock.monotonic_ms();
  if (impl_->typing_limit.take(std::to_string(caller->user), now) != 0) return;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto pair = impl_->pairs.find({caller->user, name});
    if (pair != impl_->pairs.end() && pair->second.until > now) {
      if (pair->second.peer.id != 0) impl_->forward(*caller, pair->second.peer, is_typing, now);
      return;
    }
  }
  impl_->look_up_and_forward(caller, name, is_typing);
}

void Presence::Impl::look_up_and_forward(const Caller& caller, const std::string& peer_name, bool is_typing) {
  const bool posted = context.workers.post([this, caller, peer_name, is_typing] {
    try {
      TypingPeer peer;
      {
        auto db = context.storage.read();
        const auto user = find_user(*db, peer_name);
        if (user && !user->deleted_at && user->id != caller->user &&
            (holds_contact(*db, user->id, caller->user) || find_conversation(*db, user->id, caller->user))) {
          peer = {user->id, user->node, user->username};
        }
      }
      const std::int64_t now = context.clock.monotonic_ms();
      const std::lock_guard lock(mutex);
      if (pairs.size() >= kMaxPairs) pairs.clear();
      pairs[{caller->user, peer_name}] = {peer, now + kPairLifeMs};
      if (peer.id != 0) forward(*caller, peer, is_typing, now);
    } catch (const std::exception& error) {
      context.log.write(LogLevel::kWarning, "presence", error.what());
    }
  });
  if (!posted) context.log.write(LogLevel::kDebug, "presence", "A typing notice was left out.");
}

// Under the mutex.
void Presence::Impl::forward(const Principal& caller, const TypingPeer& peer, bool is_typing,
                             std::int64_t now) {
  const std::pair key{caller.user, peer.id};
  if (!is_typing) {
    typists.erase(key);
  } else if (typists.size() < kMaxTyping || typists.contains(key)) {
    typists[key] = {caller.handle, peer, now + kTypingLifeMs};
  } else {
    return;  // Nobody would say that it ended.
  }
  publish_typing(caller.handle, peer, is_typing);
}

void Presence::Impl::publish_typing(const std::string& from, const TypingPeer& peer, bool is_typing) const {
  if (peer.node == 0) return context.bus.publish_typing(peer.id, from, is_typing);
  context.hint(peer.node, federation::TypingHint{from, peer.handle, is_typing});
}

void Presence::Impl::expire(std::int64_t now) {
  std::vector<std::pair<UserId, std::string>> silent;
  std::vector<std::pair<UserId, std::string>> changed_to_away;
  std::vector<std::pair<UserId, std::string>> told_long_ago;
  {
    const std::lock_guard lock(mutex);
    for (auto typist = typists.begin(); typist != typists.end();) {
      if (typist->second.until > now) {
        ++typist;
        continue;
      }
      publish_typing(typist->second.handle, typist->second.peer, false);
      typist = typists.erase(typist);
    }
    for (auto place = users.begin(); place != users.end();) {
      OnlineUser& user = place->second;
      const PresenceStatus before = status_of(user);
      std::erase_if(user.connections,
                    [&](const auto& one) { return one.second.seen + kPresenceLifeMs <= now; });
      const PresenceStatus after = status_of(user);
      if (after != before) {
        (after == PresenceStatus::kAway ? changed_to_away : silent).emplace_back(place->first, user.handle);
      } else if (now - user.told >= kTellAgainMs && tells_presence()) {
        user.told = now;
        told_long_ago.emplace_back(place->first, user.handle);
      }
      place = user.connections.empty() ? users.erase(place) : std::next(place);
    }
  }
  for (const auto& [user, handle] : changed_to_away) announce(user, handle);
  for (const auto& [user, handle] : silent) announce(user, handle);
  for (const auto& [user, handle] : told_long_ago) announce(user, handle, false);
  expire_elsewhere(now);
}

}  // namespace mychat::server
