// Mailbox pages that wait for an item, and the trimming of old ones.
#include <algorithm>
#include <atomic>

#include "protocol/limits.h"
#include "services/mailbox_impl.h"

namespace mychat::server {
namespace {

constexpr std::size_t kWaitersPerUser = 16;
constexpr std::size_t kWaiters = 20'000;
constexpr std::int64_t kTrimEveryMs = 3'600'000;
constexpr std::size_t kTrimStep = 50;

}  // namespace

class PageWaiter final : public BusSubscriber, public std::enable_shared_from_this<PageWaiter> {
 public:
  PageWaiter(Mailbox& mailbox, ServiceContext& context, Caller caller, std::int64_t after, int limit,
             std::int64_t deadline, Callback<MailboxPage> done)
      : mailbox_(mailbox),
        context_(context),
        caller_(std::move(caller)),
        after_(after),
        limit_(limit),
        deadline_(deadline),
        done_(std::move(done)) {}

  // Reads on a worker; answers when there is something, or `last` is set.
  void look(bool last) {
    const bool posted = context_.workers.post([self = shared_from_this(), last] {
      try {
        MailboxPage page = self->mailbox_.page(self->caller_, self->after_, self->limit_);
        if (last || !page.items.empty()) self->answer(std::move(page));
      } catch (const std::exception& error) {
        self->answer(to_failure(error));
      }
    });
    if (!posted) answer(busy());
  }
  void answer(Result<MailboxPage> result) {
    if (answered_.exchange(true)) return;
    done_(std::move(result));
    done_ = nullptr;
  }
  bool answered() const noexcept { return answered_; }
  std::int64_t deadline() const noexcept { return deadline_; }
  UserId user() const noexcept { return caller_->user; }
  SessionId session() const noexcept { return caller_->session; }

  void on_items(std::span<const MailboxItemPtr> /*items*/) override { look(false); }
  void on_typing(const std::string& /*handle*/, bool /*is_typing*/) override {}
  void on_presence(const std::string& /*handle*/, PresenceStatus /*status*/, std::int64_t /*seen*/) override {
  }
  void on_session_revoked(std::int64_t session) override {
    if (concerns(*caller_, session)) answer(Failure{401, "The session has ended.", 0});
  }

  Bus::Subscription subscription;

 private:
  Mailbox& mailbox_;
  ServiceContext& context_;
  const Caller caller_;
  const std::int64_t after_;
  const int limit_;
  const std::int64_t deadline_;
  Callback<MailboxPage> done_;
  std::atomic<bool> answered_{false};
};

void Mailbox::wait_page(const Caller& caller, std::int64_t after, int limit, std::int64_t wait_ms,
                        Callback<MailboxPage> done) {
  ServiceContext& context = impl_->context;
  wait_ms = std::clamp<std::int64_t>(wait_ms, 0, limits::kMailboxWaitMax * 1000);
  auto waiter = std::make_shared<PageWaiter>(*this, context, caller, after, limit,
                                             context.clock.monotonic_ms() + wait_ms, std::move(done));
  if (wait_ms > 0) {
    const std::lock_guard lock(impl_->waiters_mutex);
    auto& own = impl_->waiters[caller->user];
    impl_->waiter_count -= std::erase_if(own, [](const auto& one) { return one->answered(); });
    if (own.size() >= kWaitersPerUser || impl_->waiter_count >= kWaiters) {
      waiter->answer(Failure{429, "Too many calls wait for this mailbox.", 1});
      return;
    }
    own.push_back(waiter);
    ++impl_->waiter_count;
    waiter->subscription = context.bus.subscribe(caller->user, waiter);
  }
  waiter->look(wait_ms == 0);  // After the subscription: what comes in between is heard of.
}

void Mailbox::Impl::expire_waiters(std::int64_t now, bool all) {
  std::vector<std::shared_ptr<PageWaiter>> gone;
  std::vector<std::shared_ptr<PageWaiter>> due;
  {
    const std::lock_guard lock(waiters_mutex);
    for (auto place = waiters.begin(); place != waiters.end();) {
      std::erase_if(place->second, [&](const auto& one) {
        const bool over = all || one->deadline() <= now;
        if (one->answered()) {
          gone.push_back(one);
        } else if (over) {
          due.push_back(one);
        } else {
          return false;
        }
        --waiter_count;
        return true;
      });
      place = place->second.empty() ? waiters.erase(place) : std::next(place);
    }
  }
  for (const auto& waiter : due) {
    waiter->subscription.reset();
    waiter->look(true);
  }
  for (const auto& waiter : gone) waiter->subscription.reset();
}

bool Mailbox::Impl::trim(std::int64_t now) {
  if (trimmed_at >= 0 && now - trimmed_at < kTrimEveryMs) return false;
  trimmed_at = now;
  const std::int64_t border = now - context.config.mailbox_retention_days * 86'400'000LL;
  std::vector<UserId> users;
  std::int64_t seq = 0;
  {
    auto db = context.storage.read();
    seq = first_seq_at(*db, border) - 1;
    auto query = db->query("SELECT user FROM mailboxes WHERE trimmed < min(acked, ?)", seq);
    while (query.step()) users.push_back(query.integer(0));
  }
  if (seq > 0 && !users.empty()) trim_users(std::move(users), 0, seq);
  context.write<Done>(
      [](Change& change) {
        change.db.run("DELETE FROM sessions WHERE expires_at < ?", change.now);
        change.db.run("DELETE FROM revoked_tokens WHERE expires_at < ?", change.now);
        change.db.run("DELETE FROM invites WHERE expires_at < ?",
                      std::int64_t{change.now - 30 * std::int64_t{86'400'000}});
        return Done{};
      },
      nullptr);
  return true;
}

// Some users at a time: others write in between.
void Mailbox::Impl::trim_users(std::vector<UserId> users, std::size_t first, std::int64_t seq) {
  const std::size_t end = std::min(first + kTrimStep, users.size());
  auto all = std::make_shared<std::vector<UserId>>(std::move(users));
  context.write<Done>(
      [all, first, end, seq](Change& change) {
        for (std::size_t i = first; i < end; ++i) {
          change.db.run("UPDATE mailboxes SET trimmed = min(acked, ?1), updated_at = ?2 WHERE user = ?3", seq,
                        change.now, (*all)[i]);
          change.db.run(
              "DELETE FROM mailbox_events WHERE user = ?1 AND seq <= "
              "(SELECT trimmed FROM mailboxes WHERE user = ?1)",
              (*all)[i]);
        }
        return Done{};
      },
      [this, all, end, seq](const Result<Done>& done) {
        if (done && end < all->size()) trim_users(std::move(*all), end, seq);
      });
}

}  // namespace mychat::server
