#include "storage/schema.h"

#include <sqlite3.h>

#include <array>
#include <new>

#include "base/error.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

// Times are Unix milliseconds. `updated_at` is null in rows that never change after they are made.
//
// Seqs come from one counter and are used once: a user's mailbox is what its conversations and its
// mailbox_events hold, in order of seq. So a message is one row of its own plus one small row of its
// conversation, which serves the recipient's mailbox, the sender's (as `sent`) and the history; and an
// acknowledgement of many messages is one row for each conversation.
constexpr const char* kFirst = R"sql(
CREATE TABLE node (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  mailbox_id TEXT NOT NULL,
  last_seq INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);

CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid BLOB NOT NULL,
  username TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  email TEXT,
  public_key TEXT NOT NULL,
  public_key_fingerprint TEXT NOT NULL,
  signing_key TEXT,
  signing_key_certificate TEXT,
  avatar_url TEXT,
  status_message TEXT,
  admin INTEGER NOT NULL DEFAULT 0,
  disabled INTEGER NOT NULL DEFAULT 0,
  tokens_from INTEGER NOT NULL DEFAULT 0, -- Tokens without a session made before this are refused.
  last_seen INTEGER,
  key_updated_at INTEGER NOT NULL,
  deleted_at INTEGER,                     -- The row stays, emptied: the name is never given away again.
  erased_at INTEGER,                      -- When the last of its data was gone.
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX users_uuid ON users (uuid);
CREATE UNIQUE INDEX users_username ON users (username);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid BLOB NOT NULL,
  user INTEGER NOT NULL REFERENCES users (id),
  device_name TEXT,
  authenticated_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX sessions_uuid ON sessions (uuid);
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE revoked_tokens ( -- Tokens without a session that were logged out.
  hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
) WITHOUT ROWID;

CREATE TABLE invites (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid BLOB NOT NULL,
  token_hash BLOB NOT NULL,
  uses_left INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX invites_uuid ON invites (uuid);
CREATE UNIQUE INDEX invites_token_hash ON invites (token_hash);

CREATE TABLE contacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid BLOB NOT NULL,
  owner INTEGER NOT NULL REFERENCES users (id),
  contact INTEGER NOT NULL REFERENCES users (id),
  nickname TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX contacts_uuid ON contacts (uuid);
CREATE UNIQUE INDEX contacts_owner ON contacts (owner, contact);
CREATE INDEX contacts_contact ON contacts (contact);

CREATE TABLE conversations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_low INTEGER NOT NULL,  -- The smaller of both ids.
  user_high INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX conversations_pair ON conversations (user_low, user_high);
CREATE INDEX conversations_high ON conversations (user_high);

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  sender INTEGER NOT NULL,
  recipient INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  content_type TEXT NOT NULL,
  algorithm TEXT,             -- Null: the envelope of v1.
  sent_at TEXT,
  iv TEXT NOT NULL,
  encrypted_key TEXT,
  sender_encrypted_key TEXT,
  sender_key_hash TEXT,
  signature TEXT,
  encrypted_content TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_id ON messages (id);

CREATE TABLE conversation_items (
  conversation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,      -- 1 message; 2 delivered; 3 read; 4 delivered one by one
  actor INTEGER NOT NULL,     -- Who sent, received or read.
  data BLOB,                  -- 2: the first and last seq covered; 3 and 4: the seqs. 8 bytes each, big-endian.
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;

CREATE TABLE message_marks (  -- Messages read, or delivered other than by an acknowledgement of the mailbox.
  seq INTEGER PRIMARY KEY,
  delivered_at INTEGER,
  read_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);

CREATE TABLE mailboxes (
  user INTEGER PRIMARY KEY,
  acked INTEGER NOT NULL,
  trimmed INTEGER NOT NULL DEFAULT 0, -- Items up to here are no longer shown.
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);

CREATE TABLE mailbox_events (
  user INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  type INTEGER NOT NULL,
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (user, seq)
) WITHOUT ROWID;
)sql";

// A commit writes whole pages, so what is new lies together (docs/node-storage.md): items by blocks of 1,024
// seqs (seq >> 10) and in these by conversation; conversation_blocks says where a conversation has some.
// Base64 is stored as its bytes (DenseText). node.last_seq is what was set aside: no seq beyond it is in use.
// node.users counts the rows of users that are not deleted.
constexpr const char* kDense = R"sql(
CREATE TABLE dense_messages (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  sender INTEGER NOT NULL,
  recipient INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  content_type TEXT NOT NULL,
  algorithm TEXT,             -- Null: the envelope of v1.
  sent_at TEXT,
  iv BLOB NOT NULL,
  encrypted_key BLOB,
  sender_encrypted_key BLOB,
  sender_key_hash BLOB,
  signature BLOB,
  encrypted_content BLOB NOT NULL
);
INSERT INTO dense_messages SELECT seq, id, sender, recipient, created_at, updated_at, content_type, algorithm,
  sent_at, mychat_dense(iv), mychat_dense(encrypted_key), mychat_dense(sender_encrypted_key),
  mychat_dense(sender_key_hash), mychat_dense(signature), mychat_dense(encrypted_content)
  FROM messages ORDER BY seq;
DROP TABLE messages;
ALTER TABLE dense_messages RENAME TO messages;
CREATE UNIQUE INDEX messages_id ON messages (id);

CREATE TABLE conversation_blocks (
  conversation INTEGER NOT NULL,
  block INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (conversation, block)
) WITHOUT ROWID;
INSERT INTO conversation_blocks (conversation, block, created_at)
  SELECT conversation, seq >> 10, min(created_at) FROM conversation_items GROUP BY conversation, seq >> 10;
CREATE TABLE dense_items (
  block INTEGER NOT NULL,
  conversation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,      -- 1 message; 2 delivered; 3 read; 4 delivered one by one
  actor INTEGER NOT NULL,     -- Who sent, received or read.
  data BLOB,                  -- 2: the first and last seq covered; 3 and 4: the seqs. 8 bytes each, big-endian.
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (block, conversation, seq)
) WITHOUT ROWID;
INSERT INTO dense_items SELECT seq >> 10, conversation, seq, kind, actor, data, created_at, updated_at
  FROM conversation_items ORDER BY 1, 2, 3;
DROP TABLE conversation_items;
ALTER TABLE dense_items RENAME TO conversation_items;

ALTER TABLE node ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
UPDATE node SET users = (SELECT count(*) FROM users WHERE deleted_at IS NULL);
CREATE TRIGGER users_inserted AFTER INSERT ON users WHEN NEW.deleted_at IS NULL BEGIN
  UPDATE node SET users = users + 1, updated_at = NEW.created_at;
END;
CREATE TRIGGER users_deleted AFTER DELETE ON users WHEN OLD.deleted_at IS NULL BEGIN
  UPDATE node SET users = users - 1;
END;
CREATE TRIGGER users_updated AFTER UPDATE OF deleted_at ON users
WHEN (OLD.deleted_at IS NULL) != (NEW.deleted_at IS NULL) BEGIN
  UPDATE node SET users = users + iif(NEW.deleted_at IS NULL, 1, -1),
    updated_at = coalesce(NEW.deleted_at, NEW.updated_at);
END;
)sql";

// Users of other nodes are rows of `users` too (username is then the whole handle), so that conversations,
// contacts and receipts are the same for them; they are not counted. A queue's numbers have no gaps: what is
// given up stays as nothing (kind 0) until it is sent.
constexpr const char* kFederation = R"sql(
CREATE TABLE nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain TEXT NOT NULL,
  standing INTEGER NOT NULL DEFAULT 0,  -- 0 as the rules say; 1 approved; 2 blocked; 3 its key changed
  node_key BLOB,
  sequence INTEGER NOT NULL DEFAULT 0,  -- Of its document.
  digest BLOB,
  protocol INTEGER NOT NULL DEFAULT 0,
  api_url TEXT NOT NULL DEFAULT '',
  agreement TEXT NOT NULL DEFAULT '',
  clock_ahead_ms INTEGER NOT NULL DEFAULT 0,
  out_stream TEXT NOT NULL,
  out_seq INTEGER NOT NULL DEFAULT 0,
  out_acked INTEGER NOT NULL DEFAULT 0,
  queued INTEGER NOT NULL DEFAULT 0,
  queued_bytes INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  in_stream TEXT NOT NULL DEFAULT '',
  in_seq INTEGER NOT NULL DEFAULT 0,
  last_seen INTEGER,
  latency_ms INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);
CREATE UNIQUE INDEX nodes_domain ON nodes (domain);
CREATE INDEX nodes_queued ON nodes (queued) WHERE queued > 0;
CREATE INDEX nodes_strangers ON nodes (id) WHERE node_key IS NULL;

CREATE TABLE federation_queue (
  node INTEGER NOT NULL REFERENCES nodes (id),
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,     -- 0 nothing; 1 message; 2 receipt; 3 key change; 4 profile; 5 account deleted
  message INTEGER NOT NULL,  -- Seq of the message; 0 for other kinds.
  data TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (node, seq)
) WITHOUT ROWID;

CREATE TABLE key_watchers (  -- Nodes that asked for the key of a user of this one.
  user INTEGER NOT NULL,
  node INTEGER NOT NULL REFERENCES nodes (id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  PRIMARY KEY (user, node)
) WITHOUT ROWID;

CREATE TABLE federation_identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sealed_key BLOB NOT NULL,
  sealed_next_key BLOB,
  sequence INTEGER NOT NULL,
  document TEXT NOT NULL,
  rotations TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER
);

CREATE TABLE federation_rules (
  pattern TEXT PRIMARY KEY,
  block INTEGER NOT NULL,    -- 0 allows
  created_at INTEGER NOT NULL,
  updated_at INTEGER
) WITHOUT ROWID;

ALTER TABLE users ADD COLUMN node INTEGER REFERENCES nodes (id);  -- Null: of this one.
CREATE INDEX users_node ON users (node) WHERE node IS NOT NULL;
DROP TRIGGER users_inserted;
DROP TRIGGER users_deleted;
DROP TRIGGER users_updated;
CREATE TRIGGER users_inserted AFTER INSERT ON users WHEN NEW.deleted_at IS NULL AND NEW.node IS NULL BEGIN
  UPDATE node SET users = users + 1, updated_at = NEW.created_at;
END;
CREATE TRIGGER users_deleted AFTER DELETE ON users WHEN OLD.deleted_at IS NULL AND OLD.node IS NULL BEGIN
  UPDATE node SET users = users - 1;
END;
CREATE TRIGGER users_updated AFTER UPDATE OF deleted_at ON users
WHEN (OLD.deleted_at IS NULL) != (NEW.deleted_at IS NULL) AND NEW.node IS NULL BEGIN
  UPDATE node SET users = users + iif(NEW.deleted_at IS NULL, 1, -1),
    updated_at = coalesce(NEW.deleted_at, NEW.updated_at);
END;

ALTER TABLE message_marks ADD COLUMN failed_at INTEGER;  -- The recipient's node did not take it.
ALTER TABLE message_marks ADD COLUMN failure TEXT;
)sql";

constexpr const char* kOperators = R"sql(
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER            -- When the node took it up and wrote it to its log.
);
CREATE INDEX audit_unlogged ON audit (id) WHERE updated_at IS NULL;
ALTER TABLE nodes ADD COLUMN offered_key BLOB;  -- Shown without a rotation: waits for the operator.
ALTER TABLE federation_identity ADD COLUMN key_since INTEGER;  -- When the key came into use.
ALTER TABLE federation_identity ADD COLUMN rotate_at INTEGER;  -- When the next key will.
)sql";

constexpr const char* kFromBefore = R"sql(
ALTER TABLE nodes ADD COLUMN announced_key BLOB;  -- Its next key, of its latest document: its rotation leads there.
ALTER TABLE nodes ADD COLUMN in_signed_at INTEGER NOT NULL DEFAULT 0;  -- Unix s; of what was taken, the latest.
)sql";

const std::array<MigrationStep, 5>& steps_of_this_program() {
  static const std::array<MigrationStep, 5> kSteps{
      {{1, "The tables of the first version", kFirst},
       {2, "Messages as bytes and items in the order they arrive, for smaller commits; users are counted",
        kDense},
       {3, "Other nodes, what waits for them, and their users", kFederation},
       {4, "What operators change, and the next key of the node", kOperators},
       {5, "What other nodes announced, and when what they sent was signed", kFromBefore}}};
  return kSteps;
}

// mychat_dense(text), for the steps: what binding a DenseText stores.
void add_dense_function(SqliteConnection& db) {
  const auto dense = [](sqlite3_context* context, int, sqlite3_value** values) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    if (text == nullptr) return sqlite3_result_null(context);
    try {
      const DenseText value({text, static_cast<std::size_t>(sqlite3_value_bytes(values[0]))});
      if (!value.bytes()) {
        sqlite3_result_value(context, values[0]);
      } else if (value.bytes()->empty()) {
        sqlite3_result_zeroblob(context, 0);
      } else {
        sqlite3_result_blob64(context, value.bytes()->data(), value.bytes()->size(), SQLITE_TRANSIENT);
      }
    } catch (const std::bad_alloc&) {
      sqlite3_result_error_nomem(context);
    }
  };
  const int code = sqlite3_create_function_v2(db.handle(), "mychat_dense", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                              nullptr, dense, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_sqlite(code, "take a function");
}

}  // namespace

std::span<const MigrationStep> schema_steps() { return steps_of_this_program(); }

int schema_version(SqliteConnection& db, std::span<const MigrationStep> steps) {
  const auto application = db.pragma("application_id");
  const auto version = db.pragma("user_version");
  if (application == 0 && version == 0 && db.pragma("schema_version") == 0) return 0;
  if (application != kApplicationId) {
    throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_STORE,
                "The file is an SQLite database of another program; it was not changed.");
  }
  if (version > steps.back().version) {
    throw Error(MYCHAT_E_STORE_TOO_NEW, MYCHAT_DOMAIN_STORE,
                "The database has schema " + std::to_string(version) + ", this program knows up to " +
                    std::to_string(steps.back().version) + "; it was not changed.");
  }
  return static_cast<int>(version);
}

void migrate(SqliteConnection& db, std::span<const MigrationStep> steps) {
  if (schema_version(db, steps) >= steps.back().version) return;
  add_dense_function(db);
  for (const MigrationStep& step : steps) {
    if (step.version <= schema_version(db, steps)) continue;
    db.execute("BEGIN IMMEDIATE");
    try {
      // Another process may have been faster.
      if (step.version > schema_version(db, steps)) {
        db.execute(step.sql);
        db.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
        db.execute("PRAGMA user_version = " + std::to_string(step.version));
      }
      db.execute("COMMIT");
    } catch (...) {
      if (db.in_transaction()) db.execute("ROLLBACK");
      throw;
    }
  }
}

}  // namespace mychat::server
