// Hash, HMAC (RFC 2104) and HKDF (RFC 5869) whose hash is chosen when the program runs, for suites that are
// negotiated.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "base/bytes.h"

namespace mychat {

enum class HashAlgorithm { kSha256, kSha384, kSha512 };

// In bytes: 32, 48, 64.
std::size_t hash_size(HashAlgorithm algorithm) noexcept;

// Of the pieces one after the other.
Bytes hash(HashAlgorithm algorithm, std::initializer_list<ByteView> pieces);
Secret hmac(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> pieces);

Secret hkdf_extract(HashAlgorithm algorithm, ByteView salt, ByteView secret);
// The key has at least hash_size() bytes, the output 1 to 255 * hash_size(); else MYCHAT_E_INVALID_ARGUMENT.
Secret hkdf_expand(HashAlgorithm algorithm, ByteView pseudo_random_key, std::initializer_list<ByteView> info,
                   std::size_t size);

}  // namespace mychat
