// Prometheus metrics: counted as it happens, or read from the parts when they are scraped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/runtime/logging.h"
#include "front/front_server.h"
#include "front/routes/observer.h"
#include "front/routes/routes.h"
#include "peering/peering.h"
#include "storage/storage.h"

namespace mychat::server {

// What a scrape reads.
struct MetricsSnapshot {
  FrontStats front;
  WsStats ws;
  StorageStats storage;
  std::size_t worker_queue = 0;
  std::size_t online_users = 0;
  std::size_t bus_subscriptions = 0;
  std::uint64_t password_hashes = 0;
  std::int64_t users = 0;
  std::int64_t uptime_seconds = 0;
  std::uint64_t database_bytes = 0;
  std::optional<PeeringStats> peering;  // Of a node that federates.
  std::int64_t now_ms = 0;
  bool ready = false;
};

// Counts requests and writes the access log. Without metrics (off by default) only the log is written.
class NodeObserver : public Observer {
 public:
  NodeObserver(Logger& logger, bool metrics);
  ~NodeObserver() override;

  void request_done(const RequestRecord& record) override;
  void websocket_opened() override;
  void websocket_closed(std::uint16_t code) override;
  void websocket_paused() override;

  // The text format of Prometheus.
  std::string scrape(const MetricsSnapshot& snapshot) const;

 private:
  struct Counters;
  Logger& logger_;
  std::unique_ptr<Counters> counters_;
};

}  // namespace mychat::server
