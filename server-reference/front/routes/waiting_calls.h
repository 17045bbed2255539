// Calls that are held until there is news, so that a node that stops can answer them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "front/routes/exchange.h"

namespace mychat::server {

class WaitingCalls {
 public:
  // False when the node stops: the call must not wait.
  bool add(const ExchangePtr& exchange);
  // Answers all with 503 and Retry-After.
  void release();

 private:
  std::mutex mutex_;
  bool released_ = false;
  std::size_t prune_at_ = 64;
  std::vector<std::weak_ptr<Exchange>> calls_;
};

}  // namespace mychat::server
