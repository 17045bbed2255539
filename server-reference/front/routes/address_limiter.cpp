#include "front/routes/address_limiter.h"

namespace mychat::server {

int AddressLimiter::take(const std::string& key, std::int64_t now_ms) {
  if (limit_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    if (counts_.size() >= capacity_)
      std::erase_if(counts_,
                    [&](const auto& entry) { return now_ms - entry.second.window_start >= window_ms_; });
    if (counts_.size() >= capacity_) counts_.clear();
    found = counts_.emplace(key, Count{now_ms, 0}).first;
  }
  Count& count = found->second;
  if (now_ms - count.window_start >= window_ms_) count = {now_ms, 0};
  if (count.taken >= limit_) {
    const std::int64_t wait = window_ms_ - (now_ms - count.window_start);
    return static_cast<int>((wait + 999) / 1000);
  }
  ++count.taken;
  return 0;
}

}  // namespace mychat::server
