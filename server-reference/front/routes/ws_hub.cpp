#include "front/routes/ws_hub.h"

#include <algorithm>
#include <chrono>

#include "front/routes/ws_session.h"

namespace mychat::server {

WsHub::~WsHub() { stop(); }

void WsHub::start() {
  context_.services.on_commit([weak = weak_from_this()] {
    if (const auto hub = weak.lock()) hub->committed();
  });
  context_.services.on_foreign_change([weak = weak_from_this()] {
    if (const auto hub = weak.lock()) hub->storage_changed();
  });
  sweeper_ = std::thread([this] { sweep_loop(); });
}

void WsHub::stop() {
  {
    const std::lock_guard lock(sweep_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (sweeper_.joinable()) sweeper_.join();
}

std::shared_ptr<WsPeer> WsHub::make_session() { return std::make_shared<WsSession>(shared_from_this()); }

WsStats WsHub::stats() const {
  WsStats stats;
  stats.sends_pending = in_flight_;
  stats.pauses = pauses_;
  stats.behind = behind_;
  stats.authenticated = authenticated_;
  const std::lock_guard lock(mutex_);
  stats.connections = sessions_.size();
  return stats;
}

void WsHub::opened(std::uint64_t id, const std::shared_ptr<WsSession>& session) {
  {
    const std::lock_guard lock(mutex_);
    sessions_[id] = session;
  }
  context_.observer.websocket_opened();
}

void WsHub::closed(std::uint64_t id, std::uint16_t code) {
  {
    const std::lock_guard lock(mutex_);
    sessions_.erase(id);
  }
  context_.observer.websocket_closed(code);
}

void WsHub::results_ready(const std::shared_ptr<WsSession>& session) {
  if (writer_.load(std::memory_order_relaxed) != std::this_thread::get_id()) return session->flush_results();
  if (session->mark_flush_due()) with_results_.push_back(session);
}

void WsHub::committed() {
  writer_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  std::vector<std::shared_ptr<WsSession>> due;
  due.swap(with_results_);
  for (const auto& session : due) session->flush_results();
  due.clear();
  with_results_.swap(due);  // Keeps the capacity.
  wake_paused();
}

void WsHub::send_started(std::size_t bytes) {
  ++in_flight_;
  in_flight_bytes_ += bytes;
}

void WsHub::sends_finished(SendQueue::Load finished) {
  in_flight_ -= finished.sends;
  in_flight_bytes_ -= finished.bytes;
}

void WsHub::paused(const std::shared_ptr<WsSession>& session) {
  ++pauses_;
  context_.observer.websocket_paused();
  {
    const std::lock_guard lock(mutex_);
    paused_.push_back(session);
    any_paused_ = true;
  }
  wake_paused();  // What it waits for may have finished in between.
}

void WsHub::wake_paused() {
  if (!any_paused_ || in_flight_ > context_.config.ws.sends_in_all / 2 ||
      in_flight_bytes_ > context_.config.ws.sends_bytes_in_all / 2)
    return;
  std::vector<std::weak_ptr<WsSession>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(paused_);
    any_paused_ = false;
  }
  std::vector<std::weak_ptr<WsSession>> again;
  for (const auto& weak : waiting)
    if (const auto session = weak.lock(); session && !session->try_resume()) again.push_back(weak);
  if (again.empty()) return;
  const std::lock_guard lock(mutex_);
  paused_.insert(paused_.end(), again.begin(), again.end());
  any_paused_ = true;
}

void WsHub::sweep_loop() {
  std::int64_t touched = 0;
  std::unique_lock lock(sweep_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::milliseconds(context_.config.ws.sweep_ms));
    if (stopping_) return;
    lock.unlock();
    const std::int64_t now = Clock::system().monotonic_ms();
    const bool touch = now - touched >= context_.config.ws.touch_ms;
    if (touch) touched = now;
    sweep(now, touch);
    lock.lock();
  }
}

std::vector<std::shared_ptr<WsSession>> WsHub::sessions() const {
  std::vector<std::shared_ptr<WsSession>> alive;
  const std::lock_guard lock(mutex_);
  alive.reserve(sessions_.size());
  for (const auto& [id, weak] : sessions_)
    if (auto session = weak.lock()) alive.push_back(std::move(session));
  return alive;
}

void WsHub::storage_changed() {
  for (const auto& session : sessions()) session->storage_changed();
}

void WsHub::sweep(std::int64_t now_ms, bool touch) {
  std::size_t behind = 0, authenticated = 0;
  const std::int64_t unix_ms = Clock::system().now_ms();
  for (const auto& session : sessions()) {
    const WsSession::Swept swept = session->sweep(now_ms, unix_ms, touch);
    behind += swept.behind ? 1 : 0;
    authenticated += swept.authenticated ? 1 : 0;
  }
  behind_ = behind;
  authenticated_ = authenticated;
  wake_paused();
}

}  // namespace mychat::server
