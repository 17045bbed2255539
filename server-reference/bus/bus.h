// News inside one node process: who is interested in a user hears of its mailbox, sessions, typing and
// presence.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/mailbox_item.h"

namespace mychat::server {

enum class PresenceStatus : std::uint8_t { kOffline = 0, kAway = 1, kOnline = 2 };
const char* to_string(PresenceStatus status) noexcept;

inline constexpr std::int64_t kNoSession = -1;

// Calls come from any thread, also several at once (but on_items of one user always in order of seq, from one
// thread): they must be cheap, must not block, throw, subscribe or unsubscribe.
class BusSubscriber {
 public:
  virtual ~BusSubscriber() = default;
  // Committed items of the user's mailbox, in order of seq.
  virtual void on_items(std::span<const MailboxItemPtr> items) = 0;
  virtual void on_typing(const std::string& user_handle, bool is_typing) = 0;
  virtual void on_presence(const std::string& user_handle, PresenceStatus status, std::int64_t last_seen) = 0;
  // The session with this id ended: its connections close with 4001. 0: all of the user; kNoSession: those
  // whose token names no session.
  virtual void on_session_revoked(std::int64_t session) = 0;
};

class Bus {
 public:
  // While it lives, the subscriber hears of the user. Safe to destroy on any thread, but not inside a
  // callback; a call under way may still end after it.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Bus* bus, std::int64_t user, std::uint64_t id) : bus_(bus), user_(user), id_(id) {}
    Subscription(Subscription&& other) noexcept { *this = std::move(other); }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription() { reset(); }
    void reset() noexcept;

   private:
    Bus* bus_ = nullptr;
    std::int64_t user_ = 0;
    std::uint64_t id_ = 0;
  };

  // The bus keeps the subscriber alive only during a call and must outlive the subscription. Items committed
  // after this call returns are announced.
  [[nodiscard]] Subscription subscribe(std::int64_t user, std::weak_ptr<BusSubscriber> subscriber);

  struct Announcement {
    std::int64_t user;
    MailboxItemPtr item;
  };
  // All items of one commit, in order of seq; each subscriber gets its own in one call.
  void publish_items(std::span<const Announcement> announcements);
  void publish_typing(std::int64_t to_user, const std::string& from_handle, bool is_typing);
  void publish_presence(std::int64_t to_user, const std::string& of_handle, PresenceStatus status,
                        std::int64_t last_seen);
  void publish_session_revoked(std::int64_t user, std::int64_t session);

  bool has_subscribers(std::int64_t user) const;
  std::size_t subscriptions() const;

 private:
  struct Entry {
    std::uint64_t id;
    std::weak_ptr<BusSubscriber> subscriber;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::int64_t, std::vector<Entry>> users;
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard(std::int64_t user) const { return shards_[static_cast<std::size_t>(user) % kShards]; }
  std::vector<std::shared_ptr<BusSubscriber>> subscribers(std::int64_t user) const;
  void unsubscribe(std::int64_t user, std::uint64_t id) noexcept;

  mutable std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> next_id_{1};
};

}  // namespace mychat::server
