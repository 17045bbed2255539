// Generation of RSA-4096 keys, the two primes searched in parallel
// (docs/adr/0002-parallel-rsa-key-generation.md).
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "crypto/rsa.h"

namespace mychat {

enum class KeygenPhase {
  kSearching,  // Looking for primes.
  kChecking,   // Both are found; the key is assembled and checked.
  kDone,
};

struct KeygenProgress {
  KeygenPhase phase = KeygenPhase::kSearching;
  unsigned primes_found = 0;     // 0 to 2.
  std::uint64_t candidates = 0;  // Candidates that survived the sieve and were tested so far, by all threads.
};

// Called on the thread that called generate_rsa_4096, a few times a second at least. Exceptions from it end
// the generation and reach the caller.
using KeygenProgressFunction = std::function<void(const KeygenProgress&)>;

// A fresh key. Takes about a second; uses the calling thread and one more. Throws MYCHAT_E_CANCELLED within
// some 50 ms after a stop is requested.
RsaPrivateKey generate_rsa_4096(std::stop_token stop = {}, const KeygenProgressFunction& progress = {});

}  // namespace mychat
