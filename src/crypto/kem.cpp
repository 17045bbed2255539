#include "crypto/kem.h"

#include <optional>

#include "crypto/ec_curve.h"
#include "crypto/ml_kem.h"
#include "crypto/random.h"
#include "crypto/raw_key.h"
#include "crypto/x_wing.h"

namespace mychat {

namespace detail {

namespace {

constexpr std::string_view kVersion = "HPKE-v1";

// What a DHKEM is made of: an X curve or a P curve.
struct Kem {
  std::uint16_t id;
  HashAlgorithm hash;
  const RawKeyType* raw;
  const EcCurve* curve;

  std::size_t private_size() const noexcept { return raw != nullptr ? raw->size : curve->size; }
  LabeledKdf kdf() const {
    return {hash, {'K', 'E', 'M', static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)}};
  }
};

Kem dhkem_of(KemAlgorithm kem) {
  const std::uint16_t id = kem_id(kem);
  switch (kem) {
    case KemAlgorithm::kX25519:
      return {id, HashAlgorithm::kSha256, &kRawX25519, nullptr};
    case KemAlgorithm::kX448:
      return {id, HashAlgorithm::kSha512, &kRawX448, nullptr};
    case KemAlgorithm::kP256:
      return {id, HashAlgorithm::kSha256, nullptr, &curve_p256()};
    case KemAlgorithm::kP384:
      return {id, HashAlgorithm::kSha384, nullptr, &curve_p384()};
    case KemAlgorithm::kP521:
      return {id, HashAlgorithm::kSha512, nullptr, &curve_p521()};
    case KemAlgorithm::kXWing:
      break;
  }
  throw_argument("X-Wing is no KEM of a curve.");
}

// A private key of either kind, ready to be multiplied with.
class PrivateKey {
 public:
  PrivateKey(const Kem& kem, ByteView private_key) : kem_(kem) {
    if (kem.raw != nullptr) {
      agreement_.emplace(*kem.raw, raw_agreement_key(*kem.raw, private_key).get());
    } else {
      scalar_ = ec_scalar(*kem.curve, private_key);
    }
  }

  Bytes public_key() const {
    return agreement_ ? agreement_->public_key() : ec_public_key(*kem_.curve, scalar_);
  }
  Secret agree(ByteView peer) const {
    return agreement_ ? agreement_->with(peer) : ec_agree(*kem_.curve, scalar_, peer);
  }

 private:
  const Kem& kem_;
  std::optional<RawAgreement> agreement_;
  Secret scalar_;
};

// ExtractAndExpand of the RFC; the context is the KEM's output and the receiver's public key.
Secret shared_secret_of(const Kem& kem, ByteView dh, ByteView kem_output, ByteView public_key) {
  const LabeledKdf kdf = kem.kdf();
  return kdf.expand(kdf.extract({}, "eae_prk", dh), "shared_secret", kem_output, public_key,
                    kdf.hash_bytes());
}

Secret derive_private_key(const Kem& kem, ByteView key_material) {
  const LabeledKdf kdf = kem.kdf();
  const Secret key = kdf.extract({}, "dkp_prk", key_material);
  if (kem.raw != nullptr) return kdf.expand(key, "sk", {}, {}, kem.private_size());
  for (unsigned counter = 0; counter < 256; ++counter) {
    const auto byte = static_cast<std::uint8_t>(counter);
    Secret candidate = kdf.expand(key, "candidate", ByteView(&byte, 1), {}, kem.private_size());
    candidate[0] &= kem.curve->top;
    if (is_ec_scalar(*kem.curve, candidate)) return candidate;
  }
  // Nobody will ever see it: for P-521, the worst, its chance is 2^-256.
  throw Error(MYCHAT_E_CRYPTO, MYCHAT_DOMAIN_CRYPTO, "No key could be derived from this key material.");
}

}  // namespace

Secret LabeledKdf::extract(ByteView salt, std::string_view label, ByteView secret) const {
  return hmac(hash_, salt, {view(kVersion), view(suite_id_), view(label), secret});
}

Secret LabeledKdf::expand(ByteView pseudo_random_key, std::string_view label, ByteView info,
                          ByteView more_info, std::size_t size) const {
  // hkdf_expand() refuses the sizes that two bytes do not hold.
  const std::uint8_t length[] = {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  return hkdf_expand(hash_, pseudo_random_key,
                     {length, view(kVersion), view(suite_id_), view(label), info, more_info}, size);
}

std::uint16_t kem_id(KemAlgorithm kem) noexcept {
  switch (kem) {
    case KemAlgorithm::kP256:
      return 0x0010;
    case KemAlgorithm::kP384:
      return 0x0011;
    case KemAlgorithm::kP521:
      return 0x0012;
    case KemAlgorithm::kX25519:
      return 0x0020;
    case KemAlgorithm::kX448:
      return 0x0021;
    case KemAlgorithm::kXWing:
      break;
  }
  return 0x647A;
}

Secret generate_kem_private_key(KemAlgorithm algorithm) {
  if (algorithm == KemAlgorithm::kXWing) return random_secret(kXWingPrivateKeySize);
  const Kem kem = dhkem_of(algorithm);
  return kem.raw != nullptr ? random_secret(kem.raw->size) : random_ec_scalar(*kem.curve);
}

Encapsulated encapsulate(KemAlgorithm algorithm, ByteView public_key, ByteView ephemeral) {
  if (algorithm == KemAlgorithm::kXWing) {
    XWingEncapsulated made = x_wing_encapsulate(public_key, ephemeral);
    return {std::move(made.ciphertext), std::move(made.shared_secret)};
  }
  const Kem kem = dhkem_of(algorithm);
  const PrivateKey own(kem, ephemeral);
  const Secret dh = own.agree(public_key);
  Bytes kem_output = own.public_key();
  Secret shared = shared_secret_of(kem, dh, kem_output, public_key);
  return {std::move(kem_output), std::move(shared)};
}

Secret decapsulate(KemAlgorithm algorithm, ByteView private_key, ByteView kem_output) {
  if (algorithm == KemAlgorithm::kXWing) return x_wing_decapsulate(private_key, kem_output);
  const Kem kem = dhkem_of(algorithm);
  const PrivateKey key(kem, private_key);
  const Secret dh = key.agree(kem_output);
  return shared_secret_of(kem, dh, kem_output, key.public_key());
}

}  // namespace detail

std::vector<Secret> hpke_ephemerals(KemAlgorithm algorithm, const RandomSource& random, std::size_t count) {
  std::vector<Secret> out(count);
  const bool hybrid = algorithm == KemAlgorithm::kXWing;
  const detail::EcCurve* const curve = hybrid ? nullptr : detail::dhkem_of(algorithm).curve;
  if (curve != nullptr) {
    for (Secret& one : out) one = detail::random_ec_scalar(*curve, random);
    return out;
  }
  const std::size_t size = hybrid ? detail::kXWingEntropySize : detail::dhkem_of(algorithm).private_size();
  // At once: asking for a few bytes takes about as long as for many.
  Secret all(size * count);
  random(all);
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(i * size);
    out[i].assign(from, from + static_cast<std::ptrdiff_t>(size));
  }
  return out;
}

bool is_kem_supported(KemAlgorithm kem) { return kem != KemAlgorithm::kXWing || detail::has_ml_kem(); }

HpkeKeyPair hpke_generate_key_pair(KemAlgorithm kem) {
  Secret key = detail::generate_kem_private_key(kem);
  Bytes public_key = hpke_public_key(kem, key);
  return {std::move(key), std::move(public_key)};
}

HpkeKeyPair hpke_derive_key_pair(KemAlgorithm kem, ByteView key_material) {
  Secret key = kem == KemAlgorithm::kXWing ? detail::x_wing_derive_private_key(key_material)
                                           : detail::derive_private_key(detail::dhkem_of(kem), key_material);
  Bytes public_key = hpke_public_key(kem, key);
  return {std::move(key), std::move(public_key)};
}

Bytes hpke_public_key(KemAlgorithm algorithm, ByteView private_key) {
  if (algorithm == KemAlgorithm::kXWing) return detail::x_wing_public_key(private_key);
  const detail::Kem kem = detail::dhkem_of(algorithm);
  return detail::PrivateKey(kem, private_key).public_key();
}

bool is_hpke_public_key(KemAlgorithm algorithm, ByteView public_key) {
  if (algorithm == KemAlgorithm::kXWing) return detail::is_x_wing_public_key(public_key);
  const detail::Kem kem = detail::dhkem_of(algorithm);
  return kem.raw != nullptr ? public_key.size() == kem.raw->size
                            : detail::is_ec_point(*kem.curve, public_key);
}

}  // namespace mychat
