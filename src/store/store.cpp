#include "store/store.h"

#include <sys/stat.h>

#include <utility>

#include "base/error.h"
#include "crypto/random.h"
#include "store/check.h"
#include "store/database.h"
#include "store/key_slot.h"
#include "store/migrations.h"
#include "store/sealer.h"
#include "store/store_file.h"

namespace mychat {
namespace {

constexpr std::int64_t kSlotRow = 1;

// Removes what was begun under a temporary name unless it was finished.
class Unfinished {
 public:
  explicit Unfinished(const std::string& final_path) : path_(unfinished_name(final_path)) {
    remove_unfinished(path_);
    create_empty_file(path_);
  }
  ~Unfinished() { remove_unfinished(path_); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

bool has_log(const std::string& path) {
  struct stat info {};
  return ::stat((path + "-wal").c_str(), &info) == 0 && info.st_size > 0;
}

void write_log(const StoreOptions& options, LogLevel level, std::string_view message) {
  if (options.log != nullptr) options.log->write(level, "store", message);
}

void create_file(const std::string& path, const StoreOptions& options,
                 std::span<const Migration> migrations) {
  const Unfinished file(path);
  {
    Database database(file.path(), Database::Mode::kUnfinished);
    database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA encoding = 'UTF-8';");
    database.exec(("PRAGMA application_id = " + std::to_string(kStoreApplicationId)).c_str());
    if (database.text("PRAGMA journal_mode = WAL") != "wal") {
      throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE,
                  "The file system of the store cannot share a write-ahead log.");
    }
    const Secret master_key = random_secret(kMasterKeySize);
    Sealer sealer(view(master_key));
    WriteScope scope(database);
    migrate(database, sealer, migrations);
    database.query("INSERT INTO keyslot (id, slot, verifier) VALUES (?1, ?2, ?3)")
        .bind(1, kSlotRow)
        .bind(2, make_key_slot(view(master_key), options.key, options.kdf))
        .bind(3, sealer.seal(SealedColumn::kVerifier, kSlotRow, view(kVerifierText)))
        .run();
    scope.commit();
    database.checkpoint();
  }
  rename_durably(file.path(), path);
}

// The master key, proven: the slot opens, and what it gives opens the verifier of this very file.
Secret unlock(Database& database, const StoreKey& key) {
  Query row = database.query("SELECT id, slot, verifier FROM keyslot");
  if (!row.step()) throw_store_corrupt("The store's key slot is missing.");
  Secret master_key = open_key_slot(row.blob(1), key);
  Sealer sealer(view(master_key));
  if (text(view(sealer.open(SealedColumn::kVerifier, row.integer(0), row.blob(2)))) != kVerifierText) {
    throw_store_corrupt("The store's key verifier is wrong.");
  }
  return master_key;
}

void require_known_schema(Database& database, std::span<const Migration> migrations) {
  if (database.integer("PRAGMA application_id") != kStoreApplicationId) {
    throw_store_corrupt("The file is a SQLite database of another program.");
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  const std::int64_t newest = migrations.empty() ? 0 : migrations.back().version;
  if (version > newest) {
    throw Error(MYCHAT_E_STORE_TOO_NEW, MYCHAT_DOMAIN_STORE,
                "A newer library wrote this store: its schema is version " + std::to_string(version) +
                    ", this library knows up to " + std::to_string(newest) + ".",
                0);
  }
  if (version < 1) throw_store_corrupt("The store's schema version is damaged.");
}

}  // namespace

// --- Transaction
// ---------------------------------------------------------------------------------------------------

Transaction::Transaction(Database& database) : db_(&database) { database.begin(); }
Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
Transaction::~Transaction() {
  if (db_ != nullptr) db_->rollback();
}
void Transaction::commit() {
  if (db_ == nullptr) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_STORE, "This transaction has ended already.");
  }
  std::exchange(db_, nullptr)->commit();
}

// --- StoreReader
// ---------------------------------------------------------------------------------------------------

StoreReader::StoreReader(std::unique_ptr<Database> database, std::unique_ptr<Sealer> sealer)
    : db_(std::move(database)),
      sealer_(std::move(sealer)),
      contacts_(*db_, *sealer_),
      conversations_(*db_, *sealer_),
      messages_(*db_, *sealer_) {}
StoreReader::~StoreReader() = default;

// --- Store
// ---------------------------------------------------------------------------------------------------------

struct Store::Impl {
  Impl(std::string path_in, std::unique_ptr<StoreLock> lock_in, std::unique_ptr<Database> database,
       ByteView master_key)
      : path(std::move(path_in)),
        lock(std::move(lock_in)),
        db(std::move(database)),
        sealer(master_key),
        account(*db, sealer),
        contacts(*db, sealer),
        conversations(*db, sealer),
        messages(*db, sealer),
        outbox(*db, sealer),
        journal(*db, sealer),
        sync(*db, sealer) {}

  std::string path;
  std::unique_ptr<StoreLock> lock;  // Goes after the connection.
  std::unique_ptr<Database> db;
  Sealer sealer;
  AccountTable account;
  ContactsTable contacts;
  ConversationsTable conversations;
  MessagesTable messages;
  OutboxTable outbox;
  JournalTable journal;
  SyncTable sync;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  const auto migrations = options.migrations.empty() ? store_migrations() : options.migrations;
  const std::string path = canonical_store_path(options.path);
  const auto require_mode = [&](FileKind kind) {
    if (kind == FileKind::kAbsent && options.mode == OpenMode::kOpenExisting) {
      throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_STORE, "There is no store of this name.");
    }
    if (kind == FileKind::kRegular && options.mode == OpenMode::kCreateNew) {
      throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_STORE, "There is a file of this name already.");
    }
  };
  if (options.mode == OpenMode::kOpenExisting)
    require_mode(store_file_kind(path));  // Leaves no lock file behind.
  auto lock = std::make_unique<StoreLock>(path);
  remove_unfinished(unfinished_name(path));
  const FileKind kind = store_file_kind(path);
  require_mode(kind);
  if (kind == FileKind::kAbsent) {
    create_file(path, options, migrations);
    write_log(options, LogLevel::kInfo, "A store was created.");
  }

  require_single_name(path);
  require_store_header(path);
  const bool log_present = has_log(path);
  auto database = std::make_unique<Database>(path, Database::Mode::kReadWrite);
  if (log_present) database->set_checkpoint_on_close(false);
  require_known_schema(*database, migrations);
  const bool suspicious = log_present || lock->last_holder_crashed();
  if (options.check == OpenCheck::kAlways || (options.check == OpenCheck::kAfterCrash && suspicious)) {
    write_log(options, LogLevel::kInfo, "The store is checked while it is opened.");
    if (!quick_check_passes(*database)) throw_store_corrupt("The store's file is damaged.");
  }
  const Secret master_key = unlock(*database, options.key);
  database->set_checkpoint_on_close(true);
  {
    Sealer sealer(view(master_key));
    migrate(*database, sealer, migrations);
  }
  lock->mark_opened();
  return std::unique_ptr<Store>(
      new Store(std::make_unique<Impl>(path, std::move(lock), std::move(database), view(master_key))));
}

const std::string& Store::path() const noexcept { return impl_->path; }
std::int64_t Store::schema_version() const { return impl_->db->integer("PRAGMA user_version"); }
Transaction Store::begin() { return Transaction(*impl_->db); }

AccountTable& Store::account() noexcept { return impl_->account; }
ContactsTable& Store::contacts() noexcept { return impl_->contacts; }
ConversationsTable& Store::conversations() noexcept { return impl_->conversations; }
MessagesTable& Store::messages() noexcept { return impl_->messages; }
OutboxTable& Store::outbox() noexcept { return impl_->outbox; }
JournalTable& Store::journal() noexcept { return impl_->journal; }
SyncTable& Store::sync() noexcept { return impl_->sync; }

std::unique_ptr<StoreReader> Store::open_reader() const {
  auto database = std::make_unique<Database>(impl_->path, Database::Mode::kReadOnly);
  return std::unique_ptr<StoreReader>(new StoreReader(std::move(database), impl_->sealer.clone()));
}

CheckReport Store::check() const { return check_everything(*impl_->db, impl_->sealer); }

void Store::backup(const std::string& path) const {
  if (impl_->db->in_transaction()) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_STORE, "A backup cannot be made inside a transaction.");
  }
  const std::string target = canonical_store_path(path);
  if (store_file_kind(target) != FileKind::kAbsent) {
    throw Error(MYCHAT_E_ALREADY_EXISTS, MYCHAT_DOMAIN_STORE, "There is a file of this name already.");
  }
  const Unfinished file(target);
  {
    Database copy(file.path(), Database::Mode::kUnfinished);
    impl_->db->copy_to(copy);
  }
  require_store_header(file.path());
  {
    Database copy(file.path(), Database::Mode::kReadWrite);
    const CheckReport report = check_everything(copy, impl_->sealer);
    if (!report.ok())
      throw_store_corrupt("The backup was not kept, since the store is damaged: " + report.problems[0]);
  }
  rename_durably(file.path(), target);
}

void Store::change_key(const StoreKey& new_key, const Argon2Params& cost) {
  if (impl_->db->in_transaction()) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_STORE,
                "The key cannot be changed inside a transaction.");
  }
  const Bytes slot = make_key_slot(impl_->sealer.master_key(), new_key, cost);
  WriteScope scope(*impl_->db);
  impl_->db->query("UPDATE keyslot SET slot = ?2 WHERE id = ?1").bind(1, kSlotRow).bind(2, view(slot)).run();
  if (impl_->db->changed_rows() != 1) throw_store_corrupt("The store's key slot is missing.");
  scope.commit();
  impl_->db->checkpoint();  // The old wrapping leaves the log as well.
}

}  // namespace mychat
