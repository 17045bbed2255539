#include "keys/backup.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/sign.h"
#include "keys/backup_account_json.h"
#include "keys/backup_members.h"
#include "keys/backup_readme.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/jwk.h"
#include "keys/zip_archive.h"
#include "protocol/handle.h"
#include "protocol/limits.h"

namespace mychat {
namespace {

[[noreturn]] void fail(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_KEYS, message);
}

// Everything that can be known without the password.
struct ParsedArchive {
  std::vector<std::string> names;
  std::optional<V1BackupMember> private_key, public_key;  // both or none
  std::optional<SealedBackupMember> sealed;

  BackupShape shape() const {
    if (!sealed) return BackupShape::kV1Only;
    return private_key ? BackupShape::kV1AndSealed : BackupShape::kSealedOnly;
  }
  std::int64_t created_at() const { return sealed ? sealed->created_at : private_key->created_at; }
};

std::optional<V1BackupMember> read_v1(const ZipReader& zip, std::string_view name) {
  const auto json = zip.read(name, kMaxBackupV1Member);
  if (!json) return std::nullopt;
  return V1BackupMember::parse(text(view(*json)), name);
}

ParsedArchive parse_archive(ByteView archive) {
  if (archive.size() > kMaxBackupSize) fail(MYCHAT_E_TOO_LARGE, "The backup archive is too large.");
  const ZipReader zip(archive, kMaxBackupEntries);
  ParsedArchive out;
  out.names = zip.names();
  const auto has = [&](std::string_view name) {
    return std::find(out.names.begin(), out.names.end(), name) != out.names.end();
  };
  const bool any_v1 = has(kPrivateKeyMember) || has(kPublicKeyMember);
  if (any_v1 || !has(kSealedMember)) {
    for (const std::string_view name : {kPrivateKeyMember, kPublicKeyMember}) {
      if (!has(name)) fail(MYCHAT_E_MALFORMED, "The backup lacks its member " + std::string(name) + ".");
    }
    out.private_key = read_v1(zip, kPrivateKeyMember);
    out.public_key = read_v1(zip, kPublicKeyMember);
  }
  if (const auto json = zip.read(kSealedMember, kMaxBackupSealedMember)) {
    out.sealed = SealedBackupMember::parse(text(view(*json)));
  }
  return out;
}

// Nothing when the password does not open the member.
template <class Member>
std::optional<Secret> try_open(const Member& member, std::string_view password) {
  try {
    return member.open(password);
  } catch (const Error& error) {
    if (error.status() != MYCHAT_E_DECRYPT) throw;
    return std::nullopt;
  }
}

[[noreturn]] void fail_wrong_password() {
  fail(MYCHAT_E_WRONG_PASSWORD, "The password does not open the backup.");
}

[[noreturn]] void fail_altered(std::string_view name) {
  fail(MYCHAT_E_DECRYPT, "The backup's member " + std::string(name) +
                             " was altered, or has another password than the rest of the backup.");
}

RsaPrivateKey open_v1_keys(const ParsedArchive& archive, std::string_view password) {
  const auto private_text = try_open(*archive.private_key, password);
  const auto public_text = try_open(*archive.public_key, password);
  if (!private_text && !public_text) fail_wrong_password();
  if (!private_text) fail_altered(kPrivateKeyMember);
  if (!public_text) fail_altered(kPublicKeyMember);
  const RsaPublicKey public_key = parse_public_jwk(text(view(*public_text)));
  RsaPrivateKey private_key = parse_private_jwk(text(view(*private_text)));
  if (!(private_key.public_key() == public_key)) {
    fail(MYCHAT_E_KEY_MISMATCH, "The backup's private and public keys do not belong together.");
  }
  return private_key;
}

// `known` is the key of the v1 members, if the archive has them.
RsaPrivateKey identity_key_of(const SealedAccount& sealed, std::optional<RsaPrivateKey> known) {
  if (!known && sealed.private_key.empty()) {
    fail(MYCHAT_E_MALFORMED, "The backup holds no private key.");
  }
  RsaPrivateKey key = known ? std::move(*known) : RsaPrivateKey::from_pkcs8_der(view(sealed.private_key));
  if (!equal_fingerprints(sealed.identity, key_fingerprint(key.public_key()))) {
    fail(MYCHAT_E_KEY_MISMATCH, "The backup's account and its private key do not belong together.");
  }
  const BackupAccount& account = sealed.account;
  if (!account.signing_seed.empty()) {
    const auto signing_key = Ed25519PrivateKey::from_seed(view(account.signing_seed));
    if (!signing_key_certified(key.public_key(), account.handle, signing_key.public_key(),
                               account.signing_key_certificate)) {
      fail(MYCHAT_E_KEY_MISMATCH, "The backup's signing key is not certified by its identity key.");
    }
  }
  return key;
}

void check_password(std::string_view password) {
  if (!is_utf8(password) || utf8_length(password) < kMinBackupPassword ||
      password.size() > limits::kPasswordMaxBytes) {
    fail(MYCHAT_E_INVALID_ARGUMENT,
         "A backup's password is UTF-8 of at least 8 characters and at most 1,024 bytes.");
  }
}

void check_costs(const Argon2Params& kdf) {
  if (kdf.memory_kib > kBackupKdfLimit.memory_kib || kdf.iterations > kBackupKdfLimit.iterations ||
      kdf.lanes > kBackupKdfLimit.lanes) {
    fail(MYCHAT_E_INVALID_ARGUMENT,
         "The costs of the backup's key derivation are above what can be read again.");
  }
}

std::string sealed_member(const RsaPrivateKey& key, const BackupAccount& account, std::string_view password,
                          std::int64_t now_ms, const BackupOptions& options) {
  SealedAccount sealed{.identity = key_fingerprint(key.public_key()), .private_key = {}, .account = account};
  if (options.shape == BackupShape::kSealedOnly) sealed.private_key = key.to_pkcs8_der();
  const Secret json = write_account_json(sealed);
  std::string member = seal_account_member(view(json), password, now_ms, options.kdf);
  if (member.size() > kMaxBackupSealedMember) {
    fail(MYCHAT_E_TOO_LARGE, "The account is too large for a backup.");
  }
  return member;
}

}  // namespace

std::string backup_file_name(std::string_view username, std::int64_t now_ms) {
  const auto name = parse_username(username);
  if (!name || now_ms < 0)
    fail(MYCHAT_E_INVALID_ARGUMENT, "A backup's file name needs a user name and a time.");
  return "mychat-keys-" + *name + "-" + std::to_string(now_ms) + ".zip";
}

Bytes export_backup(const RsaPrivateKey& key, const BackupAccount* account, std::string_view password,
                    std::int64_t now_ms, const BackupOptions& options) {
  check_password(password);
  check_costs(options.kdf);
  const bool sealed = options.shape != BackupShape::kV1Only;
  if (sealed && account == nullptr) {
    fail(MYCHAT_E_INVALID_ARGUMENT, "Only a backup of the keys alone can be made without an account.");
  }
  std::vector<ZipMember> members;
  if (options.shape != BackupShape::kSealedOnly) {
    const Secret private_text = private_jwk_pretty(key);
    const std::string public_text = public_jwk_pretty(key.public_key());
    members.push_back({std::string(kPrivateKeyMember),
                       seal_v1_member(kPrivateKeyMember, view(private_text), password, now_ms)});
    members.push_back({std::string(kPublicKeyMember),
                       seal_v1_member(kPublicKeyMember, view(public_text), password, now_ms)});
  }
  members.push_back({std::string(kReadmeMember), backup_readme(options.shape, now_ms)});
  if (sealed) {
    members.push_back({std::string(kSealedMember), sealed_member(key, *account, password, now_ms, options)});
  }
  return write_zip(members, now_ms);
}

BackupContents import_backup(ByteView archive, std::string_view password) {
  const ParsedArchive parsed = parse_archive(archive);
  std::optional<RsaPrivateKey> key;
  if (parsed.private_key) key = open_v1_keys(parsed, password);
  std::optional<BackupAccount> account;
  if (parsed.sealed) {
    const auto json = try_open(*parsed.sealed, password);
    if (!json && !key) fail_wrong_password();
    if (!json) fail_altered(kSealedMember);
    SealedAccount sealed = parse_account_json(text(view(*json)));
    key = identity_key_of(sealed, std::move(key));
    account = std::move(sealed.account);
  }
  return {.private_key = std::move(*key),
          .account = std::move(account),
          .shape = parsed.shape(),
          .created_at = parsed.created_at()};
}

BackupInfo inspect_backup(ByteView archive) {
  ParsedArchive parsed = parse_archive(archive);
  BackupInfo info{.shape = parsed.shape(),
                  .members = std::move(parsed.names),
                  .created_at = parsed.created_at(),
                  .v1_kdf = parsed.private_key ? std::string(kV1BackupKdf) : std::string(),
                  .sealed_kdf = std::nullopt};
  if (parsed.sealed) info.sealed_kdf = parsed.sealed->kdf;
  return info;
}

Bytes change_backup_password(ByteView archive, std::string_view old_password, std::string_view new_password,
                             std::int64_t now_ms) {
  check_password(new_password);
  const BackupContents contents = import_backup(archive, old_password);
  BackupOptions options{.shape = contents.shape, .kdf = {}};
  if (const auto kdf = inspect_backup(archive).sealed_kdf) {
    // Never below today's default, whatever the old archive used.
    options.kdf.memory_kib = std::max(options.kdf.memory_kib, kdf->memory_kib);
    options.kdf.iterations = std::max(options.kdf.iterations, kdf->iterations);
    options.kdf.lanes = kdf->lanes;
  }
  return export_backup(contents.private_key, contents.account ? &*contents.account : nullptr, new_password,
                       now_ms, options);
}

}  // namespace mychat
