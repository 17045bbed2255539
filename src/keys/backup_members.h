// The JSON members of a backup archive: parsed without the password, then opened with it. Parts of backup.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/kdf.h"

namespace mychat {

inline constexpr std::string_view kPrivateKeyMember = "private_key.json";
inline constexpr std::string_view kPublicKeyMember = "public_key.json";
inline constexpr std::string_view kReadmeMember = "README.txt";
inline constexpr std::string_view kSealedMember = "mychat_sealed.json";
inline constexpr std::string_view kV1BackupKdf = "PBKDF2-SHA256-100000";

// private_key.json or public_key.json.
struct V1BackupMember {
  Bytes encrypted;
  Bytes iv;
  Bytes salt;
  std::int64_t created_at = 0;  // 0 when it does not say

  // `name` is one of the two names above; it decides the type expected and stands in messages.
  static V1BackupMember parse(std::string_view json, std::string_view name);
  // MYCHAT_E_DECRYPT when the password does not open it.
  Secret open(std::string_view password) const;
};
std::string seal_v1_member(std::string_view name, ByteView plaintext, std::string_view password,
                           std::int64_t now_ms);

// mychat_sealed.json.
struct SealedBackupMember {
  Argon2Params kdf;
  Bytes salt;
  Bytes iv;
  Bytes encrypted;
  std::string created;
  std::int64_t created_at = 0;

  static SealedBackupMember parse(std::string_view json);  // Costs are within kBackupKdfLimit afterwards.
  Secret open(std::string_view password) const;
};
std::string seal_account_member(ByteView plaintext, std::string_view password, std::int64_t now_ms,
                                const Argon2Params& kdf);

}  // namespace mychat
