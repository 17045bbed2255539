#include "storage/message_log.h"

#include <sqlite3.h>

#include <algorithm>

#include "protocol/limits.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

// The items of one conversation, through the blocks that hold some of it.
#define MYCHAT_ITEMS                                            \
  "FROM conversation_blocks b CROSS JOIN conversation_items i " \
  "WHERE b.conversation = ?1 AND i.block = b.block AND i.conversation = b.conversation "

std::int64_t block_of(std::int64_t seq) noexcept { return seq >> kBlockBits; }

Bytes pack(const std::vector<std::int64_t>& seqs) {
  Bytes bytes;
  bytes.reserve(seqs.size() * 8);
  for (const std::int64_t seq : seqs) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(seq >> shift));
  }
  return bytes;
}

std::vector<std::int64_t> unpack(ByteView bytes) {
  std::vector<std::int64_t> seqs;
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t seq = 0;
    for (std::size_t k = 0; k < 8; ++k) seq = (seq << 8) | bytes[i + k];
    seqs.push_back(static_cast<std::int64_t>(seq));
  }
  return seqs;
}

std::optional<DenseText> dense(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return DenseText(*text);
}

std::vector<std::int64_t> read_seqs(Query query) {
  std::vector<std::int64_t> seqs;
  while (query.step()) seqs.push_back(query.integer(0));
  return seqs;
}

}  // namespace

std::optional<std::int64_t> find_conversation(SqliteConnection& db, std::int64_t a, std::int64_t b) {
  auto query = db.query("SELECT id FROM conversations WHERE user_low = ? AND user_high = ?", std::min(a, b),
                        std::max(a, b));
  if (!query.step()) return std::nullopt;
  return query.integer(0);
}

std::int64_t make_conversation(SqliteConnection& db, std::int64_t a, std::int64_t b, std::int64_t now) {
  db.run("INSERT INTO conversations (user_low, user_high, created_at) VALUES (?, ?, ?)", std::min(a, b),
         std::max(a, b), now);
  return db.last_insert_id();
}

std::vector<ConversationRow> conversations_of(SqliteConnection& db, std::int64_t user) {
  auto query = db.query(
      "SELECT id, user_high FROM conversations WHERE user_low = ?1 "
      "UNION ALL SELECT id, user_low FROM conversations WHERE user_high = ?1 AND user_low != ?1",
      user);
  std::vector<ConversationRow> rows;
  while (query.step()) rows.push_back({query.integer(0), query.integer(1)});
  return rows;
}

bool insert_message(SqliteConnection& db, const MessageKey& key, const Uuid& id,
                    const wire::SendMessageRequest& message, std::int64_t now) {
  std::optional<std::string_view> algorithm;
  if (message.algorithm != limits::kAlgorithmEnvelopeV1) algorithm = message.algorithm;
  const int code = db.try_run(
      "INSERT INTO messages (seq, id, sender, recipient, created_at, content_type, algorithm, sent_at, iv, "
      "encrypted_key, sender_encrypted_key, sender_key_hash, signature, encrypted_content) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      key.seq, ByteView(id), key.sender, key.recipient, now, message.content_type, algorithm, message.sent_at,
      DenseText(message.iv), dense(message.encrypted_key), dense(message.sender_encrypted_key),
      dense(message.sender_key_hash), dense(message.signature), DenseText(message.encrypted_content));
  if (code == SQLITE_CONSTRAINT_UNIQUE) return false;
  if (code != SQLITE_DONE) throw_sqlite(code, "store a message");
  return true;
}

std::optional<MessageKey> find_message(SqliteConnection& db, const Uuid& id) {
  auto query = db.query("SELECT seq, sender, recipient FROM messages WHERE id = ?", ByteView(id));
  if (!query.step()) return std::nullopt;
  return MessageKey{query.integer(0), query.integer(1), query.integer(2)};
}

std::optional<Uuid> message_id(SqliteConnection& db, std::int64_t seq) {
  auto query = db.query("SELECT id FROM messages WHERE seq = ?", seq);
  if (!query.step() || query.blob(0).size() != 16) return std::nullopt;
  Uuid id;
  std::copy_n(query.blob(0).begin(), 16, id.begin());
  return id;
}

std::optional<std::pair<MessageKey, wire::MessageOut>> read_message(SqliteConnection& db, std::int64_t seq,
                                                                    bool for_sender) {
  auto query = db.query(
      "SELECT id, sender, recipient, created_at, content_type, algorithm, sent_at, iv, encrypted_key, "
      "sender_encrypted_key, sender_key_hash, signature, encrypted_content FROM messages WHERE seq = ?",
      seq);
  if (!query.step()) return std::nullopt;
  wire::MessageOut message;
  message.id = uuid_text(query.blob(0));
  const MessageKey key{seq, query.integer(1), query.integer(2)};
  message.created_at = query.integer(3);
  message.content_type = query.string(4);
  message.algorithm = query.optional_string(5);
  if (!message.algorithm) message.algorithm = limits::kAlgorithmEnvelopeV1;
  message.sent_at = query.optional_string(6);
  message.iv = query.optional_base64(7);
  message.encrypted_key = query.optional_base64(8);
  if (for_sender) message.sender_encrypted_key = query.optional_base64(9);
  message.sender_key_hash = query.optional_base64(10);
  message.signature = query.optional_base64(11);
  message.encrypted_content = query.base64(12);
  return std::pair{key, std::move(message)};
}

std::int64_t first_seq_at(SqliteConnection& db, std::int64_t time) {
  std::int64_t low = 0;  // Times rise with seqs: search for the border.
  std::int64_t high = 1;
  {
    auto last = db.query("SELECT max(seq) FROM messages");
    if (last.step()) high = last.integer(0) + 1;
  }
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    auto query = db.query("SELECT seq, created_at FROM messages WHERE seq >= ? ORDER BY seq LIMIT 1", middle);
    if (!query.step() || query.integer(1) >= time) {
      high = middle;
    } else {
      low = query.integer(0) + 1;
    }
  }
  return low;
}

void insert_entry(SqliteConnection& db, const LogEntry& entry) {
  std::optional<Bytes> packed;
  std::optional<ByteView> data;
  if (!entry.seqs.empty()) data = packed.emplace(pack(entry.seqs));
  db.run(
      "INSERT INTO conversation_items (block, conversation, seq, kind, actor, data, created_at) VALUES "
      "(?,?,?,?,?,?,?)",
      block_of(entry.seq), entry.conversation, entry.seq, static_cast<int>(entry.kind), entry.actor, data,
      entry.created_at);
  db.run("INSERT OR IGNORE INTO conversation_blocks (conversation, block, created_at) VALUES (?,?,?)",
         entry.conversation, block_of(entry.seq), entry.created_at);
}

std::vector<LogEntry> entries_after(SqliteConnection& db, std::int64_t conversation, std::int64_t after,
                                    int limit) {
  auto query = db.query("SELECT i.seq, i.kind, i.actor, i.data, i.created_at " MYCHAT_ITEMS
                        "AND b.block >= ?2 AND i.seq > ?3 ORDER BY b.block, i.seq LIMIT ?4",
                        conversation, block_of(after), after, limit);
  std::vector<LogEntry> entries;
  while (query.step()) {
    entries.push_back({conversation, query.integer(0), static_cast<EntryKind>(query.integer(1)),
                       query.integer(2), unpack(query.blob(3)), query.integer(4)});
  }
  return entries;
}

std::vector<std::int64_t> messages_before(SqliteConnection& db, std::int64_t conversation,
                                          std::int64_t before, int limit) {
  return read_seqs(db.query("SELECT i.seq " MYCHAT_ITEMS "AND b.block <= ?2 AND i.seq < ?3 AND i.kind = 1 "
                            "ORDER BY b.block DESC, i.seq DESC LIMIT ?4",
                            conversation, block_of(before), before, limit));
}

std::vector<std::int64_t> messages_between(SqliteConnection& db, std::int64_t conversation,
                                           std::int64_t sender, std::int64_t first, std::int64_t last,
                                           int limit) {
  return read_seqs(db.query(
      "SELECT i.seq " MYCHAT_ITEMS
      "AND b.block >= ?2 AND b.block <= ?3 AND i.seq >= ?4 AND i.seq <= ?5 AND i.kind = 1 AND i.actor = ?6 "
      "ORDER BY b.block, i.seq LIMIT ?7",
      conversation, block_of(first), block_of(last), first, last, sender, limit));
}

MessageMarks message_marks(SqliteConnection& db, std::int64_t seq) {
  auto query =
      db.query("SELECT delivered_at, read_at, failed_at, failure FROM message_marks WHERE seq = ?", seq);
  if (!query.step()) return {};
  return {query.optional_integer(0), query.optional_integer(1), query.optional_integer(2),
          query.optional_string(3)};
}

void put_marks(SqliteConnection& db, std::int64_t seq, const MessageMarks& marks, std::int64_t now) {
  db.run(
      "INSERT INTO message_marks (seq, delivered_at, read_at, created_at, failed_at, failure) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (seq) DO UPDATE SET delivered_at = ?2, read_at = ?3, "
      "updated_at = ?4, failed_at = ?5, failure = ?6",
      seq, marks.delivered_at, marks.read_at, now, marks.failed_at, marks.failure);
}

MailboxRow find_mailbox(SqliteConnection& db, std::int64_t user) {
  auto query = db.query("SELECT acked, trimmed FROM mailboxes WHERE user = ?", user);
  if (!query.step()) return {};
  return {query.integer(0), query.integer(1)};
}

void put_acked(SqliteConnection& db, std::int64_t user, std::int64_t acked, std::int64_t now) {
  db.run(
      "INSERT INTO mailboxes (user, acked, created_at) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (user) DO UPDATE SET acked = ?2, updated_at = ?3",
      user, acked, now);
}

namespace {

// Everything of a conversation but what the user itself sent: that belongs to the peer now, unless it is gone
// too.
std::int64_t erase_conversation(SqliteConnection& db, const ConversationRow& row, std::int64_t user,
                                int limit) {
  auto peer = db.query("SELECT deleted_at FROM users WHERE id = ?", row.peer);
  const bool peer_gone = !peer.step() || !peer.is_null(0);
  std::vector<std::pair<std::int64_t, bool>> doomed;
  {
    auto query =
        db.query("SELECT i.seq, i.kind " MYCHAT_ITEMS "AND (i.kind != 1 OR i.actor != ?2 OR ?3) LIMIT ?4",
                 row.id, user, peer_gone, limit);
    while (query.step()) doomed.emplace_back(query.integer(0), query.integer(1) == 1);
  }
  for (const auto& [seq, is_message] : doomed) {
    if (is_message) {
      db.run("DELETE FROM messages WHERE seq = ?", seq);
      db.run("DELETE FROM message_marks WHERE seq = ?", seq);
    }
    const std::int64_t block = block_of(seq);
    db.run("DELETE FROM conversation_items WHERE block = ? AND conversation = ? AND seq = ?", block, row.id,
           seq);
    db.run(
        "DELETE FROM conversation_blocks WHERE conversation = ?1 AND block = ?2 AND NOT EXISTS "
        "(SELECT 1 FROM conversation_items WHERE block = ?2 AND conversation = ?1)",
        row.id, block);
  }
  return static_cast<std::int64_t>(doomed.size());
}

}  // namespace

bool erase_some(SqliteConnection& db, std::int64_t user, int limit) {
  std::int64_t left = limit;
  for (const ConversationRow& row : conversations_of(db, user)) {
    left -= erase_conversation(db, row, user, static_cast<int>(left));
    if (left <= 0) return true;
  }
  left -= db.run(
      "DELETE FROM mailbox_events WHERE user = ?1 AND seq IN (SELECT seq FROM mailbox_events "
      "WHERE user = ?1 LIMIT ?2)",
      user, left);
  if (left <= 0) return true;
  db.run("DELETE FROM mailboxes WHERE user = ?", user);
  return left < limit;
}

}  // namespace mychat::server
