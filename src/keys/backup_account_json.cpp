#include "keys/backup_account_json.h"

#include <cstdint>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/rsa.h"
#include "crypto/sign.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat {
namespace {

constexpr std::int64_t kFormat = 1;
// A contact is 9 values; what fits into the member by size is bounded by this too.
constexpr JsonOptions kAccountJson{
    .max_bytes = kMaxBackupSealedMember, .max_depth = 8, .max_nodes = 262144, .wipe = true};

constexpr std::string_view kUnverified = "unverified";
constexpr std::string_view kVerified = "verified";
constexpr std::string_view kChanged = "changed";

std::string_view trust_text(BackupTrust trust) {
  switch (trust) {
    case BackupTrust::kVerified:
      return kVerified;
    case BackupTrust::kChanged:
      return kChanged;
    case BackupTrust::kUnverified:
      break;
  }
  return kUnverified;
}

// An unknown word of a later version is the careful one.
BackupTrust parse_trust(std::string_view text) {
  if (text == kVerified) return BackupTrust::kVerified;
  return text == kChanged ? BackupTrust::kChanged : BackupTrust::kUnverified;
}

Secret secret_of(JsonView object, std::string_view name) {
  const auto text = object.optional_string(name);
  if (!text) return {};
  auto bytes = base64_decode_secret(*text);
  if (!bytes) object.at(name).fail("is not base64");
  return std::move(*bytes);
}

Bytes bytes_of(JsonView object, std::string_view name) {
  const auto text = object.optional_string(name);
  if (!text) return {};
  auto bytes = base64_decode(*text);
  if (!bytes) object.at(name).fail("is not base64");
  return std::move(*bytes);
}

std::string handle_of(JsonView object) {
  const std::string_view handle = object.string("handle");
  if (normalize_handle(handle) != handle) object.at("handle").fail("is not a handle");
  return std::string(handle);
}

std::string text_of(JsonView object, std::string_view name) {
  return std::string(object.optional_string(name).value_or(""));
}

void write_contact(SecretJsonWriter& out, const BackupContact& contact) {
  out.begin_object();
  out.member("handle", contact.handle);
  out.member("nickname", contact.nickname);
  out.member("public_key", contact.public_key);
  if (!contact.signing_key.empty()) {
    out.member("signing_key", base64_encode(contact.signing_key));
    out.member("signing_key_certificate", base64_encode(contact.signing_key_certificate));
  }
  out.member("trust", trust_text(contact.trust));
  out.member("added_at", contact.added_at);
  out.member("blocked", contact.blocked);
  out.end_object();
}

BackupContact parse_contact(JsonView object) {
  BackupContact contact;
  contact.handle = handle_of(object);
  contact.nickname = text_of(object, "nickname");
  contact.public_key = text_of(object, "public_key");
  if (!contact.public_key.empty()) static_cast<void>(parse_public_key(contact.public_key));
  contact.signing_key = bytes_of(object, "signing_key");
  if (!contact.signing_key.empty() && contact.signing_key.size() != kEd25519PublicKeySize) {
    object.at("signing_key").fail("is not 32 bytes long");
  }
  contact.signing_key_certificate = bytes_of(object, "signing_key_certificate");
  contact.trust = parse_trust(object.string("trust"));
  contact.added_at = object.optional_int("added_at").value_or(0);
  contact.blocked = object.optional_bool("blocked").value_or(false);
  return contact;
}

std::vector<Secret> keys_of(JsonView root, std::string_view name) {
  std::vector<Secret> keys;
  for (const JsonView key : root.optional_array(name)) {
    auto der = base64_decode_secret(key.as_string());
    if (!der || der->size() > kRsaMaxEncodedKey || keys.size() == kMaxBackupPreviousKeys) {
      key.fail("is not a previous key, or one too many");
    }
    keys.push_back(std::move(*der));
  }
  return keys;
}

void write_keys(SecretJsonWriter& out, std::string_view name, const std::vector<Secret>& keys) {
  out.key(name);
  out.begin_array();
  for (const Secret& key : keys) out.value(base64_encode_secret(view(key)));
  out.end_array();
}

BackupAccount parse_account(JsonView root) {
  BackupAccount account;
  account.handle = handle_of(root);
  account.node_url = text_of(root, "node_url");
  account.signing_seed = secret_of(root, "signing_seed");
  if (!account.signing_seed.empty() && account.signing_seed.size() != kEd25519SeedSize) {
    root.at("signing_seed").fail("is not 32 bytes long");
  }
  account.signing_key_certificate = bytes_of(root, "signing_key_certificate");
  if (account.signing_seed.empty() != account.signing_key_certificate.empty()) {
    root.fail("holds a signing key or its certificate without the other");
  }
  account.previous_keys = keys_of(root, "previous_keys");
  account.older_keys = keys_of(root, "older_keys");
  for (const JsonView contact : root.array("contacts")) account.contacts.push_back(parse_contact(contact));
  for (const JsonView setting : root.optional_object("settings")) {
    account.settings.emplace(setting.name(), setting.as_string());
  }
  return account;
}

}  // namespace

Secret write_account_json(const SealedAccount& sealed) {
  const BackupAccount& account = sealed.account;
  Secret json;
  json.reserve(8192 + account.contacts.size() * 2048);
  SecretJsonWriter out(json);
  out.begin_object();
  out.member("format", kFormat);
  out.member("identity", sealed.identity);
  if (!sealed.private_key.empty()) out.member("private_key", base64_encode_secret(view(sealed.private_key)));
  out.member("handle", account.handle);
  out.member("node_url", account.node_url);
  if (!account.signing_seed.empty()) {
    out.member("signing_seed", base64_encode_secret(view(account.signing_seed)));
    out.member("signing_key_certificate", base64_encode(account.signing_key_certificate));
  }
  write_keys(out, "previous_keys", account.previous_keys);
  if (!account.older_keys.empty()) write_keys(out, "older_keys", account.older_keys);
  out.key("contacts");
  out.begin_array();
  for (const BackupContact& contact : account.contacts) write_contact(out, contact);
  out.end_array();
  out.key("settings");
  out.begin_object();
  for (const auto& [name, value] : account.settings) out.member(name, value);
  out.end_object();
  out.end_object();
  return json;
}

SealedAccount parse_account_json(std::string_view json) {
  const Json document = Json::parse(json, kAccountJson);
  const JsonView root = document.root();
  if (root.integer("format") != kFormat) {
    throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_KEYS,
                "A newer version of MyChat wrote this backup's account.");
  }
  return {.identity = std::string(root.string("identity")),
          .private_key = secret_of(root, "private_key"),
          .account = parse_account(root)};
}

}  // namespace mychat
