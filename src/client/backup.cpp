// Key backups: export, restore, and the proof that one can be restored.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/encoding.h"
#include "client/client_impl.h"
#include "client/restore.h"
#include "crypto/random.h"
#include "e2ee/envelope_v1.h"
#include "keys/backup.h"
#include "keys/fingerprint.h"
#include "protocol/handle.h"

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
  for (const RsaPrivateKey& key : core.keyring->older) out.older_keys.push_back(key.to_pkcs8_der());
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

// A store in a folder of its own that goes away with it, under a random key that is never written.
class ScratchStore {
 public:
  ScratchStore() {
    const char* base = ::getenv("TMPDIR");
    folder_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/mychat-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr)
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM,
                  std::string("No scratch folder: ") + std::strerror(errno), errno);
    try {
      store_ = Store::open({.path = folder_ + "/store", .key = StoreKey::host_key(random_secret(32))});
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
  // Allocates nothing: it may be memory that ran out.
  void remove() noexcept {
    char name[PATH_MAX];
    for (const char* file : {"store", "store.lock", "store.mychat-unfinished"}) {
      for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
        std::snprintf(name, sizeof name, "%s/%s%s", folder_.c_str(), file, suffix);
        ::unlink(name);
      }
    }
    ::rmdir(folder_.c_str());
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
  const std::size_t saved_keys =
      contents.account ? contents.account->previous_keys.size() + contents.account->older_keys.size() : 0;
  if (core.keyring && core.keyring->previous.size() + core.keyring->older.size() > saved_keys)
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

void Client::export_backup(std::string_view password, mychat_backup_kind kind,
                           const std::function<void(const BackupFile&)>& hand_over) {
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
  hand_over(out);
  const std::lock_guard lock(core.mutex);
  core.require_open();
  core.store->account().set_int(setting::kBackupAt, core.now());
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
