// One SQLite connection, hardened, with cached statements. Everything in SQL text is fixed; values are bound
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mychat {

// Of the SQLite that runs: "3.40.1".
const char* sqlite_version() noexcept;

// Throws what a result code of SQLite means: MYCHAT_E_STORE_CORRUPT, MYCHAT_E_OUT_OF_MEMORY, MYCHAT_E_STORE
// ….
[[noreturn]] void throw_sqlite(int extended_code, const std::string& doing);
[[noreturn]] void throw_store_corrupt(const std::string& message);

// A prepared statement being used: bind, step, read; reset when it goes. Texts are bound and read as blobs or
// not at all: the schema knows integers and blobs only.
class Query {
 public:
  Query(Query&&) = delete;
  ~Query();

  Query& bind(int index, std::int64_t value);
  Query& bind(int index, ByteView value);  // Must stay until the last step.
  Query& bind(int index, Bytes&& value);   // Kept here.
  Query& bind_null(int index);

  bool step();  // True while there is a row.
  void run() {  // For statements without rows.
    while (step()) {
    }
  }

  // A column of another type than asked for is MYCHAT_E_STORE_CORRUPT: the file's bytes are not trusted.
  std::int64_t integer(int column) const;
  ByteView blob(int column) const;  // Valid until the next step.
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Query(sqlite3* db, sqlite3_stmt* statement, bool* busy) : db_(db), statement_(statement), busy_(busy) {}

  sqlite3* db_;
  sqlite3_stmt* statement_;
  bool* busy_;  // Null: the statement is not a cached one and dies with this.
  std::vector<Bytes> kept_;
};

class Database {
 public:
  enum class Mode {
    kReadWrite,   // Busy time-out 0: the store's lock lets nobody else in.
    kUnfinished,  // As kReadWrite, for a file that is synchronised as a whole before it gets its name.
    kReadOnly,
  };

  Database(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Query query(const char* sql);  // `sql` is a literal: its address is the key of the cache.
  void exec(const char* sql);    // One or several statements without values.
  std::int64_t integer(const char* sql);
  std::string text(const char* sql);

  // Until this is called with true, closing leaves the write-ahead log alone, so that a store which could not
  // be opened is found as it was.
  void set_checkpoint_on_close(bool enabled);
  // Moves the log into the file and empties it; false when a reader stands in the way.
  bool checkpoint();
  std::int64_t changed_rows() const;  // By the last statement.
  void copy_to(Database& target);     // The online backup interface, in one step.

  bool in_transaction() const noexcept { return in_transaction_; }
  void begin();
  void commit();  // When it throws, nothing of the transaction remains.
  void rollback() noexcept;

 private:
  friend class WriteScope;
  struct Cached {
    sqlite3_stmt* statement = nullptr;
    bool busy = false;
  };
  sqlite3_stmt* prepare(const char* sql, bool keep);
  void harden(Mode mode);
  bool autocommit() const noexcept;
  std::int64_t total_changes() const noexcept;
  void abandon() noexcept;  // Rolls back; the transaction stays open in name, and refuses all that follows.
  void require_alive() const;  // SQLite did not roll the open transaction back behind our back.

  sqlite3* db_ = nullptr;
  std::unordered_map<const char*, std::unique_ptr<Cached>> cache_;
  sqlite3_stmt* rollback_ = nullptr;
  bool in_transaction_ = false;
};

// All or nothing for a call that writes: a transaction of its own, or a part of the caller's. In the latter
// case a call that fails after it changed something takes the whole transaction back, which then cannot be
// committed any more: a savepoint for each call would copy every page it touches.
class WriteScope {
 public:
  explicit WriteScope(Database& database);
  ~WriteScope();
  WriteScope(const WriteScope&) = delete;
  WriteScope& operator=(const WriteScope&) = delete;
  void commit();

 private:
  Database& db_;
  bool nested_;
  bool done_ = false;
  std::int64_t changes_before_;
};

}  // namespace mychat
