#include "services/rate_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace mychat::server {

int RateLimiter::take(const std::string& key, std::int64_t now_ms) {
  if (limit_.count <= 0) return 0;
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    if (counts_.size() >= max_keys_) make_room(now_ms);
    found = counts_.emplace(key, Count{now_ms, 0}).first;
  }
  Count& count = found->second;
  if (now_ms - count.window_start >= limit_.window_ms) count = {now_ms, 0};
  if (count.taken < limit_.count) {
    ++count.taken;
    return 0;
  }
  return static_cast<int>(
      std::max<std::int64_t>((count.window_start + limit_.window_ms - now_ms + 999) / 1000, 1));
}

// Half of the room is free afterwards, so that a flood of keys does not pay for a look at all of them each
// time. Those forgotten within their window are made up for by the other limits (the queue of hashes).
void RateLimiter::make_room(std::int64_t now_ms) {
  std::erase_if(counts_,
                [&](const auto& entry) { return now_ms - entry.second.window_start >= limit_.window_ms; });
  for (auto entry = counts_.begin(); counts_.size() > max_keys_ / 2;) entry = counts_.erase(entry);
}

std::size_t RateLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return counts_.size();
}

std::string rate_key_of_address(const std::string& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.find(':') == std::string::npos || inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
    return address;
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    char dotted[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, bytes.data() + kMapped.size(), dotted, sizeof dotted);
  }
  return hex_encode(ByteView(bytes.data(), 8));
}

}  // namespace mychat::server
