#include "crypto/hpke.h"

#include "crypto/kem.h"

namespace mychat {

namespace {

using detail::LabeledKdf;

constexpr std::uint8_t kModeBase = 0;

std::uint16_t id_of(HashAlgorithm kdf) noexcept {
  switch (kdf) {
    case HashAlgorithm::kSha256:
      return 1;
    case HashAlgorithm::kSha384:
      return 2;
    case HashAlgorithm::kSha512:
      break;
  }
  return 3;
}

std::uint16_t id_of(AeadAlgorithm aead) noexcept {
  switch (aead) {
    case AeadAlgorithm::kAes128Gcm:
      return 1;
    case AeadAlgorithm::kAes256Gcm:
      return 2;
    case AeadAlgorithm::kChaCha20Poly1305:
      break;
  }
  return 3;
}

LabeledKdf kdf_of(const HpkeSuite& suite) {
  Bytes suite_id{'H', 'P', 'K', 'E'};
  for (const std::uint16_t id : {detail::kem_id(suite.kem), id_of(suite.kdf), id_of(suite.aead)}) {
    suite_id.push_back(static_cast<std::uint8_t>(id >> 8));
    suite_id.push_back(static_cast<std::uint8_t>(id));
  }
  return {suite.kdf, std::move(suite_id)};
}

// KeySchedule of RFC 9180 section 5.1 in base mode, without a pre-shared key. What is not asked for is not
// computed.
class KeySchedule {
 public:
  KeySchedule(const HpkeInfo& info, ByteView shared_secret)
      : suite_(info.suite()),
        kdf_(kdf_of(suite_)),
        secret_(kdf_.extract(shared_secret, "secret", {})),
        context_(info.key_schedule_context()) {}

  Aead aead() const { return {suite_.aead, expand("key", aead_key_size(suite_.aead))}; }
  // Of the first message, which is the only one.
  Secret nonce() const { return expand("base_nonce", kAeadNonceSize); }
  Secret exported(ByteView exporter_context, std::size_t size) const {
    return kdf_.expand(expand("exp", kdf_.hash_bytes()), "sec", exporter_context, {}, size);
  }

 private:
  Secret expand(std::string_view label, std::size_t size) const {
    return kdf_.expand(secret_, label, context_, {}, size);
  }

  HpkeSuite suite_;
  LabeledKdf kdf_;
  Secret secret_;
  ByteView context_;  // Of the HpkeInfo.
};

detail::Encapsulated encapsulate_fresh(KemAlgorithm kem, ByteView public_key, const RandomSource& random) {
  return detail::encapsulate(kem, public_key, hpke_ephemerals(kem, random, 1).front());
}

}  // namespace

HpkeInfo::HpkeInfo(const HpkeSuite& suite, ByteView info) : suite_(suite) {
  const LabeledKdf kdf = kdf_of(suite);
  context_.push_back(kModeBase);
  for (const Secret& part : {kdf.extract({}, "psk_id_hash", {}), kdf.extract({}, "info_hash", info)}) {
    context_.insert(context_.end(), part.begin(), part.end());
  }
}

HpkeSealed hpke_seal(const HpkeInfo& info, ByteView public_key, ByteView associated_data, ByteView plaintext,
                     ByteView ephemeral) {
  detail::Encapsulated made = detail::encapsulate(info.suite().kem, public_key, ephemeral);
  const KeySchedule keys(info, made.shared_secret);
  return {std::move(made.kem_output), keys.aead().seal(keys.nonce(), plaintext, associated_data)};
}

HpkeSealed hpke_seal(const HpkeSuite& suite, ByteView public_key, ByteView info, ByteView associated_data,
                     ByteView plaintext) {
  return hpke_seal(HpkeInfo(suite, info), public_key, associated_data, plaintext,
                   hpke_ephemerals(suite.kem, random_secret_bytes, 1).front());
}

Secret hpke_open(const HpkeSuite& suite, ByteView private_key, ByteView kem_output, ByteView info,
                 ByteView associated_data, ByteView ciphertext) {
  const HpkeInfo context(suite, info);
  const KeySchedule keys(context, detail::decapsulate(suite.kem, private_key, kem_output));
  return keys.aead().open(keys.nonce(), ciphertext, associated_data);
}

HpkeExported hpke_export_to(const HpkeSuite& suite, ByteView public_key, ByteView info,
                            ByteView exporter_context, std::size_t size, const RandomSource& random) {
  detail::Encapsulated made = encapsulate_fresh(suite.kem, public_key, random);
  const HpkeInfo context(suite, info);
  Secret secret = KeySchedule(context, made.shared_secret).exported(exporter_context, size);
  return {std::move(made.kem_output), std::move(secret)};
}

Secret hpke_export_from(const HpkeSuite& suite, ByteView private_key, ByteView kem_output, ByteView info,
                        ByteView exporter_context, std::size_t size) {
  const HpkeInfo context(suite, info);
  return KeySchedule(context, detail::decapsulate(suite.kem, private_key, kem_output))
      .exported(exporter_context, size);
}

}  // namespace mychat
