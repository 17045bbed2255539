// Keys that are 32 bytes on the wire, Ed25519 and X25519, as EVP_PKEY; for the .cpp files of this folder.
#pragma once

#include <array>
#include <memory>

#include "crypto/internal.h"

namespace mychat::detail {

inline constexpr std::size_t kRawKeySize = 32;

inline std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) { return {key, Freer<EVP_PKEY_free>()}; }

inline std::shared_ptr<EVP_PKEY> raw_private_key(const char* type, ByteView bytes) {
  if (bytes.size() != kRawKeySize) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
                std::string("A private ") + type + " key has 32 bytes.");
  }
  EVP_PKEY* const key = EVP_PKEY_new_raw_private_key_ex(nullptr, type, nullptr, bytes.data(), bytes.size());
  require_memory(key != nullptr);  // Any 32 bytes are one.
  return share(key);
}

// Null when the bytes are not a key; any 32 are one to OpenSSL, until it computes with them.
inline Pkey raw_public_key(const char* type, ByteView bytes) {
  if (bytes.size() != kRawKeySize) return nullptr;
  Pkey key(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr, bytes.data(), bytes.size()));
  require_memory(key != nullptr);
  return key;
}

inline Secret raw_private_bytes(const EVP_PKEY* key) {
  Secret bytes(kRawKeySize);
  std::size_t size = bytes.size();
  check(EVP_PKEY_get_raw_private_key(key, bytes.data(), &size), "The private key could not be read.");
  return bytes;
}

inline std::array<std::uint8_t, kRawKeySize> raw_public_bytes(const EVP_PKEY* key) {
  std::array<std::uint8_t, kRawKeySize> bytes;
  std::size_t size = bytes.size();
  check(EVP_PKEY_get_raw_public_key(key, bytes.data(), &size), "The public key could not be read.");
  return bytes;
}

}  // namespace mychat::detail
