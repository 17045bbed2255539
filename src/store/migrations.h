// The schema, version by version (PRAGMA user_version). A released migration is never edited; a new one is
// added.
#pragma once

#include <cstdint>
#include <span>

#include "store/database.h"
#include "store/sealer.h"

namespace mychat {

struct Migration {
  std::int64_t version;  // 1, 2, 3 …: what the file is after it.
  void (*apply)(Database& database, Sealer& sealer);
};

std::span<const Migration> store_migrations() noexcept;

// Applies what is missing, each in its own transaction together with its version number.
void migrate(Database& database, Sealer& sealer, std::span<const Migration> migrations);

}  // namespace mychat
