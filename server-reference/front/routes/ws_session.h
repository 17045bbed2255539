// One WebSocket: its frames (docs/protocol.md, section 4) and what the bus has for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "bus/bus.h"
#include "front/routes/mailbox_stream.h"
#include "front/routes/send_queue.h"
#include "front/websocket.h"
#include "protocol/ws_frames.h"

namespace mychat::server {

class WsHub;

inline constexpr std::uint16_t kWsUnauthorized = limits::kCloseUnauthorized;

class WsSession : public WsPeer, public BusSubscriber, public std::enable_shared_from_this<WsSession> {
 public:
  explicit WsSession(std::shared_ptr<WsHub> hub);

  // WsPeer: the connection's network thread.
  void on_open(WsConnection connection) override;
  void on_text(std::string_view text) override;
  void on_close(std::uint16_t code) override;

  // BusSubscriber: any thread.
  void on_items(std::span<const MailboxItemPtr> items) override;
  void on_typing(const std::string& user_handle, bool is_typing) override;
  void on_presence(const std::string& user_handle, PresenceStatus status, std::int64_t last_seen) override;
  void on_session_revoked(std::int64_t session) override;

  // For the hub.
  void storage_changed();
  void flush_results();
  bool mark_flush_due() { return !flush_due_.exchange(true); }
  bool try_resume();  // False when this connection itself has too much under way still.
  struct Swept {
    bool authenticated = false, behind = false;
  };
  Swept sweep(std::int64_t now_ms, std::int64_t unix_ms, bool touch);

 private:
  enum Event : unsigned { kMessages = 1, kTyping = 2, kPresence = 4 };

  // One for each kind of frame.
  void take(wire::AuthFrame frame);
  void take(wire::SubscribeFrame frame);
  void take(wire::TypingFrame frame);
  void take(wire::PresenceFrame frame);
  void take(wire::PingFrame frame);
  void take(wire::AckFrame frame);
  void take(wire::SendFrame frame);
  void take(wire::ReadFrame frame);

  void error(int status, std::string_view detail, const std::optional<std::string>& id = std::nullopt);
  void result_of(std::uint64_t place, const std::string& id, const Result<AcceptedMessage>& result);
  bool still_valid() const;
  void spend(std::int64_t cost_ms);
  bool spent() const;
  bool overloaded() const;
  void pause_if_overloaded();
  void send_v1(std::span<const MailboxItemPtr> items);

  std::shared_ptr<WsHub> hub_;
  RouteContext& context_;
  WsConnection connection_;
  std::int64_t opened_ms_ = 0;
  std::size_t frame_bytes_ = 0;  // Of the frame being taken.

  // Set once, by the auth frame, before `authenticated_`.
  Caller caller_;
  Secret token_;  // Looked at again each minute: sessions can end without this process being told.
  std::shared_ptr<MailboxStream> stream_;
  std::atomic<bool> authenticated_{false};
  std::atomic<unsigned> events_{0};
  Bus::Subscription subscription_;

  // When the costly frames so far are paid for, on the monotonic clock; 0: there were none.
  std::atomic<std::int64_t> paid_ms_{0};
  std::atomic<std::size_t> reads_{0};  // Under way.
  SendQueue sends_;
  std::mutex flush_mutex_;
  std::atomic<bool> flush_due_{false};
  bool in_accept_ = false;  // Results that come at once are sent when the frame is dealt with.

  std::int64_t errors_since_ms_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace mychat::server
