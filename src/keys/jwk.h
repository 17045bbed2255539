// RSA identity keys as JSON Web Keys (RFC 7517), in exactly the form that WebCrypto exports for RSA-OAEP with
// SHA-256.
//
// Writing is strict, reading is lenient in layout (any order, white space, further members) and strict in
// meaning: kty, alg and use when present, 4096 bits, e = 65537, base64url without padding, and for private
// keys every relation between the numbers. Texts that do not fit are MYCHAT_E_MALFORMED, longer than
// kMaxJwkSize MYCHAT_E_TOO_LARGE; no message holds any part of a key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"

namespace mychat {

inline constexpr std::size_t kMaxJwkSize = 16384;

// Members in alphabetical order, no white space: the form that fingerprints hash.
std::string public_jwk(const RsaPublicKey& key);

// As JSON.stringify(jwk, null, 2) prints them: what backup archives hold.
std::string public_jwk_pretty(const RsaPublicKey& key);
Secret private_jwk_pretty(const RsaPrivateKey& key);

RsaPublicKey parse_public_jwk(std::string_view json);
RsaPrivateKey parse_private_jwk(std::string_view json, RsaCheck check = RsaCheck::kFull);

}  // namespace mychat
