#include "crypto/aead.h"

#include "crypto/internal.h"

namespace mychat {

namespace {

using detail::check;
using detail::CipherContext;
using detail::required;

const EVP_CIPHER* cipher_of(AeadAlgorithm algorithm) {
  static const EVP_CIPHER* const aes =
      required(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "AES-256-GCM is not available.");
  if (algorithm == AeadAlgorithm::kAes256Gcm) return aes;
  static const EVP_CIPHER* const chacha = required(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr),
                                                   "ChaCha20-Poly1305 is not available.");
  if (algorithm == AeadAlgorithm::kChaCha20Poly1305) return chacha;
  static const EVP_CIPHER* const short_aes =
      required(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr), "AES-128-GCM is not available.");
  return short_aes;
}

constexpr int kOpen = 0;
constexpr int kSeal = 1;

void check_key(AeadAlgorithm algorithm, ByteView key) {
  const std::size_t size = aead_key_size(algorithm);
  if (key.size() != size) {
    throw_argument("An encryption key of this algorithm must have " + std::to_string(size) + " bytes.");
  }
}

void check_nonce(ByteView nonce) {
  if (nonce.size() != kAeadNonceSize) throw_argument("A nonce must have 12 bytes.");
}

CipherContext new_context(AeadAlgorithm algorithm, int direction) {
  CipherContext context(required(EVP_CIPHER_CTX_new(), "A cipher context could not be made."));
  check(EVP_CipherInit_ex2(context.get(), cipher_of(algorithm), nullptr, nullptr, direction, nullptr),
        "The cipher could not be set up.");
  return context;
}

void set_key_of(EVP_CIPHER_CTX* context, ByteView key) {
  check(EVP_CipherInit_ex2(context, nullptr, key.data(), nullptr, -1, nullptr), "The key was refused.");
}

// Starts a message: nonce, then associated data.
void start(EVP_CIPHER_CTX* context, ByteView nonce, ByteView associated_data) {
  check(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), -1, nullptr), "The nonce was refused.");
  if (associated_data.empty()) return;
  int written = 0;
  check(EVP_CipherUpdate(context, nullptr, &written, associated_data.data(),
                         detail::int_size(associated_data.size())),
        "The associated data was refused.");
}

// Both are stream modes: as many bytes come out as went in.
void transform(EVP_CIPHER_CTX* context, ByteView in, MutableBytes out) {
  if (in.empty()) return;
  int written = 0;
  check(EVP_CipherUpdate(context, out.data(), &written, in.data(), detail::int_size(in.size())),
        "The cipher failed.");
  if (static_cast<std::size_t>(written) != in.size()) throw_crypto("The cipher wrote an unexpected length.");
}

void finish_sealing(EVP_CIPHER_CTX* context, MutableBytes tag) {
  std::uint8_t nothing[1];
  int written = 0;
  check(EVP_CipherFinal_ex(context, nothing, &written), "The cipher failed.");
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), tag.data()),
        "The cipher gave no tag.");
}

bool finish_opening(EVP_CIPHER_CTX* context, ByteView tag) {
  std::array<std::uint8_t, kAeadTagSize> expected;
  std::copy(tag.begin(), tag.end(), expected.begin());
  check(
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(expected.size()), expected.data()),
      "The tag was refused.");
  std::uint8_t nothing[1];
  int written = 0;
  return EVP_CipherFinal_ex(context, nothing, &written) == 1;
}

[[noreturn]] void throw_not_authentic() {
  clear_crypto_errors();
  throw Error(MYCHAT_E_DECRYPT, MYCHAT_DOMAIN_CRYPTO,
              "The data cannot be decrypted: the key is wrong or the data was altered.");
}

}  // namespace

void detail::FreeCipherContext::operator()(EVP_CIPHER_CTX* context) const noexcept {
  EVP_CIPHER_CTX_free(context);  // Wipes the key schedule.
}

Aead::Aead(AeadAlgorithm algorithm, ByteView key) : algorithm_(algorithm) { set_key(key); }

void Aead::set_key(ByteView key) {
  check_key(algorithm_, key);
  key_.assign(key.begin(), key.end());
  sealing_keyed_ = opening_keyed_ = false;
}

void Aead::seal_into(ByteView nonce, ByteView plaintext, ByteView associated_data, MutableBytes out) {
  check_nonce(nonce);
  if (key_.empty()) throw_argument("No key was set.");
  if (out.size() != plaintext.size() + kAeadTagSize) throw_argument("The output has the wrong size.");
  if (!sealing_) sealing_ = new_context(algorithm_, kSeal);
  if (!sealing_keyed_) set_key_of(sealing_.get(), key_);
  sealing_keyed_ = true;
  start(sealing_.get(), nonce, associated_data);
  transform(sealing_.get(), plaintext, out);
  finish_sealing(sealing_.get(), out.last(kAeadTagSize));
}

void Aead::open_into(ByteView nonce, ByteView sealed, ByteView associated_data, MutableBytes out) {
  check_nonce(nonce);
  if (key_.empty()) throw_argument("No key was set.");
  if (sealed.size() < kAeadTagSize) throw_not_authentic();
  const ByteView ciphertext = sealed.first(sealed.size() - kAeadTagSize);
  if (out.size() != ciphertext.size()) throw_argument("The output has the wrong size.");
  if (!opening_) opening_ = new_context(algorithm_, kOpen);
  if (!opening_keyed_) set_key_of(opening_.get(), key_);
  opening_keyed_ = true;
  start(opening_.get(), nonce, associated_data);
  transform(opening_.get(), ciphertext, out);
  if (!finish_opening(opening_.get(), sealed.last(kAeadTagSize))) {
    secure_wipe(out.data(), out.size());
    throw_not_authentic();
  }
}

Bytes Aead::seal(ByteView nonce, ByteView plaintext, ByteView associated_data) {
  Bytes out(plaintext.size() + kAeadTagSize);
  seal_into(nonce, plaintext, associated_data, out);
  return out;
}

Secret Aead::open(ByteView nonce, ByteView sealed, ByteView associated_data) {
  Secret out(sealed.size() - std::min(sealed.size(), kAeadTagSize));
  open_into(nonce, sealed, associated_data, out);
  return out;
}

Bytes aes256gcm_seal(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data) {
  return Aead(AeadAlgorithm::kAes256Gcm, key).seal(nonce, plaintext, associated_data);
}

Secret aes256gcm_open(ByteView key, ByteView nonce, ByteView sealed, ByteView associated_data) {
  return Aead(AeadAlgorithm::kAes256Gcm, key).open(nonce, sealed, associated_data);
}

AeadSealer::AeadSealer(AeadAlgorithm algorithm, ByteView key, ByteView nonce, ByteView associated_data) {
  check_key(algorithm, key);
  check_nonce(nonce);
  context_ = new_context(algorithm, kSeal);
  set_key_of(context_.get(), key);
  start(context_.get(), nonce, associated_data);
}

void AeadSealer::update(ByteView plaintext, MutableBytes out) {
  if (out.size() != plaintext.size()) throw_argument("The output has the wrong size.");
  transform(context_.get(), plaintext, out);
}

std::array<std::uint8_t, kAeadTagSize> AeadSealer::finish() {
  std::array<std::uint8_t, kAeadTagSize> tag;
  finish_sealing(context_.get(), tag);
  return tag;
}

AeadOpener::AeadOpener(AeadAlgorithm algorithm, ByteView key, ByteView nonce, ByteView associated_data) {
  check_key(algorithm, key);
  check_nonce(nonce);
  context_ = new_context(algorithm, kOpen);
  set_key_of(context_.get(), key);
  start(context_.get(), nonce, associated_data);
}

void AeadOpener::update(ByteView ciphertext, MutableBytes out) {
  if (out.size() != ciphertext.size()) throw_argument("The output has the wrong size.");
  transform(context_.get(), ciphertext, out);
}

void AeadOpener::finish(ByteView tag) {
  if (tag.size() != kAeadTagSize || !finish_opening(context_.get(), tag)) throw_not_authentic();
}

}  // namespace mychat
