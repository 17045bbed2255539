#include "front/routes/waiting_calls.h"

namespace mychat::server {

bool WaitingCalls::add(const ExchangePtr& exchange) {
  const std::lock_guard lock(mutex_);
  if (released_) return false;
  if (calls_.size() >= prune_at_) {
    std::erase_if(calls_, [](const auto& call) { return call.expired(); });
    prune_at_ = calls_.size() * 2 + 64;
  }
  calls_.push_back(exchange);
  return true;
}

void WaitingCalls::release() {
  std::vector<std::weak_ptr<Exchange>> calls;
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
    calls.swap(calls_);
  }
  for (const auto& call : calls)
    if (const auto exchange = call.lock()) exchange->fail(Failure{503, "The node is stopping.", 2});
}

}  // namespace mychat::server
