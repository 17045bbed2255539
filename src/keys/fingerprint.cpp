#include "keys/fingerprint.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "keys/jwk.h"
#include "keys/pem_text.h"

namespace mychat {
namespace {

constexpr std::size_t kGroupDigits = 4;

std::string format(const Sha256Digest& digest) {
  const std::string digits = hex_encode_upper(digest);
  std::string out;
  out.reserve(kFingerprintSize);
  for (std::size_t i = 0; i < digits.size(); i += kGroupDigits) {
    if (i != 0) out += '-';
    out.append(digits, i, kGroupDigits);
  }
  return out;
}

bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

// What is left of the case in a hexadecimal digit or "-": both already have bit 5 set, except for A to F.
std::uint8_t lower(char c) noexcept { return static_cast<std::uint8_t>(c | 0x20); }

bool has_form(std::string_view text) noexcept {
  if (text.size() != kFingerprintSize) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between_groups = i % (kGroupDigits + 1) == kGroupDigits;
    if (between_groups ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

}  // namespace

std::string key_fingerprint(const RsaPublicKey& key) { return format(sha256(view(public_jwk(key)))); }

std::string pem_fingerprint(std::string_view pem_text) { return format(sha256(view(pem_text))); }

bool equal_fingerprints(std::string_view a, std::string_view b) noexcept {
  if (!has_form(a) || !has_form(b)) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < kFingerprintSize; ++i) difference |= lower(a[i]) ^ lower(b[i]);
  return difference == 0;
}

bool fingerprint_matches(const RsaPublicKey& key, std::string_view text_as_received,
                         std::string_view fingerprint) {
  bool matches = equal_fingerprints(fingerprint, key_fingerprint(key));
  matches |= equal_fingerprints(fingerprint, pem_fingerprint(key.to_spki_pem()));
  if (looks_like_pem(text_as_received)) {
    matches |= equal_fingerprints(fingerprint, pem_fingerprint(text_as_received));
  }
  return matches;
}

}  // namespace mychat
