#include "services/session_cache.h"

#include <algorithm>

namespace mychat::server {

Caller SessionCache::find(const Sha256Digest& token, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(token);
  if (found == entries_.end()) return nullptr;
  if (found->second.caller->expires_at <= now) {
    entries_.erase(found);
    return nullptr;
  }
  found->second.used = now;
  found->second.fresh = true;
  return found->second.caller;
}

bool SessionCache::holds(const Sha256Digest& token, std::int64_t now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(token);
  return found != entries_.end() && found->second.caller->expires_at > now;
}

std::uint64_t SessionCache::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

void SessionCache::put(const Sha256Digest& token, const Caller& caller, std::int64_t now, std::uint64_t epoch,
                       bool use) {
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) return;
  if (entries_.size() >= kMaxEntries) entries_.erase(entries_.begin());
  entries_[token] = {caller, now, use};
}

void SessionCache::remove_if(const std::function<bool(const Principal&)>& gone) {
  const std::lock_guard lock(mutex_);
  ++epoch_;
  std::erase_if(entries_, [&](const auto& entry) { return gone(*entry.second.caller); });
}

void SessionCache::remove(const Sha256Digest& token) {
  const std::lock_guard lock(mutex_);
  ++epoch_;
  entries_.erase(token);
}

void SessionCache::clear() {
  const std::lock_guard lock(mutex_);
  ++epoch_;
  entries_.clear();
}

std::vector<Caller> SessionCache::callers() const {
  const std::lock_guard lock(mutex_);
  std::vector<Caller> all;
  all.reserve(entries_.size());
  for (const auto& [token, entry] : entries_) all.push_back(entry.caller);
  return all;
}

std::vector<std::pair<Caller, std::int64_t>> SessionCache::take_used() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<Caller, std::int64_t>> used;
  for (auto& [token, entry] : entries_) {
    if (std::exchange(entry.fresh, false)) used.emplace_back(entry.caller, entry.used);
  }
  return used;
}

}  // namespace mychat::server
