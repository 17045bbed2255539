#include "store/database.h"

#include <sqlite3.h>

#include <new>

#include "base/error.h"

namespace mychat {
namespace {

constexpr int kReaderBusyTimeoutMs = 2000;
constexpr int kMaxValueBytes = 256 * 1024 * 1024;

}  // namespace

const char* sqlite_version() noexcept { return sqlite3_libversion(); }

void throw_store_corrupt(const std::string& message) {
  throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, message);
}

void throw_sqlite(int extended_code, const std::string& doing) {
  const std::string message = "The store could not " + doing + ": " + sqlite3_errstr(extended_code) + ".";
  switch (extended_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, message, extended_code);
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_TOOBIG:
      throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_STORE, message, extended_code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
      throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE, message, extended_code, true);
    default:
      throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE, message, extended_code);
  }
}

// --- Query
// ---------------------------------------------------------------------------------------------------------

Query::~Query() {
  if (busy_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  *busy_ = false;
}

Query& Query::bind(int index, std::int64_t value) {
  if (const int rc = sqlite3_bind_int64(statement_, index, value); rc != SQLITE_OK)
    throw_sqlite(rc, "bind a value");
  return *this;
}

Query& Query::bind(int index, ByteView value) {
  // A null pointer would bind NULL instead of an empty blob.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  const int rc = sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_STATIC);
  if (rc != SQLITE_OK) throw_sqlite(rc, "bind a value");
  return *this;
}

Query& Query::bind(int index, Bytes&& value) {
  kept_.push_back(std::move(value));  // Moving a vector keeps the address of its bytes.
  return bind(index, view(kept_.back()));
}

Query& Query::bind_null(int index) {
  if (const int rc = sqlite3_bind_null(statement_, index); rc != SQLITE_OK) throw_sqlite(rc, "bind a value");
  return *this;
}

bool Query::step() {
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  throw_sqlite(sqlite3_extended_errcode(db_), "read or write its file");
}

std::int64_t Query::integer(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) {
    throw_store_corrupt("The store is damaged: a column does not hold a number.");
  }
  return sqlite3_column_int64(statement_, column);
}

ByteView Query::blob(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) {
    throw_store_corrupt("The store is damaged: a column does not hold bytes.");
  }
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr && size > 0) throw std::bad_alloc();
  if (data == nullptr && sqlite3_errcode(db_) == SQLITE_NOMEM) throw std::bad_alloc();
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string Query::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// --- Database
// ------------------------------------------------------------------------------------------------------

Database::Database(const std::string& path, Mode mode) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
  flags |= mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int rc = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  try {
    if (rc != SQLITE_OK) throw_sqlite(rc, "open its file");
    harden(mode);
    rollback_ = prepare("ROLLBACK", true);
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

Database::~Database() {
  rollback();
  for (auto& [sql, cached] : cache_) sqlite3_finalize(cached->statement);
  sqlite3_finalize(rollback_);
  sqlite3_close(db_);
}

void Database::harden(Mode mode) {
  const auto config = [this](int option, int value) {
    if (const int rc = sqlite3_db_config(db_, option, value, nullptr); rc != SQLITE_OK) {
      throw_sqlite(rc, "set up its connection");
    }
  };
  config(SQLITE_DBCONFIG_DEFENSIVE, 1);
  config(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  config(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  config(SQLITE_DBCONFIG_ENABLE_VIEW, 0);
  config(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  config(SQLITE_DBCONFIG_DQS_DML, 0);
  config(SQLITE_DBCONFIG_DQS_DDL, 0);
  config(SQLITE_DBCONFIG_ENABLE_FKEY, 1);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_busy_timeout(db_, mode == Mode::kReadOnly ? kReaderBusyTimeoutMs : 0);
  exec("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;");
  if (mode == Mode::kReadOnly) {
    exec("PRAGMA query_only = ON;");
    return;
  }
  exec("PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 8388608;");
  exec(mode == Mode::kUnfinished ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");
}

sqlite3_stmt* Database::prepare(const char* sql, bool keep) {
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(db_, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  // Our statements are fixed and fit our schema; when SQLite says they do not, the schema in the file is
  // damaged.
  if (rc == SQLITE_ERROR)
    throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, "The store's schema is damaged.", rc);
  if (rc != SQLITE_OK) throw_sqlite(rc, "prepare a statement");
  return statement;
}

Query Database::query(const char* sql) {
  // The place is made with its content, so that memory running out leaves no empty one.
  auto found = cache_.find(sql);
  if (found == cache_.end()) found = cache_.emplace(sql, std::make_unique<Cached>()).first;
  const auto& slot = found->second;
  if (slot->busy) return {db_, prepare(sql, false), nullptr};
  if (slot->statement == nullptr) slot->statement = prepare(sql, true);
  slot->busy = true;
  return {db_, slot->statement, &slot->busy};
}

void Database::exec(const char* sql) {
  const int rc = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) throw_sqlite(sqlite3_extended_errcode(db_), "read or write its file");
}

std::int64_t Database::integer(const char* sql) {
  Query row = query(sql);
  if (!row.step()) throw_store_corrupt("The store is damaged: a number is missing.");
  return row.integer(0);
}

std::string Database::text(const char* sql) {
  Query row = query(sql);
  return row.step() ? row.text(0) : std::string();
}

void Database::set_checkpoint_on_close(bool enabled) {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, enabled ? 0 : 1, nullptr);
}

bool Database::checkpoint() {
  const int rc = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (rc == SQLITE_OK) return true;
  if ((rc & 0xff) == SQLITE_BUSY) return false;
  throw_sqlite(rc, "empty its log");
}

std::int64_t Database::changed_rows() const { return sqlite3_changes64(db_); }

void Database::copy_to(Database& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.db_, "main", db_, "main");
  if (backup == nullptr) throw_sqlite(sqlite3_extended_errcode(target.db_), "start a backup");
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) throw_sqlite(step, "copy its pages");
  if (finish != SQLITE_OK) throw_sqlite(finish, "finish a backup");
}

bool Database::autocommit() const noexcept { return sqlite3_get_autocommit(db_) != 0; }

std::int64_t Database::total_changes() const noexcept { return sqlite3_total_changes64(db_); }

void Database::require_alive() const {
  if (in_transaction_ && autocommit()) {
    throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE, "An earlier failure rolled this transaction back.",
                SQLITE_ABORT_ROLLBACK);
  }
}

void Database::begin() {
  if (in_transaction_) {
    throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_STORE, "A transaction of this store is open already.");
  }
  abandon();  // What could not be taken back before; otherwise nothing.
  query("BEGIN IMMEDIATE").run();
  in_transaction_ = true;
}

void Database::commit() {
  try {
    require_alive();
    query("COMMIT").run();
    in_transaction_ = false;
  } catch (...) {
    rollback();
    throw;
  }
}

void Database::abandon() noexcept {
  if (autocommit()) return;
  // Prepared while there was memory: taking back is needed most when there is none.
  sqlite3_step(rollback_);
  sqlite3_reset(rollback_);
}

void Database::rollback() noexcept {
  if (!in_transaction_) return;
  in_transaction_ = false;
  abandon();
}

// --- WriteScope
// ----------------------------------------------------------------------------------------------------

WriteScope::WriteScope(Database& database)
    : db_(database), nested_(database.in_transaction()), changes_before_(database.total_changes()) {
  if (nested_) {
    db_.require_alive();
  } else {
    db_.begin();
  }
}

void WriteScope::commit() {
  done_ = true;  // A failed commit has rolled back already.
  if (nested_) {
    db_.require_alive();
  } else {
    db_.commit();
  }
}

WriteScope::~WriteScope() {
  if (done_) return;
  if (!nested_) {
    db_.rollback();
  } else if (db_.total_changes() != changes_before_) {
    db_.abandon();
  }
}

}  // namespace mychat
