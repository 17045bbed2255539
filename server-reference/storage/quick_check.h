// A look through a database that takes a bounded time.
#pragma once

#include <chrono>
#include <string>

namespace mychat::server {

class SqliteConnection;

struct QuickCheck {
  std::string problem;  // The first one; empty: none was found.
  bool cut = false;     // The time was over before the end of the database.
};

// SQLite's quick_check: pages, their order and the form of every row; not whether indices agree with their
// tables, which Storage::check looks at. Returns within about `limit`.
QuickCheck quick_check(SqliteConnection& db, std::chrono::milliseconds limit);

}  // namespace mychat::server
