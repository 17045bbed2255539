// Authenticated encryption with associated data. Keys of 32 bytes (AES-128-GCM: 16), nonces of 12, tags of 16
// appended to the ciphertext. Never use a nonce twice with one key.
//
// A wrong key, nonce, associated data or altered bytes: MYCHAT_E_DECRYPT, and the output is wiped. Wrong
// sizes of key, nonce or output are the caller's fault: MYCHAT_E_INVALID_ARGUMENT.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

struct evp_cipher_ctx_st;

namespace mychat {

// AES-128-GCM is for suites that others negotiate.
enum class AeadAlgorithm { kAes256Gcm, kChaCha20Poly1305, kAes128Gcm };

inline constexpr std::size_t kAeadKeySize = 32;  // Of AES-256-GCM and ChaCha20-Poly1305.
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

constexpr std::size_t aead_key_size(AeadAlgorithm algorithm) noexcept {
  return algorithm == AeadAlgorithm::kAes128Gcm ? 16 : kAeadKeySize;
}

namespace detail {
struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext>;
}  // namespace detail

// One key and many messages. Keeps its OpenSSL contexts and, between calls, the key schedule; set_key()
// changes the key without setting up a context again. One thread at a time.
class Aead {
 public:
  explicit Aead(AeadAlgorithm algorithm) noexcept : algorithm_(algorithm) {}
  Aead(AeadAlgorithm algorithm, ByteView key);

  void set_key(ByteView key);

  Bytes seal(ByteView nonce, ByteView plaintext, ByteView associated_data = {});
  Secret open(ByteView nonce, ByteView sealed, ByteView associated_data = {});

  // Into the caller's memory: out has plaintext.size() + kAeadTagSize bytes. The input may be the start of
  // `out`.
  void seal_into(ByteView nonce, ByteView plaintext, ByteView associated_data, MutableBytes out);
  // `out` has sealed.size() - kAeadTagSize bytes and may be the start of `sealed`.
  void open_into(ByteView nonce, ByteView sealed, ByteView associated_data, MutableBytes out);

 private:
  AeadAlgorithm algorithm_;
  Secret key_;
  detail::CipherContext sealing_;  // Made, and keyed, when first needed.
  detail::CipherContext opening_;
  bool sealing_keyed_ = false;
  bool opening_keyed_ = false;
};

// One message under its own key.
Bytes aes256gcm_seal(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data = {});
Secret aes256gcm_open(ByteView key, ByteView nonce, ByteView sealed, ByteView associated_data = {});

// One long content in pieces, ciphertext without the tag; the tag is what finish() gives.
class AeadSealer {
 public:
  AeadSealer(AeadAlgorithm algorithm, ByteView key, ByteView nonce, ByteView associated_data = {});
  void update(ByteView plaintext, MutableBytes out);  // `out` as long as the input; may be the same memory.
  std::array<std::uint8_t, kAeadTagSize> finish();

 private:
  detail::CipherContext context_;
};

// What update() writes is NOT yet authentic: keep it apart, and destroy it when finish() throws.
class AeadOpener {
 public:
  AeadOpener(AeadAlgorithm algorithm, ByteView key, ByteView nonce, ByteView associated_data = {});
  void update(ByteView ciphertext, MutableBytes out);
  void finish(ByteView tag);

 private:
  detail::CipherContext context_;
};

}  // namespace mychat
