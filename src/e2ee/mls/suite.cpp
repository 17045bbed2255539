#include "e2ee/mls/suite.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/version.h"

namespace mychat::mls {

// Section 17.1, and the hybrid one.
struct SuiteTable {
  static const std::array<Suite, 8>& all() {
    using enum KemAlgorithm;
    using enum HashAlgorithm;
    using enum AeadAlgorithm;
    using enum SignatureAlgorithm;
    static const std::array<Suite, 8> suites{
        Suite(1, {kX25519, kSha256, kAes128Gcm}, kSha256, kEd25519),
        Suite(2, {kP256, kSha256, kAes128Gcm}, kSha256, kEcdsaP256Sha256),
        Suite(3, {kX25519, kSha256, kChaCha20Poly1305}, kSha256, kEd25519),
        Suite(4, {kX448, kSha512, kAes256Gcm}, kSha512, kEd448),
        Suite(5, {kP521, kSha512, kAes256Gcm}, kSha512, kEcdsaP521Sha512),
        Suite(6, {kX448, kSha512, kChaCha20Poly1305}, kSha512, kEd448),
        Suite(7, {kP384, kSha384, kAes256Gcm}, kSha384, kEcdsaP384Sha384),
        Suite(kHybridSuite, {kXWing, kSha512, kAes256Gcm}, kSha512, kEd25519),
    };
    return suites;
  }
  static const Suite* find(SuiteId id) noexcept {
    const auto at = std::ranges::find(all(), id, &Suite::id);
    return at == all().end() ? nullptr : &*at;
  }
};

namespace {

constexpr std::string_view kPrefix = "MLS 1.0 ";

void write_opaque(Writer& writer, ByteView bytes) {
  writer.varint(bytes.size());
  writer.raw(bytes);
}

void write_label(Writer& writer, std::string_view label) {
  writer.varint(kPrefix.size() + label.size());
  writer.raw(view(kPrefix)).raw(view(label));
}

// SignContent and EncryptContext have one form.
Secret labelled(std::string_view label, ByteView content) {
  Writer writer;
  write_label(writer, label);
  write_opaque(writer, content);
  return std::move(writer).take();
}

}  // namespace

bool Suite::is_known(SuiteId id) noexcept { return SuiteTable::find(id) != nullptr; }

const Suite* Suite::find(SuiteId id) {
  const Suite* const suite = SuiteTable::find(id);
  return suite != nullptr && is_kem_supported(suite->hpke().kem) ? suite : nullptr;
}

const Suite& Suite::get(SuiteId id) {
  const Suite* const suite = find(id);
  if (suite == nullptr) {
    const std::string name = "The MLS cipher suite " + std::to_string(id);
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_E2EE,
                is_known(id)
                    ? name + " is not supported: it needs an OpenSSL with ML-KEM, 3.5 or later; this is " +
                          openssl_version() + "."
                    : name + " is not supported.");
  }
  return *suite;
}

const std::vector<SuiteId>& Suite::supported() {
  static const std::vector<SuiteId> classical{1, 2, 3, 4, 5, 6, 7}, all{1, 2, 3, 4, 5, 6, 7, kHybridSuite};
  return is_kem_supported(KemAlgorithm::kXWing) ? all : classical;
}

std::size_t Suite::key_size() const { return aead_key_size(hpke_.aead); }

Bytes Suite::ref_hash(std::string_view label, ByteView value) const {
  Writer writer;
  write_opaque(writer, view(label));
  write_opaque(writer, value);
  return hash(writer.secret());
}

Bytes Suite::key_package_ref(const KeyPackage& key_package) const {
  return ref_hash("MLS 1.0 KeyPackage Reference", encode(key_package));
}

Bytes Suite::proposal_ref(const AuthenticatedContent& content) const {
  return ref_hash("MLS 1.0 Proposal Reference", encode(content));
}

Bytes Suite::mac(ByteView key, ByteView data) const {
  const Secret tag = hmac(hash_, key, {data});
  return {tag.begin(), tag.end()};
}

Secret Suite::expand_with_label(ByteView secret, std::string_view label, ByteView context,
                                std::size_t size) const {
  Writer writer;
  writer(static_cast<std::uint16_t>(size));
  write_label(writer, label);
  write_opaque(writer, context);
  return hkdf_expand(hash_, secret, {writer.secret()}, size);
}

Secret Suite::derive_tree_secret(ByteView secret, std::string_view label, std::uint32_t generation,
                                 std::size_t size) const {
  std::array<std::uint8_t, 4> context;
  for (std::size_t i = 0; i < 4; ++i) context[i] = static_cast<std::uint8_t>(generation >> (24 - 8 * i));
  return expand_with_label(secret, label, context, size);
}

Bytes Suite::sign_with_label(const SigningKey& key, std::string_view label, ByteView content) const {
  return key.sign(labelled(label, content));
}

bool Suite::verify_with_label(ByteView public_key, std::string_view label, ByteView content,
                              ByteView signature) const {
  return verify_signature(signature_, public_key, labelled(label, content), signature);
}

HpkeInfo Suite::encryption_info(std::string_view label, ByteView context) const {
  return {hpke_, labelled(label, context)};
}

HpkeCiphertext Suite::encrypt(ByteView public_key, const HpkeInfo& info, ByteView plaintext,
                              ByteView ephemeral) const {
  HpkeSealed sealed = hpke_seal(info, public_key, {}, plaintext, ephemeral);
  return {std::move(sealed.kem_output), std::move(sealed.ciphertext)};
}

HpkeCiphertext Suite::encrypt_with_label(ByteView public_key, std::string_view label, ByteView context,
                                         ByteView plaintext) const {
  return encrypt(public_key, encryption_info(label, context), plaintext,
                 hpke_ephemerals(hpke_.kem, random_secret_bytes, 1).front());
}

Secret Suite::decrypt_with_label(ByteView private_key, std::string_view label, ByteView context,
                                 const HpkeCiphertext& ciphertext) const {
  return hpke_open(hpke_, private_key, ciphertext.kem_output, labelled(label, context), {},
                   ciphertext.ciphertext);
}

Bytes Suite::seal(ByteView key, ByteView nonce, ByteView associated_data, ByteView plaintext) const {
  return Aead(hpke_.aead, key).seal(nonce, plaintext, associated_data);
}

Secret Suite::open(ByteView key, ByteView nonce, ByteView associated_data, ByteView sealed) const {
  return Aead(hpke_.aead, key).open(nonce, sealed, associated_data);
}

}  // namespace mychat::mls
