// Randomness, from OpenSSL's generators only. A failure throws MYCHAT_E_RANDOM; nothing weaker is ever used
// instead. Every function may be called from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace mychat {

// For values that others may see: nonces, salts, ids.
void random_bytes(MutableBytes out);

template <std::size_t N>
std::array<std::uint8_t, N> random_array() {
  std::array<std::uint8_t, N> out;
  random_bytes(out);
  return out;
}

// For keys, tokens and passwords: from the generator whose output is never published.
void random_secret_bytes(MutableBytes out);
Secret random_secret(std::size_t size);

// Where randomness comes from: random_secret_bytes, but in tests that want to know what comes of it.
using RandomSource = std::function<void(MutableBytes)>;

// Uniform in [0, bound); bound must not be zero.
std::uint64_t random_below(std::uint64_t bound);

// RFC 9562 version 4, lower case: "f81d4fae-7dec-4d0d-a765-00a0c91e6bf6".
std::string uuid_v4();
// RFC 9562 version 7: begins with the time, so that ids made one after another lie side by side in an index
// of the node. The rest (74 bits) is random. For ids of messages, whose time is no secret.
std::string uuid_v7(std::int64_t unix_ms);

}  // namespace mychat
