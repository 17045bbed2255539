// Items of conversations across blocks, and base64 that is stored as bytes.
#include "storage/message_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/encoding.h"
#include "storage/schema.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

class MessageLog : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "mychat-log-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    db_ = std::make_unique<SqliteConnection>((folder_ / "node.db").string(), OpenMode::kReadWriteCreate);
    migrate(*db_, schema_steps());
  }
  void TearDown() override {
    db_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::int64_t number(const std::string& sql) {
    db_->execute("CREATE TEMP TABLE answer AS SELECT (" + sql + ") AS n");
    std::int64_t n = 0;
    {
      auto query = db_->query("SELECT n FROM answer");
      if (query.step()) n = query.integer(0);
    }
    db_->execute("DROP TABLE answer");
    return n;
  }

  std::filesystem::path folder_;
  std::unique_ptr<SqliteConnection> db_;
};

// Two conversations with gaps of every size, so that blocks are full, half full, and left out.
TEST_F(MessageLog, EveryRangeOfAConversationIsWhatWasPutIn) {
  std::mt19937 random(20261125);
  std::vector<LogEntry> all[2];
  std::int64_t seq = 0;
  db_->execute("BEGIN");
  for (int i = 0; i < 3000; ++i) {
    seq += i % 200 == 199 ? 3000 : 1 + static_cast<std::int64_t>(random() % 3);
    const std::size_t which = i % 400 < 300 ? 0 : random() % 2;
    LogEntry entry{static_cast<std::int64_t>(which) + 1,    seq, EntryKind::kMessage,
                   static_cast<std::int64_t>(random() % 2), {},  1000 + i};
    if (random() % 3 == 0) {
      entry.kind = EntryKind::kRead;
      entry.seqs = {seq - 1, seq};
    }
    insert_entry(*db_, entry);
    all[which].push_back(entry);
  }
  db_->execute("COMMIT");
  ASSERT_GT(seq, 20 * 1024);
  for (int round = 0; round < 500; ++round) {
    const std::size_t which = random() % 2;
    const std::int64_t first = static_cast<std::int64_t>(random()) % (seq + 100);
    const std::int64_t last = first + static_cast<std::int64_t>(random() % 5000);
    const int limit = 1 + static_cast<int>(random() % 60);
    const auto full = [&](const auto& list) { return list.size() >= static_cast<std::size_t>(limit); };
    std::vector<LogEntry> after;
    std::vector<std::int64_t> before;
    std::vector<std::int64_t> between;
    for (const LogEntry& entry : all[which]) {
      const bool message = entry.kind == EntryKind::kMessage;
      if (entry.seq > first && !full(after)) after.push_back(entry);
      if (message && entry.actor == 1 && entry.seq >= first && entry.seq <= last && !full(between))
        between.push_back(entry.seq);
    }
    for (auto entry = all[which].rbegin(); entry != all[which].rend(); ++entry) {
      if (entry->kind == EntryKind::kMessage && entry->seq < first && !full(before))
        before.push_back(entry->seq);
    }
    const auto conversation = static_cast<std::int64_t>(which) + 1;
    const auto found = entries_after(*db_, conversation, first, limit);
    ASSERT_EQ(found.size(), after.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].seq, after[i].seq);
      ASSERT_EQ(found[i].kind, after[i].kind);
      ASSERT_EQ(found[i].actor, after[i].actor);
      ASSERT_EQ(found[i].seqs, after[i].seqs);
      ASSERT_EQ(found[i].created_at, after[i].created_at);
    }
    ASSERT_EQ(messages_before(*db_, conversation, first, limit), before);
    ASSERT_EQ(messages_between(*db_, conversation, 1, first, last, limit), between);
  }
  EXPECT_EQ(messages_before(*db_, 1, INT64_MAX, 1).size(), 1U);
  EXPECT_TRUE(entries_after(*db_, 1, INT64_MAX, 1).empty());
}

TEST_F(MessageLog, WhatIsErasedLeavesNoBlockBehind) {
  db_->execute(
      "INSERT INTO users (uuid, username, password_hash, public_key, public_key_fingerprint, key_updated_at, "
      "created_at) VALUES (x'01', 'alice', '', '', '', 0, 0), (x'02', 'bobby', '', '', '', 0, 0);"
      "UPDATE users SET deleted_at = 1 WHERE username = 'alice'");
  const std::int64_t place = make_conversation(*db_, 1, 2, 0);
  for (std::int64_t seq = 1; seq < 5000; seq += 100)
    insert_entry(*db_, {place, seq, EntryKind::kMessage, seq < 4200 ? 2 : 1, {}, seq});
  EXPECT_EQ(number("SELECT count(*) FROM conversation_blocks"), 5);
  while (erase_some(*db_, 1, 7)) {
  }
  EXPECT_EQ(number("SELECT count(*) FROM conversation_items"), 8) << "what alice wrote is with bobby";
  EXPECT_EQ(number("SELECT count(*) FROM conversation_blocks"), 1);
  EXPECT_EQ(entries_after(*db_, place, 0, 100).size(), 8U);
}

TEST_F(MessageLog, Base64TakesThePlaceOfItsBytesAndOtherTextComesBackAsItWas) {
  const Bytes bytes(300, 0xA5);
  wire::SendMessageRequest sent;
  sent.content_type = "text";
  sent.algorithm = "AES-256-GCM+RSA-4096-OAEP";
  sent.encrypted_content = base64_encode(bytes);
  sent.encrypted_key = "not base64 at all";
  sent.iv = "AB==";  // Unused bits are set: another text for the byte of "AA==".
  sent.signature = "";
  const Uuid id{1};
  ASSERT_TRUE(insert_message(*db_, {7, 1, 2}, id, sent, 5));
  EXPECT_FALSE(insert_message(*db_, {8, 1, 2}, id, sent, 5)) << "the id is in use";
  EXPECT_EQ(number("SELECT length(CAST(encrypted_content AS BLOB)) FROM messages"), 300);
  const auto found = read_message(*db_, 7, true);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->second.encrypted_content, sent.encrypted_content);
  EXPECT_EQ(found->second.encrypted_key, sent.encrypted_key);
  EXPECT_EQ(found->second.iv, sent.iv);
  EXPECT_EQ(found->second.signature, sent.signature);
  EXPECT_EQ(found->second.sender_encrypted_key, std::nullopt);
}

}  // namespace
}  // namespace mychat::server
