#include "front/front_server.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "front/io_thread.h"
#include "front/listener.h"
#include "front/transport.h"

namespace mychat::server {

class FrontServer::Impl {
 public:
  Impl(FrontConfig config, HttpHandler handler, std::map<std::string, WsFactory, std::less<>> websockets)
      : shared_(std::make_shared<FrontShared>()) {
    shared_->config = std::move(config);
    shared_->handler = std::move(handler);
    shared_->websockets = std::move(websockets);
    shared_->on_gone = [this](const std::string& remote_address) { gone(remote_address); };
    for (std::size_t i = 0; i < std::max<std::size_t>(1, shared_->config.threads); ++i)
      threads_.push_back(std::make_shared<IoThread>(shared_));
    listener_ = std::make_unique<Listener>(shared_, threads_);
  }

  ~Impl() { stop(); }

  void start() {
    if (started_) throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "The front was started before.");
    if (shared_->config.tls) reload_certificate();
    listener_->open();
    listener_->start();
    started_ = true;
    for (const auto& thread : threads_) running_.emplace_back([thread] { thread->run(); });
  }

  std::uint16_t port() const noexcept { return listener_->port(); }

  void reload_certificate() {
    if (!shared_->config.tls)
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "This listener has no TLS certificate.");
    listener_->set_tls(std::make_shared<const TlsContext>(*shared_->config.tls));
  }

  void stop_accepting() {
    if (started_) listener_->stop();
  }

  bool drain(milliseconds deadline) {
    if (!started_ || stopped_) return true;
    stop_accepting();
    for (const auto& thread : threads_) thread->begin_drain();
    std::unique_lock lock(mutex_);
    const bool all_gone = gone_.wait_for(lock, deadline, [this] { return open() == 0; });
    lock.unlock();
    if (!all_gone)
      for (const auto& thread : threads_) thread->cut_all();
    return all_gone;
  }

  void stop() {
    if (!started_ || stopped_) return;
    stopped_ = true;
    listener_->stop();
    for (const auto& thread : threads_) thread->close();
    for (auto& thread : running_) thread.join();
    // Handles that the application still holds must not keep the application alive.
    shared_->handler = nullptr;
    shared_->websockets.clear();
  }

  FrontStats stats() const {
    const auto sum = [this](Counter counter) {
      std::uint64_t total = 0;
      for (const auto& thread : threads_) total += thread->counted(counter);
      return total;
    };
    FrontStats stats;
    stats.accepted = listener_->accepted();
    stats.open = open();
    const std::uint64_t closed = sum(Counter::kWebsocketsClosed);
    stats.websockets = sum(Counter::kWebsocketsOpened) - closed;
    stats.requests = sum(Counter::kRequests);
    stats.bad_requests = sum(Counter::kBadRequests);
    stats.ws_messages_in = sum(Counter::kWsMessagesIn);
    stats.ws_frames_out = sum(Counter::kWsFramesOut);
    stats.bytes_in = sum(Counter::kBytesIn);
    stats.bytes_out = sum(Counter::kBytesOut);
    stats.refused_limit = listener_->refused();
    stats.accept_failures = listener_->failures();
    stats.tls_failures = sum(Counter::kTlsFailures);
    stats.cut_slow_headers = sum(Counter::kCutSlowHeaders);
    stats.cut_slow_bodies = sum(Counter::kCutSlowBodies);
    stats.cut_slow_readers = sum(Counter::kCutSlowReaders);
    stats.cut_heartbeat = sum(Counter::kCutHeartbeat);
    stats.ws_protocol_errors = sum(Counter::kWsProtocolErrors);
    return stats;
  }

 private:
  std::size_t open() const noexcept {
    std::size_t total = 0;
    for (const auto& thread : threads_) total += thread->connections();
    return total;
  }

  void gone(const std::string& remote_address) {
    listener_->gone(remote_address);
    // The lock makes sure that drain() is either waiting or has not looked yet.
    { const std::lock_guard lock(mutex_); }
    gone_.notify_all();
  }

  std::shared_ptr<FrontShared> shared_;
  std::vector<std::shared_ptr<IoThread>> threads_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::thread> running_;
  bool started_ = false;
  bool stopped_ = false;
  std::mutex mutex_;
  std::condition_variable gone_;
};

FrontServer::FrontServer(FrontConfig config, HttpHandler handler,
                         std::map<std::string, WsFactory, std::less<>> websockets)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handler), std::move(websockets))) {}
FrontServer::~FrontServer() = default;

void FrontServer::start() { impl_->start(); }
std::uint16_t FrontServer::port() const noexcept { return impl_->port(); }
void FrontServer::reload_certificate() { impl_->reload_certificate(); }
void FrontServer::stop_accepting() { impl_->stop_accepting(); }
bool FrontServer::drain(milliseconds deadline) { return impl_->drain(deadline); }
void FrontServer::stop() { impl_->stop(); }
FrontStats FrontServer::stats() const { return impl_->stats(); }

}  // namespace mychat::server
