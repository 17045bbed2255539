#include "federation/nonce_memory.h"

#include <algorithm>
#include <cstring>

#include "crypto/hash.h"

namespace mychat::federation {
namespace {

constexpr std::int64_t kSweepEverySeconds = 10;

}  // namespace

NonceMemory::NonceMemory(std::int64_t began_s, NonceLimits limits) : began_s_(began_s), limits_(limits) {}

// A digest is uniform already.
std::size_t NonceMemory::HashDigest::operator()(const Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

void NonceMemory::forget(Origin& origin, std::int64_t now_s) {
  while (!origin.order.empty() && origin.order.front().forget_s < now_s) {
    origin.seen.erase(origin.order.front().digest);
    origin.order.pop_front();
    --size_;
  }
}

// Origins that fell silent.
void NonceMemory::sweep(std::int64_t now_s) {
  if (now_s - swept_s_ < kSweepEverySeconds) return;
  swept_s_ = now_s;
  for (auto origin = origins_.begin(); origin != origins_.end();) {
    forget(origin->second, now_s);
    origin = origin->second.order.empty() ? origins_.erase(origin) : std::next(origin);
  }
}

NonceVerdict NonceMemory::accept(std::string_view origin, std::string_view nonce, std::int64_t forget_s,
                                 std::int64_t now_s) {
  const Sha256Digest whole =
      sha256(ByteView(reinterpret_cast<const std::uint8_t*>(nonce.data()), nonce.size()));
  Digest digest;
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  const std::lock_guard lock(mutex_);
  sweep(now_s);
  const auto found = origins_.find(std::string(origin));
  if (found != origins_.end()) {
    forget(found->second, now_s);
    if (found->second.seen.contains(digest)) return NonceVerdict::kReplayed;
    if (found->second.order.size() >= limits_.per_origin) return NonceVerdict::kFull;
  }
  if (size_ >= limits_.in_all) return NonceVerdict::kFull;
  Origin& known = found != origins_.end() ? found->second : origins_[std::string(origin)];
  // Kept in the order they came, so one that ends earlier than its forerunner is remembered as long as that.
  if (!known.order.empty()) forget_s = std::max(forget_s, known.order.back().forget_s);
  known.seen.insert(digest);
  known.order.push_back({forget_s, digest});
  ++size_;
  return NonceVerdict::kFresh;
}

std::size_t NonceMemory::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace mychat::federation
