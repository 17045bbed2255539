// Fingerprints of identity keys: SHA-256 as 16 groups of 4 upper-case hexadecimal digits joined by "-".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/rsa.h"

namespace mychat {

inline constexpr std::size_t kFingerprintSize = 79;

// The form that we show and send: over the canonical public JWK.
std::string key_fingerprint(const RsaPublicKey& key);
// The form that some v1 nodes use: over the PEM text, exactly as it is.
std::string pem_fingerprint(std::string_view pem_text);

// Compares two fingerprints, digits of either case, in constant time. False when one is not a fingerprint.
[[nodiscard]] bool equal_fingerprints(std::string_view a, std::string_view b) noexcept;

// True when the fingerprint is one of this key: of its canonical JWK, of its PEM as a browser writes it, or
// of `text_as_received` when that is a PEM. The caller has parsed `key` from that very text.
[[nodiscard]] bool fingerprint_matches(const RsaPublicKey& key, std::string_view text_as_received,
                                       std::string_view fingerprint);

}  // namespace mychat
