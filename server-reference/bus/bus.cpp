#include "bus/bus.h"

#include <algorithm>
#include <utility>

namespace mychat::server {

const char* to_string(PresenceStatus status) noexcept {
  switch (status) {
    case PresenceStatus::kOffline:
      return "offline";
    case PresenceStatus::kAway:
      return "away";
    case PresenceStatus::kOnline:
      return "online";
  }
  return "offline";
}

Bus::Subscription& Bus::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  reset();
  bus_ = std::exchange(other.bus_, nullptr);
  user_ = other.user_;
  id_ = other.id_;
  return *this;
}

void Bus::Subscription::reset() noexcept {
  if (bus_ != nullptr) std::exchange(bus_, nullptr)->unsubscribe(user_, id_);
}

Bus::Subscription Bus::subscribe(std::int64_t user, std::weak_ptr<BusSubscriber> subscriber) {
  const std::uint64_t id = next_id_++;
  Shard& place = shard(user);
  const std::lock_guard lock(place.mutex);
  place.users[user].push_back({id, std::move(subscriber)});
  return {this, user, id};
}

void Bus::unsubscribe(std::int64_t user, std::uint64_t id) noexcept {
  Shard& place = shard(user);
  const std::lock_guard lock(place.mutex);
  const auto found = place.users.find(user);
  if (found == place.users.end()) return;
  std::erase_if(found->second, [id](const Entry& entry) { return entry.id == id; });
  if (found->second.empty()) place.users.erase(found);
}

// Copies, so that no lock is held during the calls.
std::vector<std::shared_ptr<BusSubscriber>> Bus::subscribers(std::int64_t user) const {
  std::vector<std::shared_ptr<BusSubscriber>> alive;
  Shard& place = shard(user);
  const std::lock_guard lock(place.mutex);
  const auto found = place.users.find(user);
  if (found == place.users.end()) return alive;
  for (const Entry& entry : found->second) {
    if (auto subscriber = entry.subscriber.lock()) alive.push_back(std::move(subscriber));
  }
  return alive;
}

void Bus::publish_items(std::span<const Announcement> announcements) {
  if (announcements.empty()) return;
  std::vector<Announcement> sorted(announcements.begin(), announcements.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.user < b.user; });
  std::vector<MailboxItemPtr> items;
  for (std::size_t first = 0; first < sorted.size();) {
    const std::int64_t user = sorted[first].user;
    std::size_t end = first;
    while (end < sorted.size() && sorted[end].user == user) ++end;
    const auto alive = subscribers(user);
    if (!alive.empty()) {
      items.clear();
      for (std::size_t i = first; i < end; ++i) items.push_back(std::move(sorted[i].item));
      for (const auto& subscriber : alive) subscriber->on_items(items);
    }
    first = end;
  }
}

void Bus::publish_typing(std::int64_t to_user, const std::string& from_handle, bool is_typing) {
  for (const auto& subscriber : subscribers(to_user)) subscriber->on_typing(from_handle, is_typing);
}

void Bus::publish_presence(std::int64_t to_user, const std::string& of_handle, PresenceStatus status,
                           std::int64_t last_seen) {
  for (const auto& subscriber : subscribers(to_user)) subscriber->on_presence(of_handle, status, last_seen);
}

void Bus::publish_session_revoked(std::int64_t user, std::int64_t session) {
  for (const auto& subscriber : subscribers(user)) subscriber->on_session_revoked(session);
}

bool Bus::has_subscribers(std::int64_t user) const {
  Shard& place = shard(user);
  const std::lock_guard lock(place.mutex);
  return place.users.contains(user);
}

std::size_t Bus::subscriptions() const {
  std::size_t count = 0;
  for (const Shard& place : shards_) {
    const std::lock_guard lock(place.mutex);
    for (const auto& [user, entries] : place.users) count += entries.size();
  }
  return count;
}

}  // namespace mychat::server
