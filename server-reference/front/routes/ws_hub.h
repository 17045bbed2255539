// All WebSocket sessions: what is done for many at once, and their clock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "front/routes/context.h"
#include "front/routes/routes.h"
#include "front/routes/send_queue.h"
#include "front/websocket.h"

namespace mychat::server {

class WsSession;

class WsHub : public std::enable_shared_from_this<WsHub> {
 public:
  explicit WsHub(RouteContext& context) : context_(context) {}
  ~WsHub();

  void start();
  void stop();
  std::shared_ptr<WsPeer> make_session();
  WsStats stats() const;
  RouteContext& context() noexcept { return context_; }

  void opened(std::uint64_t id, const std::shared_ptr<WsSession>& session);
  void closed(std::uint64_t id, std::uint16_t code);

  // The session has results to send: with those of the same commit when a commit brings them, else at once.
  void results_ready(const std::shared_ptr<WsSession>& session);

  void send_started(std::size_t bytes);
  void sends_finished(SendQueue::Load finished);
  // True when the node as a whole has enough sends under way.
  bool crowded() const noexcept {
    return in_flight_ >= context_.config.ws.sends_in_all ||
           in_flight_bytes_ >= context_.config.ws.sends_bytes_in_all;
  }
  // The session paused its reading: it is asked to go on when there is room.
  void paused(const std::shared_ptr<WsSession>& session);

 private:
  void committed();        // On the writer's thread.
  void storage_changed();  // Likewise, before the items of that commit are announced.
  std::vector<std::shared_ptr<WsSession>> sessions() const;
  void wake_paused();
  void sweep_loop();
  void sweep(std::int64_t now_ms, bool touch);

  RouteContext& context_;
  std::atomic<std::size_t> in_flight_{0}, in_flight_bytes_{0};
  std::atomic<std::uint64_t> pauses_{0};
  std::atomic<std::size_t> behind_{0}, authenticated_{0};
  std::atomic<std::thread::id> writer_{};
  std::vector<std::shared_ptr<WsSession>> with_results_;  // Of the writer's thread.

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<WsSession>> sessions_;
  std::vector<std::weak_ptr<WsSession>> paused_;
  std::atomic<bool> any_paused_{false};

  std::mutex sweep_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread sweeper_;
};

}  // namespace mychat::server
