// Key backups: export, restore, and the proof that one can be restored.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/peers.h"
#include "client/retry.h"
#include "crypto/random.h"
#include "e2ee/envelope_v1.h"
#include "keys/backup.h"
#include "keys/certificate.h"
#include "keys/fingerprint.h"
#include "keys/identity.h"
#include "keys/public_key.h"
#include "protocol/handle.h"
#include "transport/url.h"

namespace mychat {
namespace {

BackupTrust to_backup(ContactVerification verification) noexcept {
  switch (verification) {
    case ContactVerification::kVerified:
      return BackupTrust::kVerified;
    case ContactVerification::kChanged:
      return BackupTrust::kChanged;
    case ContactVerification::kUnverified:
      break;
  }
  return BackupTrust::kUnverified;
}

// A contact whose new key waits comes back unverified with its old key: the node tells of the new one again.
ContactVerification from_backup(BackupTrust trust) noexcept {
  return trust == BackupTrust::kVerified ? ContactVerification::kVerified : ContactVerification::kUnverified;
}

BackupShape to_shape(mychat_backup_kind kind) {
  switch (kind) {
    case MYCHAT_BACKUP_FULL:
      return BackupShape::kV1AndSealed;
    case MYCHAT_BACKUP_V1:
      return BackupShape::kV1Only;
    case MYCHAT_BACKUP_SEALED:
      return BackupShape::kSealedOnly;
    default:
      throw_argument("The kind of backup is not one of MYCHAT_BACKUP_.");
  }
}

// Call with the mutex held.
BackupAccount collect(Core& core) {
  BackupAccount out;
  out.handle = core.account->handle;
  out.node_url = core.account->node_url;
  if (!core.keyring->certificate.empty()) {
    out.signing_seed = core.keyring->signing_key.seed();
    out.signing_key_certificate = core.keyring->certificate;
  }
  for (const RsaPrivateKey& key : core.keyring->previous) out.previous_keys.push_back(key.to_pkcs8_der());
  for (const Contact& contact : core.store->contacts().list()) {
    BackupContact entry;
    entry.handle = contact.handle;
    entry.nickname = contact.nickname;
    entry.public_key = contact.public_key;
    entry.signing_key = contact.signing_public_key;
    entry.signing_key_certificate = contact.signing_certificate;
    entry.trust = to_backup(contact.verification);
    entry.added_at = contact.added_at;
    entry.blocked = contact.blocked;
    out.contacts.push_back(std::move(entry));
  }
  out.settings[std::string(setting::kPolicy)] = std::to_string(core.policy_flags);
  return out;
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

IdentityKeys identity_of(const BackupContents& contents, const std::string& handle) {
  const RsaPrivateKey& key = contents.private_key;
  if (!handle.empty()) return identity_record(handle, key);
  IdentityKeys record;
  record.private_key = key.to_pkcs8_der();
  record.public_key = key.public_key().to_spki_pem();
  record.fingerprint = key_fingerprint(key.public_key());
  return record;
}

std::optional<std::string> present(const Bytes& bytes) {
  if (bytes.empty()) return std::nullopt;
  return base64_encode(bytes);
}

// A signing key counts only with its certificate, here as anywhere.
void restore_contact(const Log& log, Store& store, const BackupContact& saved) {
  const auto handle = normalize_handle(saved.handle);
  if (!handle || saved.public_key.empty()) return;
  const PeerKeys keys = check_peer_keys(log, *handle, saved.public_key,
                                        key_fingerprint(RsaPublicKey::from_spki_pem(saved.public_key)),
                                        present(saved.signing_key), present(saved.signing_key_certificate));
  auto known = store.contacts().get(*handle);
  Contact contact = known.value_or(Contact{});
  const bool same_key = known && equal_fingerprints(known->fingerprint, keys.fingerprint);
  if (known && !known->public_key.empty() && !same_key) return;  // What is here now is newer than the backup.
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
}

// What the sealed member holds beside the keys. A policy is only made stricter.
void restore_account(const Log& log, Store& store, const BackupContents& contents, std::uint32_t policy) {
  if (!contents.account) return;
  for (const BackupContact& contact : contents.account->contacts) restore_contact(log, store, contact);
  store.account().set_int(setting::kPolicy, policy | policy_of(*contents.account));
}

// A signing key that does not follow from the identity key (of another client) only checks old messages.
void restore_signer(Store& store, const BackupContents& contents) {
  if (!contents.account || contents.account->signing_seed.empty()) return;
  const auto saved = Ed25519PrivateKey::from_seed(view(contents.account->signing_seed)).public_key();
  if (saved != derive_signing_key(contents.private_key).public_key())
    remember_signer(store, contents.account->handle, saved);
}

// Everything that the archive holds, into an empty store, inside the caller's transaction.
void restore_into(Store& store, const BackupContents& contents, const std::string& handle) {
  store.account().set_identity(identity_of(contents, handle));
  restore_signer(store, contents);
  if (!contents.account) return;
  const auto& previous = contents.account->previous_keys;
  for (auto der = previous.rbegin(); der != previous.rend(); ++der)
    add_previous_key(store, RsaPrivateKey::from_pkcs8_der(view(*der)));
  restore_account(Log(), store, contents, 0);
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

// A store in a folder of its own that goes away with it, under a random key that is never written.
class ScratchStore {
 public:
  ScratchStore() {
    const char* base = ::getenv("TMPDIR");
    std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/mychat-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                  std::string("No scratch folder: ") + std::strerror(errno), errno);
    folder_ = name;
    StoreOptions options{.path = folder_ + "/store", .key = StoreKey::host_key(random_secret(32))};
    try {
      store_ = Store::open(options);
    } catch (...) {
      remove();
      throw;
    }
  }
  ~ScratchStore() {
    store_.reset();
    remove();
  }
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;
  Store& store() noexcept { return *store_; }

 private:
  void remove() noexcept {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string folder_;
  std::unique_ptr<Store> store_;
};

// The restored keys must work: a message sealed to the public half opens with the private half that came
// back.
void prove_identity(Store& store) {
  const auto restored = store.account().identity();
  const RsaPrivateKey key = RsaPrivateKey::from_pkcs8_der(view(restored->private_key), RsaCheck::kArithmetic);
  const EnvelopeFields sealed = seal_envelope(view("proof"), key.public_key(), {});
  if (text(view(open_envelope(sealed, key))) != "proof")
    throw Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_KEYS, "The restored key does not open what it sealed.");
}

BackupReport prove(const BackupContents& contents, const std::string& handle) {
  ScratchStore scratch;
  {
    Transaction transaction = scratch.store().begin();
    restore_into(scratch.store(), contents, contents.account ? contents.account->handle : handle);
    transaction.commit();
  }
  prove_identity(scratch.store());
  return describe(contents);
}

void add_loss(std::vector<std::string>& losses, std::int64_t count, const char* one, const char* many) {
  if (count == 1) losses.emplace_back(one);
  if (count > 1) losses.push_back(std::to_string(count) + many);
}

// What the client has and the archive does not. Call with the mutex held.
void compare(Core& core, const BackupContents& contents, BackupReport& report) {
  std::vector<std::string>& losses = report.losses;
  if (core.keyring) report.matches_account = contents.private_key == core.keyring->current ? 1 : 0;
  if (report.matches_account == 0) losses.emplace_back("The account's present identity key is not in it.");
  const std::size_t saved_previous = contents.account ? contents.account->previous_keys.size() : 0;
  if (core.keyring && core.keyring->previous.size() > saved_previous)
    losses.emplace_back("Identity keys of before a rotation: older messages at the node stay unreadable.");
  std::int64_t missing = 0;
  std::int64_t verified = 0;
  for (const Contact& contact : core.store->contacts().list()) {
    const BackupContact* found = nullptr;
    if (contents.account) {
      const auto& saved = contents.account->contacts;
      const auto it = std::find_if(saved.begin(), saved.end(), [&](const BackupContact& entry) {
        return entry.handle == contact.handle;
      });
      if (it != saved.end()) found = &*it;
    }
    missing += found == nullptr && contact.added_at != 0;
    verified += contact.verification == ContactVerification::kVerified &&
                (found == nullptr || found->trust != BackupTrust::kVerified);
  }
  add_loss(losses, missing, "One contact.", " contacts.");
  add_loss(losses, verified, "One contact's verification.", " contacts' verifications.");
  add_loss(losses, core.store->messages().count(),
           "The local copy of one message, unless the node still has it.",
           " messages' local copies, as far as the node no longer has them.");
}

}  // namespace

BackupFile Client::export_backup(std::string_view password, mychat_backup_kind kind) {
  Core& core = impl_->core;
  core.require_open();
  BackupOptions options;
  options.shape = to_shape(kind);
  if (!is_utf8(password)) throw_argument("The password is not UTF-8.");
  if (utf8_length(password) < kMinBackupPassword)
    throw_argument("A backup's password has at least 8 characters.");
  const auto ring = core.require_keys();
  const std::string handle = core.require_handle();
  BackupAccount account;
  {
    const std::lock_guard lock(core.mutex);
    core.require_open();
    account = collect(core);
  }
  BackupFile out;
  out.file_name = backup_file_name(handle.substr(0, handle.find('@')), core.now());
  out.data = mychat::export_backup(ring->current, kind == MYCHAT_BACKUP_V1 ? nullptr : &account, password,
                                   core.now(), options);
  const std::lock_guard lock(core.mutex);
  core.require_open();
  core.store->account().set_int(setting::kBackupAt, core.now());
  return out;
}

namespace {

// Keys of the archive that are not here yet, the oldest first, so that the latest is tried first.
void merge_previous_keys(Core& core, Store& store, const BackupContents& contents,
                         const RsaPrivateKey& current) {
  std::vector<RsaPrivateKey> known{current};
  if (core.keyring) {
    known.push_back(core.keyring->current);
    known.insert(known.end(), core.keyring->previous.begin(), core.keyring->previous.end());
  }
  const auto add = [&](const RsaPrivateKey& key) {
    if (std::find(known.begin(), known.end(), key) != known.end()) return;
    known.push_back(key);
    add_previous_key(store, key);
  };
  if (contents.account) {
    const auto& saved = contents.account->previous_keys;
    for (auto der = saved.rbegin(); der != saved.rend(); ++der)
      add(RsaPrivateKey::from_pkcs8_der(view(*der)));
  }
  add(contents.private_key);
}

// What an archive is to a client.
enum class Restore {
  kIdentity,   // Its key becomes the client's: there is none, or the archive has the account's newer one.
  kSame,       // The client has that key.
  kOlderKeys,  // Of the same account: its keys open older messages.
};

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
    table.set_identity(identity_of(contents, account ? account->handle : std::string()));
    return;
  }
  const auto at_node = table.get_text(setting::kAccountKey);
  adopt_identity(change, contents.private_key);
  // Whether the node has it too is asked at the next connection.
  if (!at_node || !(parse_public_key(*at_node) == contents.private_key.public_key()))
    table.remove(setting::kAccountKey);
}

}  // namespace

BackupReport Client::import_backup(ByteView archive, std::string_view password) {
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
    merge_previous_keys(core, change.store(), contents,
                        restore == Restore::kOlderKeys ? core.keyring->current : contents.private_key);
    restore_account(*core.log, change.store(), contents, core.keyring ? core.policy_flags : 0);
    if (restore != Restore::kOlderKeys)
      table.set_int(setting::kBackupAt,
                    std::max(table.get_int(setting::kBackupAt).value_or(0), contents.created_at));
    change.commit();
    core.account = table.account();
    core.reload_keys();
    core.policy_flags =
        static_cast<std::uint32_t>(core.store->account().get_int(setting::kPolicy).value_or(0));
  }
  verify_own_quietly(core);
  retry_unreadable_quietly(core);
  impl_->sync.restart();
  return report;
}

BackupReport Client::verify_backup(ByteView archive, std::string_view password) {
  Core& core = impl_->core;
  core.require_open();
  const BackupContents contents = mychat::import_backup(archive, password);
  BackupReport report = prove(contents, core.handle());
  const std::lock_guard lock(core.mutex);
  core.require_open();
  compare(core, contents, report);
  return report;
}

BackupReport verify_backup(ByteView archive, std::string_view password) {
  return prove(import_backup(archive, password), {});
}

BackupFile change_backup_password_of(ByteView archive, std::string_view password,
                                     std::string_view new_password) {
  if (!is_utf8(new_password)) throw_argument("The password is not UTF-8.");
  if (utf8_length(new_password) < kMinBackupPassword)
    throw_argument("A backup's password has at least 8 characters.");
  const std::int64_t now = Clock::system().now_ms();
  BackupFile out;
  const BackupContents contents = import_backup(archive, password);
  std::string username = "account";
  if (contents.account) username = contents.account->handle.substr(0, contents.account->handle.find('@'));
  out.file_name = backup_file_name(username, now);
  out.data = change_backup_password(archive, password, new_password, now);
  return out;
}

}  // namespace mychat
