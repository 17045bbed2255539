// Internal to services/.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "services/mailbox.h"
#include "services/mailbox_writer.h"

namespace mychat::server {

struct PendingAck {
  std::int64_t seq = 0;
  std::int64_t previous = -1;  // Where the step before ended.
  std::vector<Callback<std::int64_t>> callbacks;
};

class PageWaiter;

struct Mailbox::Impl {
  explicit Impl(ServiceContext& chosen) : context(chosen), writer(chosen) {}

  template <class F>
  auto guarded(F&& change) {
    try {
      return change();
    } catch (const Refused&) {
      throw;  // Before anything was changed.
    } catch (...) {
      writer.forget();
      throw;
    }
  }
  void submit_ack(const Caller& caller, bool may_wait);
  PendingAck take_ack(UserId user);
  bool resume_ack(const Caller& caller, const PendingAck& rest);
  void forget();
  void remove_waiter(const std::shared_ptr<PageWaiter>& waiter);
  void expire_waiters(std::int64_t now, bool all);
  // Items older than the retention that were acknowledged, once an hour. True when it was time.
  bool trim(std::int64_t now);
  void trim_users(std::vector<UserId> users, std::size_t first, std::int64_t seq);

  ServiceContext& context;
  MailboxWriter writer;
  std::function<void()> on_foreign;  // Set before the storage is used.

  std::mutex ack_mutex;
  std::unordered_map<UserId, PendingAck> acks;

  std::mutex waiters_mutex;
  std::unordered_map<UserId, std::vector<std::shared_ptr<PageWaiter>>> waiters;
  std::size_t waiter_count = 0;
  std::int64_t trimmed_at = -1;
};

}  // namespace mychat::server
