// The node's REST and WebSocket interface: routes compose the services; services never call each other.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "front/routes/context.h"
#include "front/websocket.h"

namespace mychat::server {

struct WsStats {
  std::size_t connections = 0;
  std::size_t authenticated = 0;
  std::size_t behind = 0;         // Streams that wait for their client to acknowledge or read.
  std::size_t sends_pending = 0;  // Accepted from WebSockets, not committed yet.
  std::uint64_t pauses = 0;       // How often a sender was held back.
};

// Lives longer than the front and shorter than the services; services.stop() comes before its destruction.
class Routes {
 public:
  // `peering`: null when the node does not federate.
  Routes(RoutesConfig config, Services& services, Observer& observer, Peering* peering = nullptr);
  ~Routes();
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  void handle(HttpRequest&& request, Reply reply);
  std::shared_ptr<WsPeer> websocket(const HttpRequest& request, HttpResponse& refusal);
  // For FrontConfig::body_limit: without a valid session, a large body is not read.
  std::optional<std::size_t> body_limit(const HttpRequest& request) const;
  // From now on /ready is 503; everything is served as before.
  void announce_stop();
  // From now on /ready is 503, no WebSocket is taken and no call is held; those that are held are answered.
  void start_draining();
  WsStats ws_stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
