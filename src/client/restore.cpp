#include "client/restore.h"

#include <algorithm>
#include <functional>

#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "client/retry.h"
#include "keys/fingerprint.h"
#include "keys/identity.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "transport/url.h"

namespace mychat {
namespace {

// A contact whose new key waits comes back unverified with its old key: the node tells of the new one again.
ContactVerification from_backup(BackupTrust trust) noexcept {
  return trust == BackupTrust::kVerified ? ContactVerification::kVerified : ContactVerification::kUnverified;
}

std::uint32_t policy_of(const BackupAccount& account) {
  const auto found = account.settings.find(std::string(setting::kPolicy));
  if (found == account.settings.end() || found->second.size() > 3) return 0;
  std::uint32_t value = 0;
  for (const char c : found->second) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value & 15u;
}

std::optional<std::string> present(const Bytes& bytes) {
  if (bytes.empty()) return std::nullopt;
  return base64_encode(bytes);
}

// A signing key counts only with its certificate, here as anywhere. True when it brings one.
bool restore_contact(const Log& log, Store& store, const BackupContact& saved) {
  const auto handle = normalize_handle(saved.handle);
  if (!handle || saved.public_key.empty()) return false;
  const PeerKeys keys = check_peer_keys(log, *handle, saved.public_key,
                                        key_fingerprint(RsaPublicKey::from_spki_pem(saved.public_key)),
                                        present(saved.signing_key), present(saved.signing_key_certificate));
  auto known = store.contacts().get(*handle);
  Contact contact = known.value_or(Contact{});
  const bool same_key = known && equal_fingerprints(known->fingerprint, keys.fingerprint);
  if (known && !known->public_key.empty() && !same_key)
    return false;  // What is here now is newer than the backup.
  contact.handle = *handle;
  contact.public_key = keys.public_key_pem;
  contact.fingerprint = keys.fingerprint;
  if (contact.signing_public_key.empty()) {
    contact.signing_public_key = keys.signing_key;
    contact.signing_certificate = keys.certificate;
  } else if (contact.signing_public_key != keys.signing_key) {
    remember_signer(store, *handle, keys.signing_key);  // Another session of the user's made it.
  }
  if (contact.nickname.empty()) contact.nickname = saved.nickname;
  if (contact.verification == ContactVerification::kUnverified)
    contact.verification = from_backup(saved.trust);
  if (contact.added_at == 0) contact.added_at = saved.added_at;
  contact.blocked = contact.blocked || saved.blocked;
  store.contacts().upsert(contact);
  return !keys.signing_key.empty() && (!known || known->signing_public_key != keys.signing_key);
}

// What the sealed member holds beside the keys. A policy is only made stricter.
// `signs` is called with each contact of whom it brings a signing key.
void restore_account(const Log& log, Store& store, const BackupContents& contents, std::uint32_t policy,
                     const std::function<void(const std::string&)>& signs) {
  if (!contents.account) return;
  for (const BackupContact& contact : contents.account->contacts)
    if (contact.handle != contents.account->handle && restore_contact(log, store, contact))
      signs(contact.handle);
  store.account().set_int(setting::kPolicy, policy | policy_of(*contents.account));
}

// As the lists of an archive are to be added here.
std::vector<RsaPrivateKey> oldest_first(const std::vector<Secret>& saved) {
  std::vector<RsaPrivateKey> out;
  for (auto der = saved.rbegin(); der != saved.rend(); ++der)
    out.push_back(RsaPrivateKey::from_pkcs8_der(view(*der)));
  return out;
}

// A signing key that does not follow from the identity key (of another client) only checks old messages.
void restore_signer(Store& store, const BackupContents& contents) {
  if (!contents.account || contents.account->signing_seed.empty()) return;
  const auto saved = Ed25519PrivateKey::from_seed(view(contents.account->signing_seed)).public_key();
  if (saved != derive_signing_key(contents.private_key).public_key()) remember_own_signer(store, saved);
}

}  // namespace

void restore_into(Store& store, const BackupContents& contents, const std::string& handle) {
  store.account().set_identity(identity_record(handle, contents.private_key));
  restore_signer(store, contents);
  if (!contents.account) return;
  for (const RsaPrivateKey& key : oldest_first(contents.account->previous_keys)) add_previous_key(store, key);
  for (const RsaPrivateKey& key : oldest_first(contents.account->older_keys)) add_older_key(store, key);
  restore_account(Log(), store, contents, 0, [](const std::string&) {});
}

BackupReport describe(const BackupContents& contents) {
  BackupReport out;
  out.has_v1_members = contents.shape != BackupShape::kSealedOnly;
  out.has_sealed_member = contents.account.has_value();
  out.fingerprint = key_fingerprint(contents.private_key.public_key());
  out.created_at = contents.created_at;
  if (contents.account) {
    out.handle = contents.account->handle;
    out.has_signing_key = !contents.account->signing_seed.empty();
    out.contacts = static_cast<std::uint32_t>(contents.account->contacts.size());
    for (const BackupContact& contact : contents.account->contacts)
      out.verified_contacts += contact.trust == BackupTrust::kVerified;
  }
  return out;
}

namespace {

// What an archive is to a client.
enum class Restore {
  kIdentity,   // Its key becomes the client's: there is none, or the archive has the account's newer one.
  kSame,       // The client has that key.
  kOlderKeys,  // Of the same account: its keys open messages, older ones as far as is known.
};

// Keys of the archive that are not here yet, the oldest first, so that the latest is tried first. The
// previous ones count as given up only if the archive's own key is the client's: of another nothing is known
// but that it is the account's, and it may turn out to be the newer one.
void merge_keys(Core& core, Store& store, const BackupContents& contents, Restore restore) {
  std::vector<RsaPrivateKey> known{restore == Restore::kOlderKeys ? core.keyring->current
                                                                  : contents.private_key};
  const auto add_new = [&known](const RsaPrivateKey& key, const auto& add) {
    if (std::find(known.begin(), known.end(), key) != known.end()) return;
    known.push_back(key);
    add(key);
  };
  const auto add_previous = [&store](const RsaPrivateKey& key) { add_previous_key(store, key); };
  const auto add_older = [&store](const RsaPrivateKey& key) { add_older_key(store, key); };
  if (core.keyring) {
    known.push_back(core.keyring->current);  // Among the previous ones already, if it was replaced just now.
    known.insert(known.end(), core.keyring->previous.begin(), core.keyring->previous.end());
  }
  const bool follows = restore != Restore::kOlderKeys;
  if (contents.account && follows)
    for (const RsaPrivateKey& key : oldest_first(contents.account->previous_keys)) add_new(key, add_previous);
  if (core.keyring) known.insert(known.end(), core.keyring->older.begin(), core.keyring->older.end());
  if (contents.account) {
    for (const RsaPrivateKey& key : oldest_first(contents.account->older_keys)) add_new(key, add_older);
    if (!follows)
      for (const RsaPrivateKey& key : oldest_first(contents.account->previous_keys)) add_new(key, add_older);
  }
  add_new(contents.private_key, add_older);
}

bool holds_previous(const BackupContents& contents, const RsaPublicKey& key) {
  if (!contents.account) return false;
  const auto& saved = contents.account->previous_keys;
  return std::any_of(saved.begin(), saved.end(), [&](const Secret& der) {
    return RsaPrivateKey::from_pkcs8_der(view(der), RsaCheck::kArithmetic).public_key() == key;
  });
}

// Throws what the archive cannot be. Call with the mutex held.
Restore judge(Core& core, const BackupContents& contents) {
  const RsaPublicKey& key = contents.private_key.public_key();
  const auto at_node = core.store->account().get_text(setting::kAccountKey);
  const bool is_at_node = at_node && parse_public_key(*at_node) == key;
  const bool same_user = core.account && contents.account && contents.account->handle == core.account->handle;
  if (core.has_entered() && contents.account && !same_user)
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS, "That backup is of another account.");
  if (!core.keyring) {
    if (!at_node || is_at_node || (same_user && holds_previous(contents, parse_public_key(*at_node))))
      return Restore::kIdentity;
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS,
                same_user ? "That backup does not hold the account's present key: restore the newest one."
                          : "That backup is of another account, or does not hold its present key.");
  }
  if (core.keyring->current == contents.private_key) return Restore::kSame;
  // That one key follows another is believed to the archive, whose password was right; never to the node
  // alone: it could lead back to a key that was given up.
  if (same_user && holds_previous(contents, core.keyring->current.public_key())) return Restore::kIdentity;
  const auto& given_up = core.keyring->previous;
  if (is_at_node && std::find(given_up.begin(), given_up.end(), contents.private_key) == given_up.end())
    return Restore::kIdentity;
  if (same_user) return Restore::kOlderKeys;
  throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_KEYS, "This client has another identity key already.");
}

// Who the account is, as far as the archive says; the first login completes it.
void restore_name(Core& core, Change& change, const BackupContents& contents) {
  if (core.account || !contents.account) return;
  Account account;
  account.handle = contents.account->handle;
  account.node_url = core.options.node_url.empty() ? contents.account->node_url : core.options.node_url;
  try {
    require_confidential(parse_node_url(account.node_url), core.options.allow_plaintext);
  } catch (const Error& error) {
    core.info("backup", std::string("The node's address in the archive is not used: ") + error.what());
    account.node_url.clear();
  }
  change.store().account().set_account(account);
}

// Its key becomes the client's.
void restore_identity(Core& core, Change& change, const BackupContents& contents) {
  AccountTable& table = change.store().account();
  if (!core.keyring) {
    const auto account = table.account();
    table.set_identity(identity_record(account ? account->handle : std::string(), contents.private_key));
    return;
  }
  const auto at_node = table.get_text(setting::kAccountKey);
  adopt_identity(change, contents.private_key);
  // Whether the node has it too is asked at the next connection.
  if (!at_node || !(parse_public_key(*at_node) == contents.private_key.public_key()))
    table.remove(setting::kAccountKey);
}

}  // namespace

void Client::import_backup(ByteView archive, std::string_view password,
                           const std::function<void(const BackupReport&)>& hand_over) {
  Core& core = impl_->core;
  core.require_open();
  const BackupContents contents = mychat::import_backup(archive, password);
  BackupReport report = describe(contents);
  {
    Change change(core);
    AccountTable& table = change.store().account();
    const Restore restore = judge(core, contents);
    if (core.keyring) report.matches_account = restore == Restore::kOlderKeys ? 0 : 1;
    restore_name(core, change, contents);
    if (restore == Restore::kIdentity) restore_identity(core, change, contents);
    restore_signer(change.store(), contents);
    merge_keys(core, change.store(), contents, restore);
    restore_account(*core.log, change.store(), contents, core.policy_flags,
                    [&change](const std::string& handle) { verify_kept(change, handle); });
    if (restore != Restore::kOlderKeys)
      table.set_int(setting::kBackupAt,
                    std::max(table.get_int(setting::kBackupAt).value_or(0), contents.created_at));
    hand_over(report);
    change.commit_and_hold();
  }
  verify_own_quietly(core);
  retry_unreadable_quietly(core);
  impl_->sync.restart();
}

}  // namespace mychat
