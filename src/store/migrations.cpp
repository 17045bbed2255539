#include "store/migrations.h"

#include <array>
#include <string>

namespace mychat {
namespace {

// Integers and blobs only. `key` columns are HMACs; `record`, `body`, `envelope`, `payload` are sealed.
// Integers that order or join rows stand open, and again inside the sealed record, where they are compared.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE keyslot (id INTEGER PRIMARY KEY, slot BLOB NOT NULL, verifier BLOB NOT NULL) STRICT;
CREATE TABLE meta (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
CREATE TABLE contacts (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
CREATE TABLE conversations (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  record BLOB NOT NULL,
  body BLOB,
  envelope BLOB
) STRICT;
CREATE INDEX messages_conversation ON messages (conversation, created_at);
CREATE INDEX messages_created_at ON messages (created_at);
CREATE INDEX messages_undecryptable ON messages (id) WHERE envelope IS NOT NULL;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  lane BLOB NOT NULL,
  due_at INTEGER NOT NULL,
  record BLOB NOT NULL,
  payload BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_lane ON outbox (lane);
CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, created_at INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
CREATE TABLE sync (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
)sql";

// The key that signed a message, while it is not known whose it is: when it becomes known, the message is
// found.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE messages ADD COLUMN signer BLOB;
CREATE INDEX messages_unverified ON messages (id) WHERE signer IS NOT NULL;
)sql";

constexpr std::array<Migration, 2> kMigrations = {{
    {1, [](Database& database, Sealer&) { database.exec(kVersion1); }},
    {2, [](Database& database, Sealer&) { database.exec(kVersion2); }},
}};

}  // namespace

std::span<const Migration> store_migrations() noexcept { return kMigrations; }

void migrate(Database& database, Sealer& sealer, std::span<const Migration> migrations) {
  const std::int64_t present = database.integer("PRAGMA user_version");
  for (const Migration& migration : migrations) {
    if (migration.version <= present) continue;
    WriteScope scope(database);
    migration.apply(database, sealer);
    // A pragma takes no bound value; this is a number of ours.
    database.exec(("PRAGMA user_version = " + std::to_string(migration.version)).c_str());
    scope.commit();
  }
}

}  // namespace mychat
