// What GET /api/node/info says of this node.
#pragma once

#include <atomic>
#include <cstdint>

#include "protocol/node_info.h"

namespace mychat::server {

class ServiceContext;

class NodeInfo {
 public:
  explicit NodeInfo(ServiceContext& context);
  wire::NodeInfo
  facts();  // From memory; counts users again at most every few seconds. May run on a network thread.

 private:
  ServiceContext& context_;
  std::int64_t started_ms_;
  std::atomic<std::int64_t> users_{0};
  std::atomic<std::int64_t> counted_ms_{-1};
};

}  // namespace mychat::server
