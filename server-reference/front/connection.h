// One client: an HTTP/1.1 session that may turn into a WebSocket. A coroutine reads; what is to be written
// waits in one queue that is flushed with as few system calls as possible.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "front/http_parser.h"
#include "front/io_thread.h"
#include "front/task.h"
#include "front/transport.h"
#include "front/websocket.h"
#include "front/ws_frames.h"

namespace mychat::server {

class Connection final : public std::enable_shared_from_this<Connection>, private WsSink {
 public:
  Connection(std::shared_ptr<IoThread> io, int descriptor, std::string remote_address,
             std::shared_ptr<const TlsContext> tls);
  ~Connection() override;

  // Any thread.
  bool send_text(std::shared_ptr<const std::string> text);
  void close_websocket(std::uint16_t code, std::string_view reason);
  void set_paused(bool paused);
  std::size_t buffered_bytes() const noexcept { return buffered_.load(std::memory_order_relaxed); }
  const std::string& remote_address() const noexcept { return remote_address_; }
  std::uint64_t id() const noexcept { return id_; }

  // The network thread.
  void start();
  void on_news();
  void sweep(std::int64_t now);
  void begin_drain();
  void set_message_limit(std::size_t bytes);
  void cut();

  std::size_t index = 0;              // In the thread's list; the thread's own.
  std::atomic<bool> has_news{false};  // The thread's own.

 private:
  enum Event : unsigned {
    kReadable = 1,
    kWritable = 2,
    kReply = 4,
    kDrained = 8,
    kTimeout = 16,
    kResumed = 32,
    kDraining = 64,
    kCut = 128,  // Sticky: everything ends.
  };
  // Suspends until one of the events came (kCut always counts) and gives those that did.
  struct Wait {
    Connection& connection;
    unsigned mask;
    bool await_ready() const noexcept { return (connection.events_ & mask) != 0; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept {
      connection.waiter_ = handle;
      connection.mask_ = mask;
    }
    unsigned await_resume() const noexcept {
      const unsigned got = connection.events_ & mask;
      connection.events_ &= ~got | kCut;
      return got;
    }
  };
  Wait wait(unsigned mask) noexcept { return {*this, mask | kCut}; }
  void signal(unsigned events);

  struct OutItem {
    std::shared_ptr<const std::string> data;
    WsFrameHeader header;
    std::size_t size() const noexcept { return header.size + (data ? data->size() : 0); }
  };
  enum class Fill { kData, kEnd, kTimeout, kDraining };
  enum class Outcome { kNext, kWebSocket, kEnd };

  // connection.cpp: the plumbing.
  DetachedTask run(std::shared_ptr<Connection> self);
  Task<bool> handshake();
  void arm_read();
  void arm_write();
  void on_writable();
  void flush();
  bool take_queued();
  bool drained() const noexcept { return writing_begin_ == writing_.size(); }
  std::size_t gather(std::span<iovec> pieces) const;
  void consume_written(std::size_t bytes);
  void queue_raw(std::string bytes);
  void set_deadline(milliseconds from_now);
  void clear_deadline() noexcept { deadline_ = 0; }
  void finish();

  // connection_http.cpp
  Task<bool> serve();
  Task<Outcome> serve_request();
  Task<bool> read_head(RequestReader& reader);
  Task<bool> read_body(RequestReader& reader, std::size_t limit);
  Task<Fill> fill(bool idle);
  Task<bool> respond(HttpResponse& response, bool keep_alive, bool http11, bool head_only);
  Task<bool> refuse(int status, const char* detail, bool http11);
  Task<bool> linger();
  Task<Outcome> dispatch(RequestReader& reader, bool whole);
  Task<Outcome> upgrade(RequestReader& reader, const WsFactory& factory);
  void call_handler(HttpRequest&& request);
  void complete(HttpRequest& request);
  void deliver(HttpResponse&& response);
  HttpResponse take_reply();
  std::string_view unread() const noexcept { return std::string_view(in_).substr(in_begin_); }
  void mark_read(std::size_t left) noexcept;
  std::optional<std::size_t> body_limit(const HttpRequest& request) const;
  bool keep_inbound(std::size_t bytes);

  // connection_ws.cpp
  struct WebSocket;
  Task<bool> serve_websocket();
  Task<bool> end_websocket();
  std::string accept_websocket(const HttpRequest& request, std::shared_ptr<WsPeer> peer);
  void open_websocket();
  bool read_websocket();
  bool read_leftover();
  bool feed_websocket(std::span<char> bytes, std::size_t& consumed);
  std::uint16_t final_close_code();
  bool on_message(std::string_view text) override;
  void on_ping(std::string_view payload) override;
  void on_pong() override {}
  void on_close_frame(std::uint16_t code) override;
  void queue_control(WsOpcode opcode, std::string payload);
  bool queue_locked(WsOpcode opcode, std::shared_ptr<const std::string> payload, bool compressed);
  void queue_close_locked(std::uint16_t code, std::string_view reason);
  void drop_unsent();
  void heartbeat(std::int64_t now);
  void websocket_news();

  const std::shared_ptr<IoThread> io_;
  const FrontConfig& config_;
  const std::string remote_address_;
  const std::uint64_t id_;
  std::shared_ptr<const TlsContext> tls_;
  Transport transport_;

  // The network thread's.
  std::coroutine_handle<> waiter_;
  unsigned mask_ = 0;
  unsigned events_ = 0;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool finished_ = false;
  bool in_handler_ = false;
  std::int64_t deadline_ = 0;        // Of the step under way; 0: none.
  std::int64_t write_deadline_ = 0;  // While the peer takes nothing; 0: it does.
  std::string in_;                   // Received and not yet read, from in_begin_ on.
  std::size_t in_begin_ = 0;
  std::size_t inbound_ = 0;  // Of this connection in FrontShared::inbound.
  std::vector<OutItem> writing_;
  std::size_t writing_begin_ = 0;
  std::size_t written_of_first_ = 0;
  std::size_t retry_bytes_ = 0;  // Of a TLS record that OpenSSL wants to see again.
  std::unique_ptr<WebSocket> websocket_;

  std::atomic<std::size_t> buffered_{0};
  std::atomic<bool> paused_{false};
  std::atomic<bool> closing_{false};  // Our close frame is queued.
  std::atomic<bool> deflate_{false};

  std::mutex mutex_;
  std::vector<OutItem> queued_;          // Guarded.
  std::size_t unsent_frames_ = 0;        // Guarded: queued_ and writing_ together.
  std::unique_ptr<HttpResponse> reply_;  // Guarded.
  bool open_for_frames_ = false;         // Guarded: a WebSocket that is not closing.
  bool overflowed_ = false;              // Guarded: cut because the queue was full.
  std::uint16_t own_close_code_ = 0;     // Guarded: of the close frame we queued.
};

}  // namespace mychat::server
