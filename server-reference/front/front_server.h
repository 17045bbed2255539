// The front of the node: HTTP/1.1 and WebSocket over TCP or TLS, one io_context a thread, every resource
// bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "front/http_types.h"
#include "front/websocket.h"

namespace mychat::server {

using std::chrono::milliseconds;

struct TlsConfig {
  std::string certificate_file;  // PEM, with its chain.
  std::string key_file;          // PEM, not encrypted.
};

struct WsLimits {
  std::size_t message_bytes = 16 * 1024 * 1024;  // 1009 beyond.
  std::size_t queue_bytes = 4 * 1024 * 1024;  // Outbound; one message is taken even when it alone is larger.
  std::size_t queue_frames = 8192;            // Outbound.
  milliseconds heartbeat{30'000};             // A ping each; cut when nothing came for two. 0: neither.
  milliseconds close_timeout{3'000};          // From our close frame to the end of the connection.
  bool permessage_deflate = false;            // Without context takeover on either side.
};

struct FrontConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: an ephemeral one; ask port().
  std::size_t threads = 1;
  std::optional<TlsConfig> tls;  // TLS 1.2 and 1.3.

  std::size_t max_header_bytes = 16 * 1024;  // Request line and headers; 431 beyond.
  std::size_t max_headers = 100;             // Fields; 431 beyond.
  std::size_t max_body_bytes = 1024 * 1024;  // 413 beyond; used when body_limit is empty.
  // The largest body for this request, of which the head is known; nothing: it is answered without its body,
  // which is not read, and the connection ends. Called on a network thread.
  std::function<std::optional<std::size_t>(const HttpRequest&)> body_limit;
  // Of bodies and messages under way over all connections, as far as they are large: 503 and 1013 beyond.
  std::size_t inbound_bytes = 256 * 1024 * 1024;

  milliseconds header_timeout{
      10'000};  // From the first byte of a request to the end of its headers; TLS handshake.
  milliseconds idle_timeout{75'000};     // Between requests, and before the first.
  milliseconds body_timeout{15'000};     // Grace for a body, to which min_body_rate adds.
  std::size_t min_body_rate = 4 * 1024;  // Bytes a second; a body slower than that beyond the grace: 408.
  milliseconds write_timeout{20'000};    // No byte taken by the peer for that long: cut.
  std::size_t min_write_rate = 1024;     // Bytes a second of a response, beyond write_timeout: cut.
  milliseconds linger_timeout{
      2'000};  // Discards what still comes after an error response, so that it is read.
  std::size_t max_connections = 20'000;    // 503 and closed beyond.
  std::size_t max_connections_per_ip = 0;  // 429 and closed beyond. 0: no limit (behind a reverse proxy).
  int backlog = 1024;
  milliseconds tick{500};  // How often deadlines are looked at: their precision.

  WsLimits ws;
};

struct FrontStats {
  std::uint64_t accepted = 0;        // Connections ever taken.
  std::uint64_t open = 0;            // Connections now.
  std::uint64_t websockets = 0;      // WebSocket connections now.
  std::uint64_t requests = 0;        // Complete HTTP requests handed to a handler (upgrades not counted).
  std::uint64_t bad_requests = 0;    // Refused by the front itself (4xx, 5xx before a handler).
  std::uint64_t ws_messages_in = 0;  // Text messages received.
  std::uint64_t ws_frames_out = 0;   // Frames queued, control frames included.
  std::uint64_t bytes_in = 0;        // Application bytes (inside TLS).
  std::uint64_t bytes_out = 0;
  std::uint64_t refused_limit = 0;     // Over max_connections or max_connections_per_ip.
  std::uint64_t accept_failures = 0;   // EMFILE and its like.
  std::uint64_t tls_failures = 0;      // Handshakes that failed.
  std::uint64_t cut_slow_headers = 0;  // Headers or TLS handshake too slow.
  std::uint64_t cut_slow_bodies = 0;
  std::uint64_t cut_slow_readers = 0;    // Responses not read, WebSocket queue over its bounds or not taken.
  std::uint64_t cut_heartbeat = 0;       // Nothing came for two heartbeats.
  std::uint64_t ws_protocol_errors = 0;  // Closed by us with 1002, 1003, 1007 or 1009.
};

class FrontServer {
 public:
  // `websockets`: path ("/ws") → factory. An upgrade elsewhere goes to the handler as an ordinary request.
  FrontServer(FrontConfig config, HttpHandler handler,
              std::map<std::string, WsFactory, std::less<>> websockets = {});
  ~FrontServer();  // stop()
  FrontServer(const FrontServer&) = delete;
  FrontServer& operator=(const FrontServer&) = delete;

  // Binds, then serves on its own threads. Throws mychat::Error (MYCHAT_E_NETWORK, MYCHAT_E_IO,
  // MYCHAT_E_TLS).
  void start();
  std::uint16_t port() const noexcept;  // The bound one.

  // Reads certificate and key again, for connections from now on. Throws and keeps the old ones when they do
  // not load.
  void reload_certificate();

  void stop_accepting();
  // Stops accepting, closes WebSockets with 1001 and idle connections, lets requests under way finish, waits
  // until all are gone or the time is over, then cuts the rest. True when none had to be cut. Not from a
  // network thread.
  bool drain(milliseconds deadline);
  // Cuts everything and joins the threads. Not from a network thread. Replies that come later are dropped.
  void stop();

  FrontStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
