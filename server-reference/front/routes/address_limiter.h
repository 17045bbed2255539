// Requests a window from one address, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace mychat::server {

class AddressLimiter {
 public:
  // `limit` 0: none. When more than `capacity` addresses are active, the windows start anew.
  AddressLimiter(std::int64_t limit, std::int64_t window_ms, std::size_t capacity = 65'536)
      : limit_(limit), window_ms_(window_ms), capacity_(capacity) {}

  // 0 when the request may pass, else the seconds until one may again.
  int take(const std::string& key, std::int64_t now_ms);

 private:
  struct Count {
    std::int64_t window_start = 0;
    std::int64_t taken = 0;
  };
  const std::int64_t limit_, window_ms_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::unordered_map<std::string, Count> counts_;
};

}  // namespace mychat::server
