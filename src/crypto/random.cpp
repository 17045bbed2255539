#include "crypto/random.h"

#include <openssl/rand.h>

#include <limits>

#include "base/encoding.h"
#include "crypto/error.h"

namespace mychat {

namespace {

// A thread's first random bytes need memory for its generator, of which OpenSSL does not speak: the generator
// has failed only if it does so twice.
template <class Draw>
void draw(MutableBytes out, const char* failure, Draw draw_once) {
  if (draw_once() == 1) return;
  secure_wipe(out.data(), out.size());
  clear_crypto_errors();
  if (draw_once() == 1) return;
  secure_wipe(out.data(), out.size());
  throw_crypto(failure, MYCHAT_E_RANDOM);
}

}  // namespace

void random_bytes(MutableBytes out) {
  draw(out, "The random generator failed.",
       [&] { return RAND_bytes_ex(nullptr, out.data(), out.size(), 0); });
}

void random_secret_bytes(MutableBytes out) {
  draw(out, "The random generator for secrets failed.",
       [&] { return RAND_priv_bytes_ex(nullptr, out.data(), out.size(), 0); });
}

Secret random_secret(std::size_t size) {
  Secret secret(size);
  random_secret_bytes(secret);
  return secret;
}

std::uint64_t random_below(std::uint64_t bound) {
  if (bound == 0) throw_argument("A random number below zero was asked for.");
  // Values from `limit` up would favour the small remainders: they are drawn again.
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit = most - (most % bound + 1) % bound;
  for (;;) {
    std::uint64_t value = 0;
    random_bytes({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    if (value <= limit) return value % bound;
  }
}

namespace {

std::string uuid_text(std::array<std::uint8_t, 16> bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);  // The RFC's variant.
  std::string text = hex_encode(bytes);
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace

std::string uuid_v4() { return uuid_text(random_array<16>(), 4); }

std::string uuid_v7(std::int64_t unix_ms) {
  auto bytes = random_array<16>();
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(unix_ms >> (8 * (5 - i)));
  return uuid_text(bytes, 7);
}

}  // namespace mychat
