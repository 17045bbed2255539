// Rows (id, key, record): found by an HMAC of their name, with one sealed record. Four tables are nothing
// else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "store/database.h"
#include "store/sealer.h"
#include "store/types.h"

namespace mychat {

struct KeyedSql {
  SealedColumn column;
  LookupKind kind;
  const char* find;     // id, record by key
  const char* all;      // id, key, record
  const char* next_id;  // one past the largest
  const char* insert;   // id, key, record
  const char* update;   // record of id
  const char* remove;   // by key
};

#define MYCHAT_KEYED_SQL(column, kind, table)                                                               \
  {                                                                                                         \
    column, kind, "SELECT id, record FROM " table " WHERE key = ?1",                                        \
        "SELECT id, key, record FROM " table " ORDER BY id", "SELECT coalesce(max(id), 0) + 1 FROM " table, \
        "INSERT INTO " table " (id, key, record) VALUES (?1, ?2, ?3)",                                      \
        "UPDATE " table " SET record = ?2 WHERE id = ?1", "DELETE FROM " table " WHERE key = ?1"            \
  }

struct KeyedRow {
  std::int64_t id = 0;
  Secret record;
};

class KeyedRows {
 public:
  KeyedRows(Database& database, Sealer& sealer, const KeyedSql& sql)
      : db_(database), sealer_(sealer), sql_(sql) {}

  std::optional<KeyedRow> find(std::string_view name) const;
  std::int64_t put(std::string_view name, const Secret& record);  // The row's id.
  void update(std::int64_t id, const Secret& record);
  bool remove(std::string_view name);
  void for_each(const std::function<void(const KeyedRow&)>& visit) const;
  // Opens every row; `name_of` parses a record and gives the name that its key must be made of.
  void verify(CheckReport& report, const std::function<std::string(const Secret&)>& name_of) const;

 private:
  Database& db_;
  Sealer& sealer_;
  const KeyedSql& sql_;
};

}  // namespace mychat
