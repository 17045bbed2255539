// Key derivation: HKDF for keys, PBKDF2 and Argon2id for passwords.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mychat {

// HKDF with SHA-256 (RFC 5869). The output is at most 255 * 32 bytes.
Secret hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size);
Secret hkdf_sha256_extract(ByteView secret, ByteView salt);
Secret hkdf_sha256_expand(ByteView pseudo_random_key, ByteView info, std::size_t size);

// PBKDF2 with HMAC-SHA-256 (RFC 8018); at most 10,000,000 iterations and 1,024 bytes.
Secret pbkdf2_hmac_sha256(ByteView password, ByteView salt, std::uint32_t iterations, std::size_t size);

// Argon2id, version 0x13 (RFC 9106). The defaults are the RFC's second recommendation with one lane.
struct Argon2Params {
  std::uint32_t memory_kib = 65536;
  std::uint32_t iterations = 3;
  std::uint32_t lanes = 1;
  bool operator==(const Argon2Params&) const = default;
};

// What is accepted, from whoever it comes: outside of it is MYCHAT_E_INVALID_ARGUMENT.
inline constexpr std::uint32_t kArgon2MaxMemoryKib = 1024 * 1024;
inline constexpr std::uint32_t kArgon2MaxIterations = 64;
inline constexpr std::uint32_t kArgon2MaxLanes = 16;

// Salt of 8 to 64 bytes, output of 16 to 1,024.
Secret argon2id(ByteView password, ByteView salt, const Argon2Params& params, std::size_t size);

// "$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH" with a random 16-byte salt and 32 bytes of output.
std::string argon2id_hash(ByteView password, const Argon2Params& params);
// False when the password does not match, and when the text is not such a hash or its costs are out of
// bounds.
[[nodiscard]] bool argon2id_verify(std::string_view encoded, ByteView password);
// The costs written in an encoded hash, so that weaker ones can be upgraded; nothing when it is not such a
// hash.
std::optional<Argon2Params> argon2id_params(std::string_view encoded);

}  // namespace mychat
