#include "crypto/kdf.h"

#include <algorithm>
#include <tuple>

#include "crypto/internal.h"
#include "crypto/mac.h"

namespace mychat {

static constexpr std::size_t kHashSize = std::tuple_size_v<Sha256Digest>;

// HKDF is written here over HMAC rather than taken from OpenSSL, whose own refuses empty keys and, in 3.0,
// limits what goes into `info` to 1,024 bytes.

Secret hkdf_sha256_extract(ByteView secret, ByteView salt) {
  // An absent salt is a string of zeros as long as the hash; HMAC pads an empty key to the same.
  Sha256Digest key = hmac_sha256(salt, secret);
  Secret out = to_secret(key);
  secure_wipe(key.data(), key.size());
  return out;
}

Secret hkdf_sha256_expand(ByteView pseudo_random_key, ByteView info, std::size_t size) {
  if (pseudo_random_key.size() < kHashSize) throw_argument("HKDF expands keys of 32 bytes or more.");
  if (size == 0 || size > 255 * kHashSize) throw_argument("HKDF gives 1 to 8160 bytes.");
  const HmacSha256 hmac(pseudo_random_key);
  Secret out(size);
  ByteView previous;
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < size; done += kHashSize) {
    ++counter;
    Sha256Digest block = hmac.compute({previous, info, ByteView(&counter, 1)});
    const std::size_t taken = std::min(size - done, block.size());
    std::copy_n(block.begin(), taken, out.begin() + static_cast<std::ptrdiff_t>(done));
    previous = ByteView(out).subspan(done, taken);
    secure_wipe(block.data(), block.size());
  }
  return out;
}

Secret hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size) {
  return hkdf_sha256_expand(hkdf_sha256_extract(secret, salt), info, size);
}

Secret pbkdf2_hmac_sha256(ByteView password, ByteView salt, std::uint32_t iterations, std::size_t size) {
  if (iterations == 0 || iterations > 10'000'000 || size == 0 || size > 1024) {
    throw_argument("PBKDF2 takes 1 to 10000000 iterations and gives 1 to 1024 bytes.");
  }
  Secret out(size);
  detail::check(PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(detail::data_of(password)),
                                  detail::int_size(password.size()), detail::data_of(salt),
                                  detail::int_size(salt.size()), static_cast<int>(iterations),
                                  detail::sha256_algorithm(), static_cast<int>(size), out.data()),
                "PBKDF2 failed.");
  return out;
}

}  // namespace mychat
