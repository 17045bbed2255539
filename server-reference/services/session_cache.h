// Who a token belongs to, remembered by the token's hash. Bounded; any thread. Internal to services/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crypto/hash.h"
#include "services/records.h"

namespace mychat::server {

class SessionCache {
 public:
  static constexpr std::size_t kMaxEntries = 20'000;

  // Notes the use when it is found.
  Caller find(const Sha256Digest& token, std::int64_t now);
  bool holds(const Sha256Digest& token, std::int64_t now) const;
  // To be taken before the database is read; put() then drops what was revoked in between.
  std::uint64_t epoch() const;
  void put(const Sha256Digest& token, const Caller& caller, std::int64_t now, std::uint64_t epoch, bool use);
  void remove_if(const std::function<bool(const Principal&)>& gone);
  void remove(const Sha256Digest& token);
  void clear();
  std::vector<Caller> callers() const;
  // Sessions used since the last call, with the time of use.
  std::vector<std::pair<Caller, std::int64_t>> take_used();

 private:
  struct Hash {
    std::size_t operator()(const Sha256Digest& digest) const noexcept {
      std::size_t value = 0;
      std::copy_n(digest.begin(), sizeof value, reinterpret_cast<std::uint8_t*>(&value));
      return value;
    }
  };
  struct Entry {
    Caller caller;
    std::int64_t used = 0;
    bool fresh = true;
  };
  mutable std::mutex mutex_;
  std::unordered_map<Sha256Digest, Entry, Hash> entries_;
  std::uint64_t epoch_ = 0;
};

}  // namespace mychat::server
