// The plaintext of mychat_sealed.json. Part of backup.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "keys/backup.h"

namespace mychat {

struct SealedAccount {
  std::string identity;  // key_fingerprint() of the identity key that this belongs to
  Secret private_key;    // PKCS #8 in DER; empty when the v1 members hold the key
  BackupAccount account;
};

Secret write_account_json(const SealedAccount& sealed);
// MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE, MYCHAT_E_UNSUPPORTED for a newer format. Checks forms, not that
// keys belong together. Public keys of contacts are parsed to see that they are keys.
SealedAccount parse_account_json(std::string_view json);

}  // namespace mychat
