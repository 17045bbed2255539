#include "services/rate_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace mychat::server {

int RateLimiter::take(const std::string& key, std::int64_t now_ms) {
  if (limit_.count <= 0) return 0;
  const std::lock_guard lock(mutex_);
  if (times_.size() >= max_keys_ && !times_.contains(key)) make_room(now_ms);
  auto& times = times_[key];
  while (!times.empty() && times.front() <= now_ms - limit_.window_ms) times.pop_front();
  if (times.size() < static_cast<std::size_t>(limit_.count)) {
    times.push_back(now_ms);
    return 0;
  }
  return static_cast<int>(
      std::max<std::int64_t>((times.front() + limit_.window_ms - now_ms + 999) / 1000, 1));
}

void RateLimiter::make_room(std::int64_t now_ms) {
  std::erase_if(times_, [&](const auto& entry) {
    return entry.second.empty() || entry.second.back() <= now_ms - limit_.window_ms;
  });
  // A flood of keys within one window: some are forgotten, which the other limits (queue of hashes) make up
  // for.
  while (times_.size() >= max_keys_) times_.erase(times_.begin());
}

std::size_t RateLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return times_.size();
}

std::string rate_key_of_address(const std::string& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.find(':') == std::string::npos || inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
    return address;
  return hex_encode(ByteView(bytes.data(), 8));
}

}  // namespace mychat::server
