// What GET /api/node/info says of this node.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace mychat::server {

class ServiceContext;

struct NodeFacts {
  std::string domain;
  std::string version;
  bool federation_enabled = false;
  bool registration_open = false;
  std::int64_t max_users = 0;
  std::int64_t current_users = 0;
  std::int64_t federated_nodes = 0;
  std::int64_t uptime_seconds = 0;
  std::vector<std::string> capabilities;
  std::int64_t max_message_size = 0;
  int max_page = 100;
  int mailbox_page = 256;
  int mailbox_retention_days = 30;
};

class NodeInfo {
 public:
  explicit NodeInfo(ServiceContext& context);
  NodeFacts
  facts();  // From memory; counts users again at most every few seconds. May run on a network thread.

 private:
  ServiceContext& context_;
  std::int64_t started_ms_;
  std::atomic<std::int64_t> users_{0};
  std::atomic<std::int64_t> counted_ms_{-1};
};

}  // namespace mychat::server
