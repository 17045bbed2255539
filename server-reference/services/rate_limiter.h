// At most so many events of one key within a window that begins with the first of them. Bounded memory; any
// thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "services/node_config.h"

namespace mychat::server {

class RateLimiter {
 public:
  explicit RateLimiter(RateLimit limit, std::size_t max_keys = 50'000) : limit_(limit), max_keys_(max_keys) {}

  // 0: taken and counted. Else the seconds until the next one may come; nothing is counted.
  int take(const std::string& key, std::int64_t now_ms);
  std::size_t keys() const;

 private:
  void make_room(std::int64_t now_ms);

  const RateLimit limit_;
  const std::size_t max_keys_;
  mutable std::mutex mutex_;
  struct Count {
    std::int64_t window_start = 0;
    int taken = 0;
  };
  std::unordered_map<std::string, Count> counts_;
};

// What one network subscriber has: an IPv4 address (also one mapped into IPv6), or the /64 of an IPv6
// address.
std::string rate_key_of_address(const std::string& address);

}  // namespace mychat::server
