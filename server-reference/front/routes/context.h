// What every group of routes works with.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "front/routes/client_address.h"
#include "front/routes/exchange.h"
#include "front/routes/router.h"
#include "front/routes/waiting_calls.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "services/rate_limiter.h"
#include "services/services.h"

namespace mychat::server {

class Peering;

struct WsRoutesConfig {
  std::int64_t auth_timeout_ms = 10'000;
  std::size_t window = static_cast<std::size_t>(limits::kWsWindow);
  std::size_t frame_bytes = 256 * 1024;      // A frame of several items is closed at this size.
  std::size_t buffered_bytes = 1024 * 1024;  // Nothing is added to a connection that has this much to send.
  std::size_t sends_per_connection = 256;    // Under way; the connection is not read beyond.
  std::size_t sends_bytes_per_connection = 32 * 1024 * 1024;
  std::size_t sends_in_all = 8192;  // Under way over all connections; well below the writer's queue.
  std::size_t sends_bytes_in_all = 128 * 1024 * 1024;
  std::size_t bytes_before_auth = 8 * 1024;  // Of one frame.
  std::size_t reads_per_connection = 32;     // `read` frames under way.
  // Frames that cost the node much (subscribe, presence, read): so many seconds' worth at once, then
  // `costly_ms` for each (five times that for subscribe and presence); the connection is not read beyond.
  std::int64_t costly_burst_ms = 10'000;
  std::int64_t costly_ms = 50;
  std::size_t errors_per_minute = 30;  // 1008 beyond.
  std::int64_t sweep_ms = 500;
  std::int64_t touch_ms = 60'000;  // Well within the 300 s that presence lives.
};

struct RoutesConfig {
  std::string version;
  std::string domain;
  std::vector<std::string> cors_origins;
  std::vector<Network> trusted_proxies;
  bool share_peers = false;  // Nodes that ask hear which nodes this one speaks with.
  std::size_t max_message_size = limits::kMaxMessageSize;  // Decoded.
  std::int64_t requests_per_minute = 1200;                 // Without a session, of one address; 0: no limit.
  WsRoutesConfig ws;
};

struct RouteContext {
  RoutesConfig config;
  Services& services;
  Observer& observer;
  std::atomic<bool> stopping{false};  // /ready says so; everything is still served.
  std::atomic<bool> draining{false};
  WaitingCalls waiting;
  Peering* peering = nullptr;           // Null: this node does not federate.
  RateLimiter strangers{{60, 60'000}};  // Look-ups at nodes that are not known, of one address.
};

// The body as JSON; refusals are thrown and become 422, or 413 when it has too many bytes.
Json parse_body(const ExchangePtr& exchange, const JsonOptions& options);
// The same for bodies with a password: the text is wiped, the tree will be.
Json parse_secret_body(const ExchangePtr& exchange);

void add_auth_routes(Router& router, RouteContext& context);
void add_session_routes(Router& router, RouteContext& context);
void add_user_routes(Router& router, RouteContext& context);
void add_contact_routes(Router& router, RouteContext& context);
void add_message_routes(Router& router, RouteContext& context);
void add_mailbox_routes(Router& router, RouteContext& context);
void add_key_routes(Router& router, RouteContext& context);
void add_node_routes(Router& router, RouteContext& context);
void add_federation_routes(Router& router, RouteContext& context);

// Runs `then`, which answers, once the keys of a user of another node are known as well as they can be; a
// failure is the answer. For users of this node at once.
void with_remote_keys(RouteContext& context, const ExchangePtr& exchange, const std::string& handle,
                      std::function<void()> then);

}  // namespace mychat::server
