// The synchronisation's end of a WebSocket: frames queue up between its thread and ours.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "client/sync.h"
#include "protocol/limits.h"

namespace mychat {

// The connection's end of the queue between its thread and ours.
class Sync::Channel final : public WebSocketListener {
 public:
  explicit Channel(Sync& sync) : sync_(sync), client_(sync.core_.transport, options(), *this) {}
  // The connection's thread may wait in on_text() for room; it must not when we leave. Some time for what is
  // queued, above all the last ack, and a short one for the close handshake, so that the node sees a proper
  // goodbye.
  ~Channel() override {
    {
      const std::lock_guard lock(sync_.mutex_);
      abandoned_ = true;
      sync_.changed_.notify_all();
    }
    try {
      client_.close(1000);
    } catch (...) {
      return;  // Then without a goodbye.
    }
    std::unique_lock lock(sync_.mutex_);
    const auto gone = [this] { return closed_.has_value() || !opened_; };
    for (int i = 0; i < 8 && (i == 0 || client_.queued_bytes() != 0); ++i)
      if (sync_.changed_.wait_for(lock, std::chrono::milliseconds(200), gone)) return;
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  static WebSocketOptions options() {
    WebSocketOptions options;
    options.max_message_bytes = limits::kWsMaxFrame * 4;  // A mailbox frame holds many items.
    return options;
  }

  void connect() { client_.connect(websocket_url(sync_.core_.node().base())); }
  void send(const wire::ClientFrame& frame) {
    std::string text;
    wire::print_client_frame(frame, text);
    const bool sent = client_.send_text(text);
    if (std::holds_alternative<wire::AuthFrame>(frame)) secure_wipe(text.data(), text.size());
    if (!sent) throw Error(MYCHAT_E_NETWORK, MYCHAT_DOMAIN_NETWORK, "The connection broke.", 0, true);
  }

  std::size_t queued_bytes() const { return client_.queued_bytes(); }

  // Under the mutex of Sync.
  bool opened() const { return opened_; }
  bool has_frames() const { return !frames_.empty(); }
  const std::optional<WebSocketClosed>& closed() const { return closed_; }
  std::string take_frame() {
    std::string frame = std::move(frames_.front());
    frames_.pop_front();
    queued_bytes_ -= frame.size();
    sync_.changed_.notify_all();
    return frame;
  }

  void on_open() override {
    const std::lock_guard lock(sync_.mutex_);
    opened_ = true;
    sync_.changed_.notify_all();
  }
  void on_text(std::string_view message) override {
    if (broken_) return;
    try {
      std::unique_lock lock(sync_.mutex_);
      // The node sends at most a window ahead, but that may be much: let the socket fill up instead of
      // memory.
      sync_.changed_.wait(lock,
                          [this] { return queued_bytes_ < kMaxQueuedBytes || abandoned_ || sync_.ending_; });
      frames_.emplace_back(message);
      queued_bytes_ += message.size();
      sync_.changed_.notify_all();
    } catch (...) {
      broken_ = true;       // Nothing may follow a frame that is lost.
      client_.close(1000);  // Out of memory: what was not stored comes again.
    }
  }
  void on_closed(const WebSocketClosed& closed) override {
    const std::lock_guard lock(sync_.mutex_);
    try {
      closed_.emplace(closed);
    } catch (const std::bad_alloc&) {
      // That it is closed must be known, if not why.
      closed_.emplace(WebSocketClosed{closed.code, {}, out_of_memory(), std::nullopt});
    }
    sync_.changed_.notify_all();
  }

 private:
  static constexpr std::size_t kMaxQueuedBytes = 64u * 1024 * 1024;  // Received and not yet processed.

  Sync& sync_;
  bool broken_ = false;  // Of the connection's thread alone.
  bool opened_ = false;
  bool abandoned_ = false;
  std::deque<std::string> frames_;
  std::size_t queued_bytes_ = 0;
  std::optional<WebSocketClosed> closed_;
  WebSocketClient client_;
};

}  // namespace mychat
