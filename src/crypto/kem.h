// The key encapsulation of HPKE, DHKEM of RFC 9180 section 4.1 or X-Wing, and its labeled key derivation; for
// the .cpp files of this folder and their tests.
#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/hpke.h"

namespace mychat::detail {

// LabeledExtract and LabeledExpand of RFC 9180 section 4 for one suite_id.
class LabeledKdf {
 public:
  LabeledKdf(HashAlgorithm hash, Bytes suite_id) : hash_(hash), suite_id_(std::move(suite_id)) {}

  Secret extract(ByteView salt, std::string_view label, ByteView secret) const;
  // `info` is what both views hold, one after the other.
  Secret expand(ByteView pseudo_random_key, std::string_view label, ByteView info, ByteView more_info,
                std::size_t size) const;
  std::size_t hash_bytes() const noexcept { return hash_size(hash_); }

 private:
  HashAlgorithm hash_;
  Bytes suite_id_;
};

// What IANA's registry calls the KEM.
std::uint16_t kem_id(KemAlgorithm kem) noexcept;

struct Encapsulated {
  Bytes kem_output;
  Secret shared_secret;
};

Secret generate_kem_private_key(KemAlgorithm kem);
// `ephemeral`: of hpke_ephemerals(); tests give what is known.
Encapsulated encapsulate(KemAlgorithm kem, ByteView public_key, ByteView ephemeral);
Secret decapsulate(KemAlgorithm kem, ByteView private_key, ByteView kem_output);

}  // namespace mychat::detail
