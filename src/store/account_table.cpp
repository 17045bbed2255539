#include "store/account_table.h"

#include "store/check.h"
#include "store/keyed_rows.h"
#include "store/record.h"

namespace mychat {
namespace {

constexpr KeyedSql kSql = MYCHAT_KEYED_SQL(SealedColumn::kMetaRecord, LookupKind::kMetaName, "meta");

// What the value of a name is; written to the file.
enum Type : std::uint8_t {
  kBool = 1,
  kInt = 2,
  kText = 3,
  kBytes = 4,
  kAccount = 5,
  kIdentity = 6,
  kProfile = 7,
  kToken = 8
};

// The library's own names start with a character that a setting's name is kept from by its prefix.
constexpr std::string_view kAccountName = "#account";
constexpr std::string_view kIdentityName = "#identity";
constexpr std::string_view kTokenName = "#token";
constexpr std::string_view kProfileName = "#profile";

std::string setting(std::string_view name) { return std::string("=").append(name); }

}  // namespace

std::optional<Secret> AccountTable::load(std::string_view name, std::uint8_t type) const {
  const auto row = KeyedRows(db_, sealer_, kSql).find(name);
  if (!row) return std::nullopt;
  RecordReader fields(view(row->record));
  if (fields.bytes().size() != name.size() || fields.u8() != type) {
    throw_store_corrupt("The store is damaged: a setting has another type than expected.");
  }
  const ByteView value = fields.bytes();
  fields.end();
  return to_secret(value);
}

void AccountTable::save(std::string_view name, std::uint8_t type, ByteView value) {
  RecordWriter record;
  record.text(name).u8(type).bytes(value);
  KeyedRows(db_, sealer_, kSql).put(name, record.done());
}

std::optional<Account> AccountTable::account() const {
  const auto value = load(kAccountName, kAccount);
  if (!value) return std::nullopt;
  RecordReader fields(view(*value));
  Account account;
  account.handle = fields.text();
  account.user_id = fields.text();
  account.node_url = fields.text();
  account.created_at = fields.i64();
  fields.end();
  return account;
}

void AccountTable::set_account(const Account& account) {
  RecordWriter value;
  value.text(account.handle).text(account.user_id).text(account.node_url).i64(account.created_at);
  save(kAccountName, kAccount, view(value.done()));
}

std::optional<IdentityKeys> AccountTable::identity() const {
  const auto value = load(kIdentityName, kIdentity);
  if (!value) return std::nullopt;
  RecordReader fields(view(*value));
  IdentityKeys keys;
  keys.private_key = to_secret(fields.bytes());
  keys.public_key = fields.text();
  keys.fingerprint = fields.text();
  keys.signing_seed = to_secret(fields.bytes());
  keys.signing_public_key = to_bytes(fields.bytes());
  keys.signing_certificate = to_bytes(fields.bytes());
  fields.end();
  return keys;
}

void AccountTable::set_identity(const IdentityKeys& keys) {
  RecordWriter value;
  value.bytes(view(keys.private_key))
      .text(keys.public_key)
      .text(keys.fingerprint)
      .bytes(view(keys.signing_seed));
  value.bytes(view(keys.signing_public_key)).bytes(view(keys.signing_certificate));
  save(kIdentityName, kIdentity, view(value.done()));
}

std::optional<Secret> AccountTable::access_token() const { return load(kTokenName, kToken); }
void AccountTable::set_access_token(ByteView token) { save(kTokenName, kToken, token); }
void AccountTable::clear_access_token() { KeyedRows(db_, sealer_, kSql).remove(kTokenName); }

Profile AccountTable::profile() const {
  Profile profile;
  if (const auto value = load(kProfileName, kProfile)) {
    RecordReader fields(view(*value));
    profile.avatar_url = fields.text();
    profile.status_message = fields.text();
    fields.end();
  }
  return profile;
}

void AccountTable::set_profile(const Profile& profile) {
  RecordWriter value;
  value.text(profile.avatar_url).text(profile.status_message);
  save(kProfileName, kProfile, view(value.done()));
}

std::optional<bool> AccountTable::get_bool(std::string_view name) const {
  const auto value = load(setting(name), kBool);
  if (!value) return std::nullopt;
  RecordReader fields(view(*value));
  const bool result = fields.flag();
  fields.end();
  return result;
}

void AccountTable::set_bool(std::string_view name, bool value) {
  save(setting(name), kBool, view(RecordWriter().flag(value).done()));
}

std::optional<std::int64_t> AccountTable::get_int(std::string_view name) const {
  const auto value = load(setting(name), kInt);
  if (!value) return std::nullopt;
  RecordReader fields(view(*value));
  const std::int64_t result = fields.i64();
  fields.end();
  return result;
}

void AccountTable::set_int(std::string_view name, std::int64_t value) {
  save(setting(name), kInt, view(RecordWriter().i64(value).done()));
}

std::optional<std::string> AccountTable::get_text(std::string_view name) const {
  const auto value = load(setting(name), kText);
  if (!value) return std::nullopt;
  return std::string(text(view(*value)));
}

void AccountTable::set_text(std::string_view name, std::string_view value) {
  save(setting(name), kText, view(value));
}

std::optional<Secret> AccountTable::get_bytes(std::string_view name) const {
  return load(setting(name), kBytes);
}
void AccountTable::set_bytes(std::string_view name, ByteView value) { save(setting(name), kBytes, value); }
void AccountTable::remove(std::string_view name) { KeyedRows(db_, sealer_, kSql).remove(setting(name)); }

void verify_account(Database& database, Sealer& sealer, CheckReport& report) {
  KeyedRows(database, sealer, kSql).verify(report, [](const Secret& record) {
    RecordReader fields(view(record));
    std::string name = fields.text();
    fields.u8();
    fields.bytes();
    fields.end();
    return name;
  });
}

}  // namespace mychat
