#include "crypto/ml_kem.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <atomic>

namespace mychat::detail {

namespace {

constexpr char kName[] = "ML-KEM-768";
// As OpenSSL 3.5 calls them: the headers of older ones, with which this may be compiled, do not have the
// first and the last.
constexpr char kSeed[] = "seed", kPublic[] = "pub", kEntropy[] = "ikme";

constexpr unsigned kPrime = 3329;               // q.
constexpr std::size_t kCoefficients = 3 * 256;  // Of 12 bits; behind them stand the 32 bytes of rho.
constexpr std::size_t kVectorSize = kCoefficients / 2 * 3;

enum class Known : int { kNotYet, kNo, kYes };
std::atomic<Known> has_it{Known::kNotYet};

Known look_for_it() {
  if (EVP_KEM* const kem = EVP_KEM_fetch(nullptr, kName, nullptr)) {
    EVP_KEM_free(kem);
    return Known::kYes;
  }
  // Only this reason says that there is none; for want of memory there are others.
  const bool none = ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED;
  clear_crypto_errors();
  return none ? Known::kNo : Known::kNotYet;
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

// Of a seed that has its size, or of a public key that was looked at: nothing but memory can lack.
Pkey import_key(const char* what, ByteView bytes, int selection) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kName, nullptr));
  require_memory(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  OSSL_PARAM params[] = {octets(what, bytes), OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  require_memory(EVP_PKEY_fromdata(context.get(), &key, selection, params) == 1);
  return Pkey(key);
}

PkeyContext context_of(EVP_PKEY* key) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  require_memory(context != nullptr);
  return context;
}

}  // namespace

bool has_ml_kem() {
  Known known = has_it.load(std::memory_order_relaxed);
  if (known == Known::kNotYet) {
    known = look_for_it();
    has_it.store(known, std::memory_order_relaxed);
  }
  return known == Known::kYes;
}

bool is_ml_kem_public_key(ByteView public_key) noexcept {
  if (public_key.size() != kMlKemPublicKeySize) return false;
  bool good = true;
  for (std::size_t i = 0; i < kVectorSize; i += 3) {
    const unsigned middle = public_key[i + 1];
    const unsigned first = public_key[i] | (middle & 15U) << 8U;
    const unsigned second = middle >> 4U | static_cast<unsigned>(public_key[i + 2]) << 4U;
    good = good && first < kPrime && second < kPrime;
  }
  return good;
}

MlKemEncapsulated ml_kem_encapsulate(ByteView public_key, ByteView entropy) {
  if (!is_ml_kem_public_key(public_key)) throw_malformed("The bytes are not a public key of ML-KEM-768.");
  if (entropy.size() != kMlKemEntropySize) throw_malformed("ML-KEM-768 takes 32 random bytes.");
  const Pkey key = import_key(kPublic, public_key, EVP_PKEY_PUBLIC_KEY);
  const PkeyContext context = context_of(key.get());
  const OSSL_PARAM params[] = {octets(kEntropy, entropy), OSSL_PARAM_construct_end()};
  require_memory(EVP_PKEY_encapsulate_init(context.get(), params) == 1);
  MlKemEncapsulated out{Bytes(kMlKemCiphertextSize), Secret(kMlKemSecretSize)};
  std::size_t size = out.ciphertext.size(), secret_size = out.shared_secret.size();
  require_memory(EVP_PKEY_encapsulate(context.get(), out.ciphertext.data(), &size, out.shared_secret.data(),
                                      &secret_size) == 1 &&
                 size == out.ciphertext.size() && secret_size == out.shared_secret.size());
  return out;
}

MlKemPrivateKey::MlKemPrivateKey(ByteView seed) {
  if (seed.size() != kMlKemSeedSize) throw_malformed("A seed of ML-KEM-768 has 64 bytes.");
  key_ = import_key(kSeed, seed, EVP_PKEY_KEYPAIR);
}

Bytes MlKemPrivateKey::public_key() const {
  Bytes bytes(kMlKemPublicKeySize);
  std::size_t size = 0;
  check(EVP_PKEY_get_octet_string_param(key_.get(), kPublic, bytes.data(), bytes.size(), &size),
        "The public key could not be read.");
  return bytes;
}

Secret MlKemPrivateKey::decapsulate(ByteView ciphertext) const {
  if (ciphertext.size() != kMlKemCiphertextSize)
    throw_malformed("A ciphertext of ML-KEM-768 has 1,088 bytes.");
  const PkeyContext context = context_of(key_.get());
  require_memory(EVP_PKEY_decapsulate_init(context.get(), nullptr) == 1);
  Secret shared(kMlKemSecretSize);
  std::size_t size = shared.size();
  require_memory(
      EVP_PKEY_decapsulate(context.get(), shared.data(), &size, ciphertext.data(), ciphertext.size()) == 1 &&
      size == shared.size());
  return shared;
}

}  // namespace mychat::detail
