// What was changed about the node, by whom and when: the operator's commands and what the node does by
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mychat::server {

class SqliteConnection;

struct AuditRow {
  std::int64_t id = 0;
  std::string actor;    // An account of the machine, or "node".
  std::string action;   // "federation block", ...
  std::string subject;  // What it was done to: a domain, a pattern; may be empty.
  std::string detail;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> logged_at{};  // When the node took it up and wrote it to its log.
};

// In the transaction of the change itself.
void put_audit(SqliteConnection& db, const AuditRow& row, std::int64_t now);
// The latest first; about one subject, or about all when it is empty.
std::vector<AuditRow> latest_audit(SqliteConnection& db, std::string_view subject, int limit);
// What no log has yet, of the ids beyond `after`, oldest first.
std::vector<AuditRow> unlogged_audit(SqliteConnection& db, std::int64_t after, int limit);
void mark_audit_logged(SqliteConnection& db, std::int64_t upto, std::int64_t now);

}  // namespace mychat::server
