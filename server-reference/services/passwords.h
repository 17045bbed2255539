// Password hashes: Argon2id, and bcrypt of older deployments.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "crypto/kdf.h"

namespace mychat::server {

class Passwords {
 public:
  explicit Passwords(Argon2Params params);

  std::string hash(const Secret& password);
  // An empty hash (an unknown or deleted user) costs as much as a real one and never matches.
  bool verify(const std::string& hash, const Secret& password);
  bool needs_upgrade(const std::string& hash) const;
  std::uint64_t computations() const noexcept { return computations_; }

 private:
  const Argon2Params params_;
  const std::string dummy_;  // Of a random password that nobody has.
  std::atomic<std::uint64_t> computations_{0};
};

}  // namespace mychat::server
