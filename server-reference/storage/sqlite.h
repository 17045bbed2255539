// SQLite with RAII and cached statements. One thread at a time uses a connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mychat::server {

// Throws the Error that fits the extended result code.
[[noreturn]] void throw_sqlite(int extended_code, const std::string& doing);

// Base64 that is stored as the bytes it stands for. Text that is not base64 as base64_encode() writes it is
// stored as it is: what Query::base64() hands out is always what was put in. A view: the text must outlive
// it.
class DenseText {
 public:
  explicit DenseText(std::string_view text) : bytes_(base64_decode(text)), text_(text) {}
  const std::optional<Bytes>& bytes() const noexcept { return bytes_; }
  std::string_view text() const noexcept { return text_; }

 private:
  std::optional<Bytes> bytes_;
  std::string_view text_;
};

// One use of a prepared statement; resets it at the end. Views of columns live until the next step.
class Query {
 public:
  explicit Query(sqlite3_stmt* statement) noexcept : statement_(statement) {}
  Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  ~Query();

  bool step();               // True when there is a row.
  int step_code() noexcept;  // The raw (extended) result code, for failures that are expected.
  std::int64_t integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;
  std::string string(int column) const { return std::string(text(column)); }
  ByteView blob(int column) const noexcept;
  bool is_null(int column) const noexcept;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_string(int column) const;
  std::string base64(int column) const;  // Of a DenseText.
  std::optional<std::string> optional_base64(int column) const;

 private:
  friend class SqliteConnection;
  // `keep`: the value outlives the query, so it is not copied.
  void bind(int at, std::int64_t value, bool keep);
  void bind(int at, int value, bool keep) { bind(at, static_cast<std::int64_t>(value), keep); }
  void bind(int at, bool value, bool keep) { bind(at, static_cast<std::int64_t>(value), keep); }
  void bind(int at, std::string_view value, bool keep);
  void bind(int at, const std::string& value, bool keep) { bind(at, std::string_view(value), keep); }
  void bind(int at, const char* value, bool keep) { bind(at, std::string_view(value), keep); }
  void bind(int at, ByteView value, bool keep);
  void bind(int at, std::nullptr_t, bool keep);
  void bind(int at, const DenseText& value, bool keep);
  template <class T>
  void bind(int at, const std::optional<T>& value, bool keep) {
    if (value) {
      bind(at, *value, keep);
    } else {
      bind(at, nullptr, keep);
    }
  }

  sqlite3_stmt* statement_;
};

// kImmutable: only for a file that nobody writes to; leaves nothing beside it.
enum class OpenMode { kReadWrite, kReadWriteCreate, kReadOnly, kImmutable };

class SqliteConnection {
 public:
  // Foreign keys on, busy timeout of five seconds, untrusted-schema defences on. A missing file is
  // MYCHAT_E_IO.
  SqliteConnection(const std::string& path, OpenMode mode);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void execute(const std::string& sql);  // Statements without results.
  std::int64_t pragma(const std::string& name);

  // `sql` must be a literal: statements are cached by its address.
  template <std::size_t N, class... Values>
  Query query(const char (&sql)[N], const Values&... values) {
    Query query(prepare(sql));
    int at = 0;
    (query.bind(++at, values, false), ...);
    return query;
  }
  // Runs to the end; returns the number of rows changed.
  template <std::size_t N, class... Values>
  std::int64_t run(const char (&sql)[N], const Values&... values) {
    Query query(prepare(sql));
    int at = 0;
    (query.bind(++at, values, true), ...);
    while (query.step()) {
    }
    return changes();
  }
  // As run(), but hands out the extended result code: SQLITE_DONE or a failure.
  template <std::size_t N, class... Values>
  int try_run(const char (&sql)[N], const Values&... values) {
    Query query(prepare(sql));
    int at = 0;
    (query.bind(++at, values, true), ...);
    return query.step_code();
  }
  std::int64_t changes() const noexcept;
  std::int64_t last_insert_id() const noexcept;
  bool in_transaction() const noexcept;
  sqlite3* handle() const noexcept { return db_; }

 private:
  sqlite3_stmt* prepare(const char* sql);

  sqlite3* db_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace mychat::server
