// A run of numbers around a random start from which small factors were sieved out; for the .cpp files of this
// folder.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "crypto/rsa_numbers.h"

namespace mychat::detail {

// Candidates for a 2048-bit RSA prime: odd, at least sqrt(2) * 2^2047 (so that the product of two has 4096
// bits), not 1 modulo 65537, and without a prime factor below 2^18.
class PrimeWindow {
 public:
  PrimeWindow();
  // One that was not given yet, chosen at random; null when all were.
  Bignum next();

 private:
  using Offsets = std::vector<std::uint32_t, WipingAllocator<std::uint32_t>>;

  Bignum start_;
  Offsets survivors_;  // The candidates are start_ + 2 * offset.
};

}  // namespace mychat::detail
