// WebSocket connections as the application sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "front/http_types.h"

namespace mychat::server {

class Connection;

// Close codes of RFC 6455, section 7.4.1, and its registry.
enum WsCloseCode : std::uint16_t {
  kWsNormal = 1000,
  kWsGoingAway = 1001,
  kWsProtocolError = 1002,
  kWsUnsupportedData = 1003,
  kWsNoStatus = 1005,  // Never sent: the peer's close frame had no code.
  kWsAbnormal = 1006,  // Never sent: the connection broke without a close frame.
  kWsInvalidPayload = 1007,
  kWsPolicyViolation = 1008,
  kWsTooBig = 1009,
  kWsInternalError = 1011,
  kWsTryAgainLater = 1013,
};

// A handle of one WebSocket connection: cheap to copy, safe from any thread, harmless once the connection is
// gone.
class WsConnection {
 public:
  WsConnection() = default;
  explicit WsConnection(std::shared_ptr<Connection> connection) noexcept;

  // Queues one text frame (UTF-8). Frames queued before the network thread turns go out in one system call.
  // False when the connection is closing or gone, or was just cut because its queue is full (1013, counted).
  bool send(std::shared_ptr<const std::string> text) const;
  bool send(std::string text) const;

  // Sends a close frame behind what is queued; on_close follows once. Further sends are refused. A code that
  // may not travel (1005, 1006, below 1000) becomes 1000; the reason is cut to 123 bytes.
  void close(std::uint16_t code, std::string_view reason = {}) const;

  // Stops and restarts the reading of this peer (back-pressure). While paused no on_text comes and the
  // heartbeat does not cut the peer. When called inside on_text, not even the next frame already received is
  // delivered.
  void pause_reading() const;
  void resume_reading() const;

  // The largest message taken from this peer from now on, at most WsLimits::message_bytes; 1009 beyond. Only
  // inside on_open and on_text.
  void set_message_limit(std::size_t bytes) const;

  std::size_t buffered_bytes() const noexcept;
  const std::string& remote_address() const noexcept;
  std::uint64_t id() const noexcept;
  explicit operator bool() const noexcept { return connection_ != nullptr; }

 private:
  std::shared_ptr<Connection> connection_;
};

// The application's side of one connection. Every call comes on that connection's network thread, so none may
// block and no two of one connection overlap. An exception from one closes the connection with 1011.
class WsPeer {
 public:
  virtual ~WsPeer() = default;
  virtual void on_open(WsConnection connection) = 0;
  // One whole message, valid UTF-8; the view is valid during the call.
  virtual void on_text(std::string_view text) = 0;
  // Last call, exactly once after on_open: the peer's close code, ours when we closed first, or 1006.
  virtual void on_close(std::uint16_t code) = 0;
};

// Called for an upgrade request that is otherwise in order. No peer: `refusal` is answered instead (403
// unless set).
using WsFactory = std::function<std::shared_ptr<WsPeer>(const HttpRequest& request, HttpResponse& refusal)>;

}  // namespace mychat::server
