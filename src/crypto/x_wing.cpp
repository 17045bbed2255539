#include "crypto/x_wing.h"

#include <initializer_list>
#include <string>

#include "crypto/ml_kem.h"
#include "crypto/raw_key.h"
#include "crypto/version.h"

namespace mychat::detail {

namespace {

constexpr std::size_t kX25519Size = kRawX25519.size;
constexpr std::uint8_t kLabel[] = {'\\', '.', '/', '/', '^', '\\'};

static_assert(kXWingPublicKeySize == kMlKemPublicKeySize + kX25519Size);
static_assert(kXWingCiphertextSize == kMlKemCiphertextSize + kX25519Size);
static_assert(kXWingEntropySize == kMlKemEntropySize + kX25519Size);

const EVP_MD* shake256_algorithm() {
  static const EVP_MD* const algorithm =
      required(EVP_MD_fetch(nullptr, "SHAKE256", nullptr), "SHAKE256 is not available.");
  return algorithm;
}

const EVP_MD* sha3_256_algorithm() {
  static const EVP_MD* const algorithm =
      required(EVP_MD_fetch(nullptr, "SHA3-256", nullptr), "SHA3-256 is not available.");
  return algorithm;
}

DigestContext hashed(const EVP_MD* algorithm, std::initializer_list<ByteView> pieces) {
  DigestContext context(required(EVP_MD_CTX_new(), "A hash context could not be made."));
  check(EVP_DigestInit_ex2(context.get(), algorithm, nullptr), "A hash could not be set up.");
  for (const ByteView piece : pieces) {
    check(EVP_DigestUpdate(context.get(), piece.data(), piece.size()), "A hash failed.");
  }
  return context;
}

Secret shake256(ByteView data, std::size_t size) {
  Secret out(size);
  check(EVP_DigestFinalXOF(hashed(shake256_algorithm(), {data}).get(), out.data(), out.size()),
        "A hash failed.");
  return out;
}

// Combiner of the draft's section 5.3.
Secret combine(ByteView ml_kem, ByteView x25519, ByteView x25519_ciphertext, ByteView x25519_public_key) {
  Secret out(32);
  check(
      EVP_DigestFinal_ex(
          hashed(sha3_256_algorithm(), {ml_kem, x25519, x25519_ciphertext, x25519_public_key, kLabel}).get(),
          out.data(), nullptr),
      "A hash failed.");
  return out;
}

void require_ml_kem() {
  if (has_ml_kem()) return;
  throw Error(
      MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_CRYPTO,
      std::string("X-Wing needs an OpenSSL with ML-KEM, 3.5 or later; this is ") + openssl_version() + ".");
}

// expandDecapsulationKey of the draft's section 5.2.
class Expanded {
 public:
  explicit Expanded(ByteView private_key)
      : bytes_(shake256(checked(private_key), kMlKemSeedSize + kX25519Size)),
        ml_kem_(ByteView(bytes_).first(kMlKemSeedSize)),
        x25519_key_(raw_agreement_key(kRawX25519, ByteView(bytes_).subspan(kMlKemSeedSize))),
        x25519_(kRawX25519, x25519_key_.get()) {}

  const MlKemPrivateKey& ml_kem() const noexcept { return ml_kem_; }
  const RawAgreement& x25519() const noexcept { return x25519_; }

 private:
  static ByteView checked(ByteView private_key) {
    require_ml_kem();
    if (private_key.size() != kXWingPrivateKeySize) throw_malformed("A private key of X-Wing has 32 bytes.");
    return private_key;
  }

  Secret bytes_;
  MlKemPrivateKey ml_kem_;
  Pkey x25519_key_;
  RawAgreement x25519_;
};

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace

Secret x_wing_derive_private_key(ByteView key_material) {
  require_ml_kem();
  return shake256(key_material, kXWingPrivateKeySize);
}

Bytes x_wing_public_key(ByteView private_key) {
  const Expanded key(private_key);
  Bytes out = key.ml_kem().public_key();
  append(out, key.x25519().public_key());
  return out;
}

bool is_x_wing_public_key(ByteView public_key) noexcept {
  return public_key.size() == kXWingPublicKeySize &&
         is_ml_kem_public_key(public_key.first(kMlKemPublicKeySize));
}

XWingEncapsulated x_wing_encapsulate(ByteView public_key, ByteView entropy) {
  require_ml_kem();
  if (!is_x_wing_public_key(public_key)) throw_malformed("The bytes are not a public key of X-Wing.");
  if (entropy.size() != kXWingEntropySize) throw_malformed("X-Wing takes 64 random bytes.");
  const ByteView peer = public_key.subspan(kMlKemPublicKeySize);
  const Pkey ephemeral_key = raw_agreement_key(kRawX25519, entropy.subspan(kMlKemEntropySize));
  const RawAgreement ephemeral(kRawX25519, ephemeral_key.get());
  const Secret agreed = ephemeral.with(peer);
  const Bytes ephemeral_public = ephemeral.public_key();
  MlKemEncapsulated made =
      ml_kem_encapsulate(public_key.first(kMlKemPublicKeySize), entropy.first(kMlKemEntropySize));
  append(made.ciphertext, ephemeral_public);
  return {std::move(made.ciphertext), combine(made.shared_secret, agreed, ephemeral_public, peer)};
}

Secret x_wing_decapsulate(ByteView private_key, ByteView ciphertext) {
  const Expanded key(private_key);
  if (ciphertext.size() != kXWingCiphertextSize) throw_malformed("A ciphertext of X-Wing has 1,120 bytes.");
  const ByteView peer = ciphertext.subspan(kMlKemCiphertextSize);
  const Secret agreed = key.x25519().with(peer);
  return combine(key.ml_kem().decapsulate(ciphertext.first(kMlKemCiphertextSize)), agreed, peer,
                 key.x25519().public_key());
}

}  // namespace mychat::detail
