// Messages and what happens to them, as the conversations that mailboxes and histories are read from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/message.h"
#include "storage/uuid.h"

namespace mychat::server {

class SqliteConnection;

enum class EntryKind : int { kMessage = 1, kDelivered = 2, kRead = 3, kDeliveredOnes = 4, kFailed = 5 };

// Conversations' items lie together by blocks of 1,024 seqs. In the file, so never another number.
inline constexpr int kBlockBits = 10;

struct LogEntry {
  std::int64_t conversation = 0;
  std::int64_t seq = 0;
  EntryKind kind = EntryKind::kMessage;
  std::int64_t actor = 0;
  std::vector<std::int64_t> seqs;  // kDelivered: first and last; kRead, kDeliveredOnes: each.
  std::int64_t created_at = 0;
};

struct ConversationRow {
  std::int64_t id = 0;
  std::int64_t peer = 0;  // Of the user asked for.
};

std::optional<std::int64_t> find_conversation(SqliteConnection& db, std::int64_t a, std::int64_t b);
std::int64_t make_conversation(SqliteConnection& db, std::int64_t a, std::int64_t b, std::int64_t now);
std::vector<ConversationRow> conversations_of(SqliteConnection& db, std::int64_t user);

struct MessageKey {  // Where a message stands.
  std::int64_t seq = 0;
  std::int64_t sender = 0;
  std::int64_t recipient = 0;
};

// False when the id is in use.
bool insert_message(SqliteConnection& db, const MessageKey& key, const Uuid& id,
                    const wire::SendMessageRequest& message, std::int64_t now);
std::optional<MessageKey> find_message(SqliteConnection& db, const Uuid& id);
std::optional<Uuid> message_id(SqliteConnection& db, std::int64_t seq);
// Without handles and state; sender_encrypted_key only when asked for.
std::optional<std::pair<MessageKey, wire::MessageOut>> read_message(SqliteConnection& db, std::int64_t seq,
                                                                    bool for_sender);
// The first message seq whose created_at is not below `time`; past the last one when there is none.
std::int64_t first_seq_at(SqliteConnection& db, std::int64_t time);

void insert_entry(SqliteConnection& db, const LogEntry& entry);
// Entries with a seq beyond `after`, in order.
std::vector<LogEntry> entries_after(SqliteConnection& db, std::int64_t conversation, std::int64_t after,
                                    int limit);
// Seqs of messages below `before`, newest first.
std::vector<std::int64_t> messages_before(SqliteConnection& db, std::int64_t conversation,
                                          std::int64_t before, int limit);
// Seqs of the messages in [first, last] that `sender` sent.
std::vector<std::int64_t> messages_between(SqliteConnection& db, std::int64_t conversation,
                                           std::int64_t sender, std::int64_t first, std::int64_t last,
                                           int limit);

struct MessageMarks {
  std::optional<std::int64_t> delivered_at;
  std::optional<std::int64_t> read_at;
  std::optional<std::int64_t> failed_at{};  // The recipient's node did not take it,
  std::optional<std::string> failure{};     // for this reason.
};
MessageMarks message_marks(SqliteConnection& db, std::int64_t seq);
void put_marks(SqliteConnection& db, std::int64_t seq, const MessageMarks& marks, std::int64_t now);

struct MailboxRow {
  std::int64_t acked = 0;
  std::int64_t trimmed = 0;
};
MailboxRow find_mailbox(SqliteConnection& db, std::int64_t user);
void put_acked(SqliteConnection& db, std::int64_t user, std::int64_t acked, std::int64_t now);

// Erases a deleted user's messages and mailbox, at most `limit` rows; false when nothing was left.
bool erase_some(SqliteConnection& db, std::int64_t user, int limit);

}  // namespace mychat::server
