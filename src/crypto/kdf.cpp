#include "crypto/kdf.h"

#include "crypto/hkdf.h"
#include "crypto/internal.h"

namespace mychat {

Secret hkdf_sha256_extract(ByteView secret, ByteView salt) {
  return hkdf_extract(HashAlgorithm::kSha256, salt, secret);
}

Secret hkdf_sha256_expand(ByteView pseudo_random_key, ByteView info, std::size_t size) {
  return hkdf_expand(HashAlgorithm::kSha256, pseudo_random_key, {info}, size);
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
