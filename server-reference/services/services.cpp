#include "services/services.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "services/auth_impl.h"
#include "services/context.h"
#include "services/mailbox_impl.h"
#include "services/presence_impl.h"

namespace mychat::server {
namespace {

constexpr std::size_t kLeastSecretKey = 32;
constexpr std::chrono::milliseconds kTick{500};
constexpr std::int64_t kLookForChangesMs = 2'000;

NodeConfig checked(NodeConfig config) {
  if (config.secret_key.size() < kLeastSecretKey) {
    throw Error(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_API, "SECRET_KEY must have at least 32 bytes.");
  }
  if (config.domain.empty()) throw_argument("DOMAIN must be set.");
  return config;
}

}  // namespace

struct Services::Impl {
  Impl(NodeConfig config, StorageOptions options, const Log& log, const Clock& clock)
      : context(checked(std::move(config)), std::move(options), log, clock),
        auth(context),
        directory(context),
        mailbox(context),
        presence(context),
        admin(context, auth),
        node_info(context),
        federation(context),
        federation_admin(context) {}

  ServiceContext context;
  Auth auth;
  Directory directory;
  Mailbox mailbox;
  Presence presence;
  Admin admin;
  NodeInfo node_info;
  Federation federation;
  FederationAdmin federation_admin;

  std::mutex hook_mutex;
  std::function<void()> commit_hook;
  std::function<void()> foreign_hook;
  std::int64_t looked_ms = 0;

  std::mutex tick_mutex;
  std::condition_variable tick_wake;
  bool stopping = false;
  bool stopped = false;
  std::thread ticker;
};

Services::Services(NodeConfig config, StorageOptions storage, const Log& log, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(storage), log, clock)) {
  Impl* impl = impl_.get();
  impl->mailbox.impl_->on_foreign = [impl] {
    impl->auth.impl_->look_for_ended_sessions();
    if (impl->context.config.federation_enabled && impl->context.config.housekeeping)
      impl->federation.look_for_commands();
    std::function<void()> hook;
    {
      const std::lock_guard lock(impl->hook_mutex);
      hook = impl->foreign_hook;
    }
    if (hook) hook();
  };
  impl->context.user_changed = [impl](const std::string& name) {
    impl->mailbox.impl_->writer.forget_user(name);
  };
  impl->context.storage.on_group([impl] {
    auto& news = impl->context.news;
    impl->context.bus.publish_items(news);
    news.clear();
    std::function<void()> hook;
    {
      const std::lock_guard lock(impl->hook_mutex);
      hook = impl->commit_hook;
    }
    if (hook) hook();
  });
  if (!impl->context.config.housekeeping) return;
  impl->auth.impl_->resume_erasures();
  if (&clock != &Clock::system()) return;
  impl->ticker = std::thread([this, impl] {
    std::unique_lock lock(impl->tick_mutex);
    while (!impl->tick_wake.wait_for(lock, kTick, [impl] { return impl->stopping; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  });
}

Services::~Services() { stop(); }

Auth& Services::auth() noexcept { return impl_->auth; }
Directory& Services::directory() noexcept { return impl_->directory; }
Mailbox& Services::mailbox() noexcept { return impl_->mailbox; }
Presence& Services::presence() noexcept { return impl_->presence; }
Admin& Services::admin() noexcept { return impl_->admin; }
NodeInfo& Services::node_info() noexcept { return impl_->node_info; }
Federation& Services::federation() noexcept { return impl_->federation; }
FederationAdmin& Services::federation_admin() noexcept { return impl_->federation_admin; }
Bus& Services::bus() noexcept { return impl_->context.bus; }
Storage& Services::storage() noexcept { return impl_->context.storage; }
WorkerPool& Services::workers() noexcept { return impl_->context.workers; }

void Services::on_commit(std::function<void()> hook) {
  const std::lock_guard lock(impl_->hook_mutex);
  impl_->commit_hook = std::move(hook);
}

void Services::on_foreign_change(std::function<void()> hook) {
  const std::lock_guard lock(impl_->hook_mutex);
  impl_->foreign_hook = std::move(hook);
}

bool Services::ready() const noexcept { return impl_->context.storage.healthy(); }

void Services::tick() {
  try {
    const std::int64_t now = impl_->context.clock.monotonic_ms();
    impl_->presence.impl_->expire(now);
    impl_->mailbox.impl_->expire_waiters(now, false);
    impl_->auth.impl_->write_used();
    if (impl_->mailbox.impl_->trim(impl_->context.clock.now_ms())) impl_->auth.impl_->resume_erasures();
    if (now - impl_->looked_ms >= kLookForChangesMs) {
      impl_->looked_ms = now;
      // Writes nothing, but makes the writer look whether an operator's command changed the database.
      impl_->context.write<Done>([](Change&) { return Done{}; }, nullptr);
    }
  } catch (const std::exception& error) {
    impl_->context.log.write(LogLevel::kWarning, "services", error.what());
  }
}

void Services::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  {
    const std::lock_guard lock(impl_->tick_mutex);
    impl_->stopping = true;
  }
  impl_->tick_wake.notify_all();
  if (impl_->ticker.joinable()) impl_->ticker.join();
  impl_->mailbox.impl_->expire_waiters(0, true);
  impl_->context.hashers.stop();
  impl_->context.workers.stop();
  impl_->auth.impl_->used_written_ms = INT64_MIN / 2;
  impl_->auth.impl_->write_used();
  impl_->context.storage.stop();
}

}  // namespace mychat::server
