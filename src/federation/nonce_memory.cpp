#include "federation/nonce_memory.h"

#include <algorithm>
#include <cstring>

#include "crypto/random.h"

namespace mychat::federation {
namespace {

constexpr std::int64_t kSweepEverySeconds = 10;
constexpr std::size_t kKeyBytes = 32;

constexpr auto forgotten_later = [](const auto& a, const auto& b) { return a.forget_s > b.forget_s; };

}  // namespace

NonceMemory::NonceMemory(std::int64_t began_ms, NonceLimits limits)
    : began_ms_(began_ms), limits_(limits), key_(random_secret(kKeyBytes)) {}

// A digest is uniform already.
std::size_t NonceMemory::HashDigest::operator()(const Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

NonceMemory::Digest NonceMemory::digest_of(std::string_view nonce) const {
  const Sha256Digest whole = key_.compute(view(nonce));
  Digest digest;
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

void NonceMemory::forget(Origin& origin, std::int64_t now_s) {
  while (!origin.heap.empty() && origin.heap.front().forget_s < now_s) {
    std::pop_heap(origin.heap.begin(), origin.heap.end(), forgotten_later);
    forgotten_s_ = std::max(forgotten_s_, origin.heap.back().forget_s);
    origin.seen.erase(origin.heap.back().digest);
    origin.heap.pop_back();
    --size_;
  }
}

// Origins that fell silent.
void NonceMemory::sweep(std::int64_t now_s) {
  if (now_s >= swept_s_ && now_s - swept_s_ < kSweepEverySeconds) return;
  swept_s_ = now_s;
  for (auto origin = origins_.begin(); origin != origins_.end();) {
    forget(origin->second, now_s);
    origin = origin->second.heap.empty() ? origins_.erase(origin) : std::next(origin);
  }
}

NonceVerdict NonceMemory::accept(std::string_view origin, std::string_view nonce, std::int64_t forget_s,
                                 std::int64_t now_s) {
  const Digest digest = digest_of(nonce);
  const std::lock_guard lock(mutex_);
  sweep(now_s);
  const auto found = origins_.find(std::string(origin));
  if (found != origins_.end()) {
    forget(found->second, now_s);
    if (found->second.seen.contains(digest)) return NonceVerdict::kReplayed;
  }
  if (forget_s <= forgotten_s_) return NonceVerdict::kTooOld;
  if (found != origins_.end() && found->second.heap.size() >= limits_.per_origin) return NonceVerdict::kFull;
  if (size_ >= limits_.in_all) return NonceVerdict::kFull;
  Origin& known = found != origins_.end() ? found->second : origins_[std::string(origin)];
  known.heap.push_back({forget_s, digest});
  try {
    known.seen.insert(digest);
  } catch (...) {
    known.heap.pop_back();  // Without memory for both it is not taken, and comes again.
    throw;
  }
  std::push_heap(known.heap.begin(), known.heap.end(), forgotten_later);
  ++size_;
  return NonceVerdict::kFresh;
}

std::size_t NonceMemory::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace mychat::federation
