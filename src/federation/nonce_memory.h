// Which signed requests were seen: a nonce is taken once. Bounded for each origin and in all; a flood of one
// origin pushes out nothing of another. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "crypto/mac.h"

namespace mychat::federation {

enum class NonceVerdict {
  kFresh,
  kReplayed,
  kTooOld,  // It may have been here and be forgotten: a clock was ahead and is right again.
  kFull,    // No room: the request is to be refused, and may be sent again later.
};

struct NonceLimits {
  std::size_t per_origin = 20'000;
  std::size_t in_all = 500'000;
};

class NonceMemory {
 public:
  // `began_ms`: of a clock that never goes back.
  explicit NonceMemory(std::int64_t began_ms, NonceLimits limits = {});

  // True for what was signed before the second in which this memory began: the process before this one may
  // have seen it. `now_ms` is of the clock that signatures go by, which may have been set meanwhile;
  // `running_ms` of the one that never goes back.
  bool too_old(std::int64_t created_s, std::int64_t now_ms, std::int64_t running_ms) const noexcept {
    return created_s < (now_ms - (running_ms - began_ms_)) / 1000;
  }
  // Only for signatures that verified. `forget_s`: when the signature is too old to be taken anyway.
  NonceVerdict accept(std::string_view origin, std::string_view nonce, std::int64_t forget_s,
                      std::int64_t now_s);
  std::size_t size() const;

 private:
  using Digest = std::array<std::uint8_t, 16>;
  struct HashDigest {
    std::size_t operator()(const Digest& digest) const noexcept;
  };
  struct Entry {
    std::int64_t forget_s;
    Digest digest;
  };
  struct Origin {
    std::vector<Entry> heap;  // The one that is forgotten first is at its front.
    std::unordered_set<Digest, HashDigest> seen;
  };
  Digest digest_of(std::string_view nonce) const;
  void forget(Origin& origin, std::int64_t now_s);
  void sweep(std::int64_t now_s);

  const std::int64_t began_ms_;
  const NonceLimits limits_;
  const HmacSha256 key_;  // Of this process: nobody outside can choose nonces that fall on one place.
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Origin> origins_;
  std::size_t size_ = 0;
  std::int64_t swept_s_ = 0;
  // The latest time that something forgotten was to be remembered until. What ends no later may be a replay.
  std::int64_t forgotten_s_ = INT64_MIN;
};

}  // namespace mychat::federation
