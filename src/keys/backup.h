// The backup archive of an account: a ZIP that v1 web clients read, with a member of ours, sealed under
// Argon2id, for what v1 does not hold.
//
// The v1 members hold the private key under PBKDF2 with 100,000 iterations, as v1 demands: whoever has the
// archive tries passwords against that, not against Argon2id. kSealedOnly leaves them out; v1 clients cannot
// read such an archive.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/kdf.h"
#include "crypto/rsa.h"

namespace mychat {

inline constexpr std::size_t kMaxBackupSize = 24 * 1024 * 1024;          // the archive
inline constexpr std::size_t kMaxBackupV1Member = 64 * 1024;             // one v1 member, unpacked
inline constexpr std::size_t kMaxBackupSealedMember = 16 * 1024 * 1024;  // mychat_sealed.json, unpacked
inline constexpr std::size_t kMaxBackupEntries = 32;
inline constexpr std::size_t kMaxBackupPreviousKeys = 256;
inline constexpr std::size_t kMinBackupPassword = 8;                // code points, when an archive is written
inline constexpr Argon2Params kBackupKdfLimit{1024 * 1024, 10, 8};  // what an archive may ask for

enum class BackupTrust { kUnverified, kVerified, kChanged };

struct BackupContact {
  std::string handle;
  std::string nickname;
  std::string public_key;  // PEM; empty when it was never fetched
  Bytes signing_key;       // empty, or 32 bytes
  Bytes signing_key_certificate;
  BackupTrust trust = BackupTrust::kUnverified;
  std::int64_t added_at = 0;
  bool blocked = false;
  bool operator==(const BackupContact&) const = default;
};

// What v1 does not hold.
struct BackupAccount {
  std::string handle;
  std::string node_url;
  Secret signing_seed;                // empty, or 32 bytes
  Bytes signing_key_certificate;      // goes with it
  std::vector<Secret> previous_keys;  // PKCS #8, the latest first: identity keys of before a rotation
  std::vector<Secret> older_keys;     // the same: of the account, which follows which is not known
  std::vector<BackupContact> contacts;
  std::map<std::string, std::string> settings;
};

enum class BackupShape {
  kV1AndSealed,  // the default: v1 clients read the keys, we read everything
  kV1Only,       // the keys alone
  kSealedOnly,   // for us alone; the private key is under Argon2id too
};

struct BackupContents {
  RsaPrivateKey private_key;
  std::optional<BackupAccount> account;  // absent in archives of v1
  BackupShape shape = BackupShape::kV1Only;
  std::int64_t created_at = 0;  // Unix ms; 0 when the archive does not say
};

struct BackupOptions {
  BackupShape shape = BackupShape::kV1AndSealed;
  Argon2Params kdf{65536, 3, 1};
};

// "mychat-keys-USERNAME-MILLIS.zip". MYCHAT_E_INVALID_ARGUMENT when that is not a user name.
std::string backup_file_name(std::string_view username, std::int64_t now_ms);

// The archive. `account` may be absent only with kV1Only. The password is UTF-8, hashed as it is (not
// normalised).
Bytes export_backup(const RsaPrivateKey& key, const BackupAccount* account, std::string_view password,
                    std::int64_t now_ms, const BackupOptions& options = {});

// Everything in the archive, or a precise reason:
// MYCHAT_E_MALFORMED       not an archive, truncated, damaged, a member missing, doubled or not what it must
// be MYCHAT_E_TOO_LARGE       archive, member or number of members above the limits MYCHAT_E_UNSUPPORTED
// version, algorithm or kdf of a member unknown here, or costs above kBackupKdfLimit MYCHAT_E_WRONG_PASSWORD
// the password opens no member MYCHAT_E_DECRYPT         the password opens one member but another was altered
// MYCHAT_E_KEY_MISMATCH    the keys in the archive do not belong together
BackupContents import_backup(ByteView archive, std::string_view password);

// What can be seen without the password. Throws as import_backup() for all that it can tell.
struct BackupInfo {
  BackupShape shape = BackupShape::kV1Only;
  std::vector<std::string> members;  // names, in the order of the archive
  std::int64_t created_at = 0;       // 0 when the archive does not say
  std::string v1_kdf;                // "PBKDF2-SHA256-100000", or empty without v1 members
  std::optional<Argon2Params> sealed_kdf;
};
BackupInfo inspect_backup(ByteView archive);

// The same contents under another password, in the same shape.
Bytes change_backup_password(ByteView archive, std::string_view old_password, std::string_view new_password,
                             std::int64_t now_ms);

}  // namespace mychat
