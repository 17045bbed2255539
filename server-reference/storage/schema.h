// The shape of the database and how an older one is brought to it.
#pragma once

#include <span>
#include <vector>

#include "storage/storage.h"

namespace mychat::server {

class SqliteConnection;

inline constexpr int kApplicationId = 0x4D794368;  // "MyCh" in the file's header.
inline constexpr int kPageSize = 4096;             // Of new databases; earlier ones keep their 8192.

std::span<const MigrationStep> schema_steps();

// What is in the file: 0 for an empty one. Throws MYCHAT_E_STORE_CORRUPT when it belongs to another program
// and MYCHAT_E_STORE_TOO_NEW when its schema is newer than the last of the steps.
int schema_version(SqliteConnection& db, std::span<const MigrationStep> steps);
// Runs the steps that are missing, each in a transaction of its own.
void migrate(SqliteConnection& db, std::span<const MigrationStep> steps);

}  // namespace mychat::server
