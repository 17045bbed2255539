#include "storage/audit_table.h"

#include "storage/sqlite.h"

namespace mychat::server {
namespace {

std::vector<AuditRow> read_all(Query query) {
  std::vector<AuditRow> rows;
  while (query.step()) {
    rows.push_back({query.integer(0), query.string(1), query.string(2), query.string(3), query.string(4),
                    query.integer(5), query.optional_integer(6)});
  }
  return rows;
}

}  // namespace

void put_audit(SqliteConnection& db, const AuditRow& row, std::int64_t now) {
  db.run("INSERT INTO audit (actor, action, subject, detail, created_at) VALUES (?,?,?,?,?)", row.actor,
         row.action, row.subject, row.detail, now);
}

std::vector<AuditRow> latest_audit(SqliteConnection& db, std::string_view subject, int limit) {
  return read_all(db.query(
      "SELECT id, actor, action, subject, detail, created_at, updated_at FROM audit WHERE ?1 = '' OR "
      "subject = ?1 "
      "ORDER BY id DESC LIMIT ?2",
      subject, limit));
}

std::vector<AuditRow> unlogged_audit(SqliteConnection& db, std::int64_t after, int limit) {
  return read_all(db.query(
      "SELECT id, actor, action, subject, detail, created_at, updated_at FROM audit WHERE updated_at IS "
      "NULL AND id > ? ORDER BY id LIMIT ?",
      after, limit));
}

void mark_audit_logged(SqliteConnection& db, std::int64_t upto, std::int64_t now) {
  db.run("UPDATE audit SET updated_at = ?2 WHERE updated_at IS NULL AND id <= ?1", upto, now);
}

}  // namespace mychat::server
