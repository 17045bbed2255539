// Databases of earlier versions become those of this one, whole.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/encoding.h"
#include "base/error.h"
#include "storage/message_log.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include "storage/storage.h"
#include "storage/user_table.h"

namespace mychat::server {
namespace {

namespace fs = std::filesystem;

// Rows of every kind, as version 1 wrote them.
constexpr const char* kRowsOfVersion1 = R"sql(
INSERT INTO node VALUES (1, 'c0ffee00-0000-4000-8000-000000000001', 5007, 100, NULL);
INSERT INTO users (id, uuid, username, password_hash, email, public_key, public_key_fingerprint, signing_key,
  signing_key_certificate, avatar_url, status_message, admin, disabled, tokens_from, last_seen, key_updated_at,
  deleted_at, erased_at, created_at, updated_at) VALUES
  (1, x'11111111111141118111111111111111', 'alice', '$argon2id$a', 'a@b.c', 'PEM a', 'AB-CD', 'sk', 'cert',
   'https://a', 'hi', 1, 0, 7, 8, 9, NULL, NULL, 10, 11),
  (2, x'22222222222242228222222222222222', 'bobby', '$argon2id$b', NULL, 'PEM b', 'EF-01', NULL, NULL, NULL,
   NULL, 0, 1, 0, NULL, 12, NULL, NULL, 13, NULL),
  (3, x'33333333333343338333333333333333', 'carol', '', NULL, '', '', NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 14,
   15, 16, 17, 18);
INSERT INTO sessions VALUES (1, x'0a', 1, 'phone', 20, 21, 22, 23, 24), (2, x'0b', 2, NULL, 25, 26, 27, 28, NULL);
INSERT INTO revoked_tokens VALUES (x'ff00', 30, 31, NULL);
INSERT INTO invites VALUES (1, x'0c', x'0d', 3, 40, 41, NULL);
INSERT INTO contacts VALUES (1, x'0e', 1, 2, 'Bob', 50, NULL), (2, x'0f', 2, 1, NULL, 51, 52);
INSERT INTO conversations VALUES (1, 1, 2, 60, NULL), (2, 1, 1, 61, NULL);
INSERT INTO messages VALUES
  (1, x'000000000000400080000000000000a1', 1, 2, 70, NULL, 'text', NULL, '2026-01-01T00:00:00Z', 'AAECAwQFBgcICQoL',
   'a2V5', 'b3du', 'aGFzaA==', 'c2ln', 'Y29udGVudA=='),
  (1024, x'000000000000400080000000000000a2', 2, 1, 71, 72, 'file', 'other', NULL, 'not base64', 'AB==', NULL,
   NULL, NULL, ''),
  (5000, x'000000000000400080000000000000a3', 1, 1, 73, NULL, 'text', NULL, NULL, 'AAAA', 'AAAA', NULL, NULL,
   NULL, 'AAAA');
INSERT INTO conversation_items VALUES
  (1, 1, 1, 1, NULL, 70, NULL), (1, 2, 2, 2, x'00000000000000010000000000000001', 74, NULL),
  (1, 1024, 1, 2, NULL, 71, NULL), (1, 1025, 4, 1, x'0000000000000400', 75, NULL),
  (1, 5006, 3, 2, x'0000000000000001', 76, 77), (2, 5000, 1, 1, NULL, 73, NULL);
INSERT INTO message_marks VALUES (1, NULL, 80, 81, NULL), (1024, 82, NULL, 83, 84);
INSERT INTO mailboxes VALUES (1, 4, 2, 90, 91), (2, 5, 0, 92, NULL);
INSERT INTO mailbox_events VALUES (1, 5007, 6, '{"handle":"bobby@node.test"}', 95, NULL);
)sql";

class Migration : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mychat-migration-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ / "node.db";
    SqliteConnection db(path_, OpenMode::kReadWriteCreate);
    db.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
    migrate(db, schema_steps().first(1));
    db.execute(kRowsOfVersion1);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Every value of a table's rows, with its type.
  // The first `most` columns: later steps add some at the end.
  static std::string dump(SqliteConnection& db, const std::string& table, int most = INT_MAX) {
    sqlite3_stmt* statement = nullptr;
    const std::string sql = "SELECT * FROM " + table + " ORDER BY 1, 2";
    EXPECT_EQ(sqlite3_prepare_v2(db.handle(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    std::string text;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int i = 0; i < std::min(most, sqlite3_column_count(statement)); ++i) {
        const int type = sqlite3_column_type(statement, i);
        const auto* value = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
        text += std::to_string(type) + ":" + hex_encode(ByteView(value, size)) + " ";
      }
      text += "\n";
    }
    sqlite3_finalize(statement);
    return text;
  }

  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  fs::path folder_;
  std::string path_;
};

constexpr const char* kUntouched[] = {"users",         "sessions",  "revoked_tokens",
                                      "invites",       "contacts",  "conversations",
                                      "message_marks", "mailboxes", "mailbox_events"};

TEST_F(Migration, ADryRunNamesTheStepAndChangesNothing) {
  const std::string before = contents(path_);
  const auto steps = Storage::plan(path_);
  ASSERT_EQ(steps.size(), schema_steps().size() - 1);
  EXPECT_EQ(steps[0].version, 2);
  EXPECT_NE(steps[0].sql.find("conversation_blocks"), std::string::npos);
  EXPECT_EQ(contents(path_), before);
  try {
    Storage storage({.path = path_, .migrate = false});
    FAIL() << "opened without being migrated";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), MYCHAT_E_INVALID_STATE);
  }
  EXPECT_EQ(Storage::plan(path_).size(), steps.size());
}

TEST_F(Migration, ADatabaseOfVersion1KeepsEverything) {
  std::map<std::string, std::string> before;
  {
    SqliteConnection db(path_, OpenMode::kReadOnly);
    for (const char* table : kUntouched) {
      before[table] = dump(db, table);
      EXPECT_FALSE(before[table].empty()) << table;
    }
  }
  {
    Storage storage({.path = path_});
    EXPECT_EQ(storage.mailbox_id(), "c0ffee00-0000-4000-8000-000000000001");
    EXPECT_EQ(storage.last_seq(), 5007);
    auto db = storage.read();
    for (const char* table : kUntouched) {
      const auto& rows = before[table];
      const auto columns =
          std::count(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(rows.find('\n')), ' ');
      EXPECT_EQ(dump(*db, table, static_cast<int>(columns)), rows) << table;
    }
    EXPECT_EQ(count_users(*db), 2);
  }
  EXPECT_TRUE(Storage::check(path_).empty()) << Storage::check(path_).front();
  EXPECT_TRUE(Storage::plan(path_).empty());
}

TEST_F(Migration, MessagesOfVersion1AreReadAsTheyWere) {
  const Storage storage({.path = path_});
  SqliteConnection db(path_, OpenMode::kReadOnly);
  const auto first = read_message(db, 1, true);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first.sender, 1);
  EXPECT_EQ(first->first.recipient, 2);
  const wire::MessageOut& message = first->second;
  EXPECT_EQ(message.id, "00000000-0000-4000-8000-0000000000a1");
  EXPECT_EQ(message.created_at, 70);
  EXPECT_EQ(message.content_type, "text");
  EXPECT_EQ(message.algorithm, "AES-256-GCM+RSA-4096-OAEP");
  EXPECT_EQ(message.sent_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(message.iv, "AAECAwQFBgcICQoL");
  EXPECT_EQ(message.encrypted_key, "a2V5");
  EXPECT_EQ(message.sender_encrypted_key, "b3du");
  EXPECT_EQ(message.sender_key_hash, "aGFzaA==");
  EXPECT_EQ(message.signature, "c2ln");
  EXPECT_EQ(message.encrypted_content, "Y29udGVudA==");
  const auto odd = read_message(db, 1024, true);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->second.algorithm, "other");
  EXPECT_EQ(odd->second.iv, "not base64");
  EXPECT_EQ(odd->second.encrypted_key, "AB==");
  EXPECT_EQ(odd->second.encrypted_content, "");
  EXPECT_EQ(odd->second.signature, std::nullopt);
  EXPECT_EQ(find_message(db, *parse_uuid("00000000-0000-4000-8000-0000000000A3"))->seq, 5000);
  auto bytes = db.query("SELECT encrypted_content, updated_at FROM messages ORDER BY seq");
  ASSERT_TRUE(bytes.step());
  EXPECT_EQ(bytes.string(0), "content");
  ASSERT_TRUE(bytes.step());
  EXPECT_EQ(bytes.integer(1), 72);
}

TEST_F(Migration, ItemsOfVersion1KeepTheirOrder) {
  const Storage storage({.path = path_});
  SqliteConnection db(path_, OpenMode::kReadOnly);
  const auto entries = entries_after(db, 1, 0, 100);
  ASSERT_EQ(entries.size(), 5U);
  const std::int64_t seqs[] = {1, 2, 1024, 1025, 5006};
  const EntryKind kinds[] = {EntryKind::kMessage, EntryKind::kDelivered, EntryKind::kMessage,
                             EntryKind::kDeliveredOnes, EntryKind::kRead};
  const std::int64_t actors[] = {1, 2, 2, 1, 2};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(entries[i].seq, seqs[i]);
    EXPECT_EQ(entries[i].kind, kinds[i]);
    EXPECT_EQ(entries[i].actor, actors[i]);
  }
  EXPECT_EQ(entries[1].seqs, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(entries[3].seqs, std::vector<std::int64_t>{1024});
  EXPECT_EQ(entries[4].created_at, 76);
  EXPECT_EQ(messages_before(db, 1, INT64_MAX, 10), (std::vector<std::int64_t>{1024, 1}));
  EXPECT_EQ(messages_before(db, 2, INT64_MAX, 10), std::vector<std::int64_t>{5000});
}

TEST_F(Migration, UsersAreCountedAsTheyComeAndGo) {
  { const Storage storage({.path = path_}); }
  SqliteConnection db(path_, OpenMode::kReadWrite);
  UserRow user;
  user.uuid = "44444444-4444-4444-8444-444444444444";
  user.username = "david";
  const std::int64_t david = insert_user(db, user, 1);
  EXPECT_EQ(count_users(db), 3);
  db.run("UPDATE users SET deleted_at = 5 WHERE id = ?", david);
  db.run("UPDATE users SET deleted_at = 6 WHERE id = ?", david);
  EXPECT_EQ(count_users(db), 2);
  db.execute("BEGIN; UPDATE users SET deleted_at = 5; ROLLBACK");
  EXPECT_EQ(count_users(db), 2);
  EXPECT_TRUE(Storage::check(path_).empty());
  db.execute("UPDATE node SET users = 7");
  EXPECT_FALSE(Storage::check(path_).empty()) << "a wrong count is noticed";
}

TEST_F(Migration, ABackupOfVersion1IsRestoredAsThisVersion) {
  const std::string restored = folder_ / "restored.db";
  EXPECT_EQ(Storage::restore(path_, restored), "");
  SqliteConnection db(restored, OpenMode::kReadOnly);
  EXPECT_EQ(schema_version(db, schema_steps()), Storage::current_version());
  EXPECT_EQ(count_users(db), 2);
  EXPECT_EQ(read_message(db, 1, true)->second.encrypted_content, "Y29udGVudA==");
  EXPECT_EQ(schema_version(*std::make_unique<SqliteConnection>(path_, OpenMode::kReadOnly), schema_steps()),
            1)
      << "the backup stays as it was";
}

// A step that fails on the way leaves version 1 as it was.
TEST_F(Migration, AStepThatFailsLeavesTheDatabaseAsItWas) {
  { SqliteConnection(path_, OpenMode::kReadWrite).execute("CREATE TABLE dense_items (x)"); }
  EXPECT_THROW(Storage({.path = path_}), Error);
  SqliteConnection db(path_, OpenMode::kReadWrite);
  EXPECT_EQ(schema_version(db, schema_steps()), 1);
  auto content = db.query("SELECT encrypted_content FROM messages WHERE seq = 1");
  ASSERT_TRUE(content.step());
  EXPECT_EQ(content.string(0), "Y29udGVudA==");
}

}  // namespace
}  // namespace mychat::server
