#include "transport/backoff.h"

#include <algorithm>

#include "crypto/random.h"

namespace mychat {

Backoff::Backoff(BackoffPolicy policy, Random random) : policy_(policy), random_(std::move(random)) {
  if (!random_) random_ = [](std::uint64_t bound) { return random_below(bound + 1); };
  policy_.floor = std::max(policy_.floor, std::chrono::milliseconds(1));
  policy_.base = std::max(policy_.base, policy_.floor);
  policy_.cap = std::max(policy_.cap, policy_.base);
}

std::chrono::milliseconds Backoff::next(std::optional<std::chrono::milliseconds> retry_after) {
  std::chrono::milliseconds ceiling = policy_.base;
  for (std::uint32_t i = 0; i < attempts_ && ceiling < policy_.cap; ++i)
    ceiling = std::min(ceiling * 2, policy_.cap);
  if (attempts_ < UINT32_MAX) ++attempts_;

  const auto span = static_cast<std::uint64_t>((ceiling - policy_.floor).count());
  const auto jitter = std::chrono::milliseconds(static_cast<std::int64_t>(std::min(random_(span), span)));
  if (!retry_after) return policy_.floor + jitter;
  const auto asked = std::clamp(*retry_after, std::chrono::milliseconds::zero(), policy_.retry_after_cap);
  return std::max(asked, policy_.floor) + jitter;
}

}  // namespace mychat
