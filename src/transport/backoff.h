// How long to wait before trying again: exponential, with full jitter, so that a node that comes back is not
// met by all of its clients at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace mychat {

struct BackoffPolicy {
  std::chrono::milliseconds base{500};        // The first delay is at most this.
  std::chrono::milliseconds cap{5 * 60'000};  // No delay of our own is longer.
  std::chrono::milliseconds floor{100};       // None is shorter: a jitter of 0 must not become a busy loop.
  std::chrono::milliseconds retry_after_cap{60 * 60'000};  // A node cannot silence us for longer than this.
};

class Backoff {
 public:
  // A number uniform in [0, bound]; injectable for tests. By default from OpenSSL's generator.
  using Random = std::function<std::uint64_t(std::uint64_t bound)>;

  explicit Backoff(BackoffPolicy policy = {}, Random random = {});

  // The delay before the next attempt, uniform in [floor, min(cap, base * 2^attempts)]; counts the attempt.
  // When the node gave a Retry-After, never earlier than that, and jitter comes on top of it.
  std::chrono::milliseconds next(std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
  // After a success.
  void reset() noexcept { attempts_ = 0; }
  std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  BackoffPolicy policy_;
  Random random_;
  std::uint32_t attempts_ = 0;
};

}  // namespace mychat
