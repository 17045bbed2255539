#include "storage/sqlite.h"

#include <sqlite3.h>

#include <new>
#include <utility>

#include "base/error.h"

namespace mychat::server {

void throw_sqlite(int extended_code, const std::string& doing) {
  const std::string message = "The database could not " + doing + ": " + sqlite3_errstr(extended_code) + ".";
  switch (extended_code & 0xff) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE, message, extended_code);
    case SQLITE_TOOBIG:
      throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_STORE, message, extended_code);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw Error(MYCHAT_E_IO, MYCHAT_DOMAIN_STORE, message, extended_code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
      throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE, message, extended_code, true);
    default:
      throw Error(MYCHAT_E_STORE, MYCHAT_DOMAIN_STORE, message, extended_code);
  }
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int Query::step_code() noexcept {
  const int code = sqlite3_step(statement_);
  return code == SQLITE_ROW || code == SQLITE_DONE ? code
                                                   : sqlite3_extended_errcode(sqlite3_db_handle(statement_));
}

bool Query::step() {
  const int code = step_code();
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) throw_sqlite(code, "carry out a statement");
  return false;
}

std::int64_t Query::integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }

std::string_view Query::text(int column) const noexcept {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr
             ? std::string_view{}
             : std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

ByteView Query::blob(int column) const noexcept {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? ByteView{}
                         : ByteView(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

bool Query::is_null(int column) const noexcept {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::optional<std::int64_t> Query::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Query::optional_string(int column) const {
  if (is_null(column)) return std::nullopt;
  return string(column);
}

std::string Query::base64(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_BLOB) return base64_encode(blob(column));
  return string(column);
}

std::optional<std::string> Query::optional_base64(int column) const {
  if (is_null(column)) return std::nullopt;
  return base64(column);
}

namespace {

void check_bind(int code) {
  if (code != SQLITE_OK) throw_sqlite(code, "take a value");
}

}  // namespace

void Query::bind(int at, std::int64_t value, bool /*keep*/) {
  check_bind(sqlite3_bind_int64(statement_, at, value));
}

void Query::bind(int at, std::string_view value, bool keep) {
  check_bind(sqlite3_bind_text64(statement_, at, value.data() == nullptr ? "" : value.data(), value.size(),
                                 keep ? SQLITE_STATIC : SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind(int at, ByteView value, bool keep) {
  static constexpr std::uint8_t kNothing = 0;
  check_bind(sqlite3_bind_blob64(statement_, at, value.data() == nullptr ? &kNothing : value.data(),
                                 value.size(), keep ? SQLITE_STATIC : SQLITE_TRANSIENT));
}

void Query::bind(int at, std::nullptr_t, bool /*keep*/) { check_bind(sqlite3_bind_null(statement_, at)); }

void Query::bind(int at, const DenseText& value, bool keep) {
  if (value.bytes()) {
    bind(at, ByteView(*value.bytes()), keep);
  } else {
    bind(at, value.text(), keep);
  }
}

namespace {

std::string immutable_uri(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    if (c == '%') {
      uri += "%25";
    } else if (c == '?') {
      uri += "%3f";
    } else if (c == '#') {
      uri += "%23";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

SqliteConnection::SqliteConnection(const std::string& path, OpenMode mode) {
  const bool immutable = mode == OpenMode::kImmutable;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == OpenMode::kReadOnly || immutable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == OpenMode::kReadWriteCreate) flags |= SQLITE_OPEN_CREATE;
  if (immutable) flags |= SQLITE_OPEN_URI;
  const int code =
      sqlite3_open_v2(immutable ? immutable_uri(path).c_str() : path.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    sqlite3_close(std::exchange(db_, nullptr));
    throw_sqlite(code, "open " + path);
  }
  sqlite3_busy_timeout(db_, 5000);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

void SqliteConnection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_sqlite(code, "carry out a statement");
}

std::int64_t SqliteConnection::pragma(const std::string& name) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(db_, ("PRAGMA " + name).c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) throw_sqlite(code, "read a setting");
  const int step = sqlite3_step(statement);
  const std::int64_t value = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  if (step != SQLITE_ROW && step != SQLITE_DONE) throw_sqlite(step, "read a setting");
  return value;
}

std::int64_t SqliteConnection::changes() const noexcept { return sqlite3_changes64(db_); }
std::int64_t SqliteConnection::last_insert_id() const noexcept { return sqlite3_last_insert_rowid(db_); }
bool SqliteConnection::in_transaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }

sqlite3_stmt* SqliteConnection::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      const std::string reason = sqlite3_errmsg(db_);
      statements_.erase(sql);
      throw_sqlite(code, "prepare a statement (" + reason + ")");
    }
  } else if (sqlite3_stmt_busy(statement) != 0) {
    throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_STORE, "A statement is used inside itself.");
  }
  return statement;
}

}  // namespace mychat::server
