// A whole node: storage, services, routes and front, started and stopped in the right order.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "app/config/config.h"
#include "app/runtime/logging.h"
#include "front/routes/context.h"
#include "peering/peer_http.h"

namespace mychat::server {

struct NodeOptions {
  WsRoutesConfig ws;
  std::chrono::milliseconds heartbeat{0};  // 0: the configured one.
};

// What the services take from the configuration; the operator's commands work with the same.
NodeConfig services_config(const Config& config);
// How other nodes are asked.
PeerHttpOptions peer_http_options(const Config& config);

class Node {
 public:
  Node(const Config& config, Logger& logger, NodeOptions options = {});
  ~Node();  // stop()
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opens the storage (and migrates it), binds and serves. Throws Error.
  void start();
  std::uint16_t port() const;
  std::uint16_t metrics_port() const;  // 0 when metrics are off.
  bool ready() const;

  // Throws and keeps the old certificate when the new one does not load.
  void reload_certificate();

  // /ready says 503; everything is served as before, so that a load balancer has the time to notice.
  void announce_stop();
  // /ready says 503, nothing is accepted, WebSockets close with 1001, requests under way finish. True when
  // none had to be cut at the deadline.
  bool drain(std::chrono::milliseconds deadline);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
