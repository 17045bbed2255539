// RSA-4096 with public exponent 65537, the only RSA keys of MyChat: OAEP with SHA-256 (MGF1-SHA-256, empty
// label) and PSS with SHA-256 (MGF1-SHA-256, salt of 32 bytes).
//
// Keys are immutable, copied cheaply (a shared handle), and may be used by any number of threads at once:
// every operation borrows a ready OpenSSL context from the key's own pool, so nothing is set up anew for each
// message.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_pkey_st;

namespace mychat {

inline constexpr std::size_t kRsaBits = 4096;
inline constexpr std::size_t kRsaBytes = kRsaBits / 8;
inline constexpr std::size_t kOaepMaxPlaintext = kRsaBytes - 2 * 32 - 2;  // 446
// Longest PEM or DER taken in.
inline constexpr std::size_t kRsaMaxEncodedKey = 16384;

// Unsigned big-endian numbers; as output without leading zeros, as JWK wants them.
struct RsaPublicComponents {
  Bytes n, e;
};
struct RsaPrivateComponents {
  Bytes n, e;
  Secret d, p, q, dp, dq, qi;
};

class RsaPublicKey {
 public:
  // Refuses (MYCHAT_E_MALFORMED) anything but an odd modulus of 4096 bits and e = 65537.
  static RsaPublicKey from_components(const RsaPublicComponents& components);
  // SubjectPublicKeyInfo. MYCHAT_E_MALFORMED, or MYCHAT_E_TOO_LARGE above kRsaMaxEncodedKey.
  static RsaPublicKey from_spki_der(ByteView der);
  static RsaPublicKey from_spki_pem(std::string_view pem);

  RsaPublicComponents components() const;
  Bytes to_spki_der() const;
  // 64-column base64 and no newline after the END line, as browsers write it.
  std::string to_spki_pem() const;
  std::size_t modulus_bits() const noexcept { return kRsaBits; }

  // At most kOaepMaxPlaintext bytes in, kRsaBytes out.
  Bytes encrypt_oaep(ByteView plaintext) const;
  [[nodiscard]] bool verify_pss(ByteView message, ByteView signature) const;

  bool operator==(const RsaPublicKey& other) const noexcept;

 private:
  friend class RsaPrivateKey;
  struct State;
  explicit RsaPublicKey(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// How far a private key is checked before it is accepted.
enum class RsaCheck {
  kFull,  // Everything, the primality of p and q included (about 0.3 s): for keys from backups and other
          // hands.
  kArithmetic,  // Every relation between the numbers, not primality (about a millisecond): for keys that were
                // checked before and come back from authenticated storage.
};

class RsaPrivateKey {
 public:
  // MYCHAT_E_MALFORMED with the relation that does not hold; MYCHAT_E_TOO_LARGE for absurdly long numbers.
  static RsaPrivateKey from_components(const RsaPrivateComponents& components,
                                       RsaCheck check = RsaCheck::kFull);
  // PKCS #8, not encrypted.
  static RsaPrivateKey from_pkcs8_der(ByteView der, RsaCheck check = RsaCheck::kFull);
  static RsaPrivateKey from_pkcs8_pem(std::string_view pem, RsaCheck check = RsaCheck::kFull);

  RsaPrivateComponents components() const;
  Secret to_pkcs8_der() const;
  Secret to_pkcs8_pem() const;  // Text, in memory that wipes itself.
  const RsaPublicKey& public_key() const noexcept;
  std::size_t modulus_bits() const noexcept { return kRsaBits; }

  // Any failure, wrong length included, is one and the same MYCHAT_E_DECRYPT.
  Secret decrypt_oaep(ByteView ciphertext) const;
  Bytes sign_pss(ByteView message) const;

  bool operator==(const RsaPrivateKey& other) const noexcept;

 private:
  struct State;
  explicit RsaPrivateKey(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace mychat
