// A cipher suite and what MLS builds on its primitives: labelled hashes, keys, signatures and encryption
// (RFC 9420 section 5). Immutable; one object a suite and process.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "crypto/signature.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

inline constexpr SuiteId kDefaultSuite = 1;  // X25519, AES-128-GCM, SHA-256, Ed25519.
// MLS_256_XWING_AES256GCM_SHA512_Ed25519: X-Wing (X25519 with ML-KEM-768), AES-256-GCM, SHA-512, Ed25519. The
// number is of the range for private use (RFC 9420 section 17.1), that of ts-mls 2. Supported where the
// OpenSSL that runs has ML-KEM.
inline constexpr SuiteId kHybridSuite = 0xF00D;

class Suite {
 public:
  // MYCHAT_E_UNSUPPORTED for a suite that this build, or the OpenSSL that runs, does not have.
  static const Suite& get(SuiteId id);
  static const Suite* find(SuiteId id);
  // Whether there is such a suite where OpenSSL has what it needs.
  static bool is_known(SuiteId id) noexcept;
  static const std::vector<SuiteId>& supported();

  SuiteId id() const noexcept { return id_; }
  const HpkeSuite& hpke() const noexcept { return hpke_; }
  HashAlgorithm hash_algorithm() const noexcept { return hash_; }
  SignatureAlgorithm signature() const noexcept { return signature_; }
  std::size_t hash_size() const noexcept { return mychat::hash_size(hash_); }
  std::size_t key_size() const;
  static constexpr std::size_t nonce_size() { return kAeadNonceSize; }

  Bytes hash(ByteView data) const { return mychat::hash(hash_, {data}); }
  Bytes ref_hash(std::string_view label, ByteView value) const;
  // KeyPackageRef and ProposalRef; the latter of the AuthenticatedContent.
  Bytes key_package_ref(const KeyPackage& key_package) const;
  Bytes proposal_ref(const AuthenticatedContent& content) const;

  Bytes mac(ByteView key, ByteView data) const;
  Secret extract(ByteView salt, ByteView secret) const { return hkdf_extract(hash_, salt, secret); }
  Secret expand_with_label(ByteView secret, std::string_view label, ByteView context, std::size_t size) const;
  Secret derive_secret(ByteView secret, std::string_view label) const {
    return expand_with_label(secret, label, {}, hash_size());
  }
  Secret derive_tree_secret(ByteView secret, std::string_view label, std::uint32_t generation,
                            std::size_t size) const;

  Bytes sign_with_label(const SigningKey& key, std::string_view label, ByteView content) const;
  bool verify_with_label(ByteView public_key, std::string_view label, ByteView content,
                         ByteView signature) const;

  // For many receivers of one context: hashed once.
  HpkeInfo encryption_info(std::string_view label, ByteView context) const;
  // `ephemeral`: of hpke_ephemerals().
  HpkeCiphertext encrypt(ByteView public_key, const HpkeInfo& info, ByteView plaintext,
                         ByteView ephemeral) const;
  HpkeCiphertext encrypt_with_label(ByteView public_key, std::string_view label, ByteView context,
                                    ByteView plaintext) const;
  // MYCHAT_E_DECRYPT when it was not encrypted so; MYCHAT_E_MALFORMED for a kem_output that is none.
  Secret decrypt_with_label(ByteView private_key, std::string_view label, ByteView context,
                            const HpkeCiphertext& ciphertext) const;

  Bytes seal(ByteView key, ByteView nonce, ByteView associated_data, ByteView plaintext) const;
  Secret open(ByteView key, ByteView nonce, ByteView associated_data, ByteView sealed) const;

 private:
  friend struct SuiteTable;
  Suite(SuiteId id, HpkeSuite hpke, HashAlgorithm hash_of, SignatureAlgorithm signature) noexcept
      : id_(id), hpke_(hpke), hash_(hash_of), signature_(signature) {}

  SuiteId id_;
  HpkeSuite hpke_;
  HashAlgorithm hash_;
  SignatureAlgorithm signature_;
};

}  // namespace mychat::mls
