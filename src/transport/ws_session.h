// The life of one WebSocket connection on its own thread: look-up, attempts, open, close.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "transport/lws_context.h"
#include "transport/tls.h"
#include "transport/websocket_client.h"

namespace mychat {

class WebSocketSession {
 public:
  WebSocketSession(TransportOptions transport, WebSocketOptions options, WebSocketListener& listener);
  ~WebSocketSession();
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;

  // Any thread; see WebSocketClient.
  void connect(const Url& url, std::vector<HttpHeader> headers);
  bool send_text(std::string_view message);
  void close(std::uint16_t code, std::string_view reason);
  std::size_t queued_bytes() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct CloseOrder {
    std::uint16_t code;
    std::string reason;
  };

  struct Alarm {
    lws_sorted_usec_list_t timer{};  // First, so that its address is the alarm's.
    lws_context* context = nullptr;
  };

  // The thread (ws_session.cpp).
  void run() noexcept;
  void connect_and_serve();
  std::vector<std::string> resolve();
  void open_any(const LwsContext& context, const std::vector<std::string>& addresses);
  void attempt(const LwsContext& context, const std::string& address, Time until);
  void serve(const LwsContext& context);
  void service(const LwsContext& context, Time until);
  void throw_if_interrupted();
  void check_heartbeat(Time now);
  Time next_deadline() const;
  [[noreturn]] void throw_attempt_failed();
  void throw_refused_upgrade();
  void end(std::uint16_t code, std::string reason, Error error);
  void wake_locked();
  void wipe_queue();
  void log(LogLevel level, std::string_view message) const {
    if (transport_.log) transport_.log->write(level, "websocket", message);
  }

  // What libwebsockets tells, on the same thread (ws_events.cpp).
  static int on_event(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size) noexcept;
  int handle(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size);
  int add_headers(unsigned char** at, std::size_t room);
  int on_established(lws* wsi);
  void on_attempt_failed(lws* wsi, const char* text, std::size_t size);
  int on_receive(lws* wsi, std::string_view bytes);
  int on_writable(lws* wsi);
  void on_peer_close(std::string_view payload);
  void on_gone();
  int refuse(lws* wsi, std::uint16_t code, Error error);
  static const lws_protocols kProtocols[];

  TransportOptions transport_;
  WebSocketOptions options_;
  WebSocketListener& listener_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool stop_ = false;
  bool resolved_ = false;
  bool accepting_ = false;
  std::optional<CloseOrder> close_order_;
  std::deque<Secret> queue_;  // LWS_PRE spare bytes, then the message.
  std::size_t queued_bytes_ = 0;
  lws_context* waking_ = nullptr;  // The context to wake, while there is one.

  // The thread's own from here on.
  Url url_;
  std::vector<HttpHeader> headers_;
  std::optional<TlsContext> tls_;
  lws* wsi_ = nullptr;
  bool over_ = false;  // Whatever libwebsockets still tells is of no interest.
  bool connected_ = false;
  bool open_ = false;
  bool attempt_failed_ = false;
  std::string attempt_text_;
  int http_status_ = 0;
  std::optional<std::chrono::milliseconds> retry_after_;
  Time connect_deadline_;
  Alarm alarm_;
  std::string message_;
  Time last_received_;
  std::optional<Time> ping_wanted_;
  bool ping_sent_ = false;
  std::optional<Time> close_deadline_;
  std::optional<CloseOrder> close_sent_;
  std::optional<WebSocketClosed> end_;  // The first cause counts.
  std::thread thread_;
};

}  // namespace mychat
