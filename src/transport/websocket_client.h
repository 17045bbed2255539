// One WebSocket connection (RFC 6455), driven by a thread of its own over libwebsockets.
//
// Fork: as for HttpClient, a child process must neither use nor destroy its parent's client.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transport/http_client.h"
#include "transport/options.h"
#include "transport/url.h"

namespace mychat {

struct WebSocketOptions {
  std::size_t max_message_bytes = 16 * 1024 * 1024;  // A longer one closes the connection with 1009.
  std::size_t max_queued_bytes = 16 * 1024 * 1024;   // What send_text() holds that is not written yet.
  // After this long without a byte from the peer it is pinged, after twice as long it is given up.
  std::chrono::milliseconds heartbeat{30'000};
  std::chrono::milliseconds close_timeout{2'000};  // How long the peer may take to answer our close.
};

struct WebSocketClosed {
  // The peer's close code, or the code we closed with; 1005 when the peer gave none, 1006 when there was no
  // close handshake (RFC 6455, section 7.4.1).
  std::uint16_t code = 1006;
  std::string reason;  // The peer's, valid UTF-8.
  // Why. MYCHAT_OK: a close handshake was completed, whoever began it. A failed upgrade:
  // MYCHAT_E_UNAUTHORIZED (401), _FORBIDDEN (403), _UNSUPPORTED (404, 405, 426, 501), _RATE_LIMITED (429),
  // _NODE (5xx), _PROTOCOL (others) with the HTTP status as detail. Else MYCHAT_E_DNS, _TLS, _TIMEOUT,
  // _NETWORK, _PROTOCOL, _TOO_LARGE, _CLOSED (destroyed).
  Error error{MYCHAT_OK, MYCHAT_DOMAIN_NONE, ""};
  // What a node that refused the upgrade asked for.
  std::optional<std::chrono::milliseconds> retry_after;
};

// Called on the connection's thread, one at a time. They must not block for long and must not destroy the
// client; they may call send_text() and close().
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  virtual void on_open() = 0;
  virtual void on_text(std::string_view message) = 0;  // A whole message, valid UTF-8.
  // Exactly once after connect(), and nothing after it.
  virtual void on_closed(const WebSocketClosed& closed) = 0;
};

// One connection from its opening to its end; make another client to connect again.
class WebSocketClient {
 public:
  // The listener must outlive the client.
  WebSocketClient(TransportOptions transport, WebSocketOptions options, WebSocketListener& listener);
  // Without a close handshake (call close() and await on_closed() for one). Prompt in every state.
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  // Returns at once; once a client. Throws MYCHAT_E_INVALID_ARGUMENT, MYCHAT_E_PLAINTEXT_REFUSED, or
  // MYCHAT_E_INVALID_STATE when called again.
  void connect(const Url& url, std::vector<HttpHeader> headers = {});
  // From any thread. Queues a text message (UTF-8). False when the connection is not open; throws
  // MYCHAT_E_BUSY when the queue is full, MYCHAT_E_MALFORMED when it is not UTF-8. The client's copy is wiped
  // once it is written.
  bool send_text(std::string_view message);
  // From any thread: writes what is queued, then the close handshake with this code (1000 or 3000 to 4999).
  // Before the connection is open, it is given up (1006, MYCHAT_E_CANCELLED).
  void close(std::uint16_t code = 1000, std::string_view reason = {});
  // Bytes queued and not yet written.
  std::size_t queued_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat
