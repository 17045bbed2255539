#include "store/conversations_table.h"

#include <algorithm>

#include "base/error.h"
#include "store/check.h"
#include "store/conversation_rows.h"
#include "store/keyed_rows.h"
#include "store/message_rows.h"
#include "store/record.h"

namespace mychat {
namespace {

constexpr KeyedSql kSql =
    MYCHAT_KEYED_SQL(SealedColumn::kConversationRecord, LookupKind::kConversation, "conversations");

RecordWriter encode(const Conversation& conversation) {
  RecordWriter out;
  out.text(conversation.handle).i64(conversation.unread).i64(conversation.last_message_at);
  out.i64(conversation.last_message_row).i64(conversation.read_up_to).flag(conversation.muted);
  return out;
}

Conversation decode(const Secret& record) {
  RecordReader fields(view(record));
  Conversation conversation;
  conversation.handle = fields.text();
  conversation.unread = fields.i64();
  conversation.last_message_at = fields.i64();
  conversation.last_message_row = fields.i64();
  conversation.read_up_to = fields.i64();
  conversation.muted = fields.flag();
  fields.end();
  return conversation;
}

}  // namespace

std::optional<ConversationRow> find_conversation(Database& database, Sealer& sealer,
                                                 std::string_view handle) {
  const auto row = KeyedRows(database, sealer, kSql).find(handle);
  if (!row) return std::nullopt;
  return ConversationRow{row->id, decode(row->record)};
}

ConversationRow find_or_add_conversation(Database& database, Sealer& sealer, std::string_view handle) {
  if (handle.empty()) throw_argument("A conversation needs a handle.");
  if (auto row = find_conversation(database, sealer, handle)) return std::move(*row);
  ConversationRow row;
  row.conversation.handle = handle;
  row.id = KeyedRows(database, sealer, kSql).put(handle, encode(row.conversation).done());
  return row;
}

void update_conversation(Database& database, Sealer& sealer, const ConversationRow& row) {
  KeyedRows(database, sealer, kSql).update(row.id, encode(row.conversation).done());
}

void refresh_newest(Database& database, ConversationRow& row) {
  Query newest = database.query(
      "SELECT id, created_at FROM messages WHERE conversation = ?1 ORDER BY created_at DESC, id DESC LIMIT "
      "1");
  newest.bind(1, row.id);
  const bool any = newest.step();
  row.conversation.last_message_row = any ? newest.integer(0) : 0;
  row.conversation.last_message_at = any ? newest.integer(1) : 0;
}

std::optional<Conversation> ConversationsTable::get(std::string_view handle) const {
  auto row = find_conversation(db_, sealer_, handle);
  if (!row) return std::nullopt;
  return std::move(row->conversation);
}

std::vector<Conversation> ConversationsTable::list() const {
  std::vector<Conversation> conversations;
  KeyedRows(db_, sealer_, kSql).for_each([&](const KeyedRow& row) {
    conversations.push_back(decode(row.record));
  });
  std::sort(conversations.begin(), conversations.end(), [](const Conversation& a, const Conversation& b) {
    if (a.last_message_at != b.last_message_at) return a.last_message_at > b.last_message_at;
    if (a.last_message_row != b.last_message_row) return a.last_message_row > b.last_message_row;
    return a.handle < b.handle;
  });
  return conversations;
}

void ConversationsTable::set_muted(std::string_view handle, bool muted) {
  WriteScope scope(db_);
  ConversationRow row = find_or_add_conversation(db_, sealer_, handle);
  row.conversation.muted = muted;
  update_conversation(db_, sealer_, row);
  scope.commit();
}

std::vector<std::string> ConversationsTable::mark_read(std::string_view handle, std::int64_t up_to_local_id,
                                                       std::int64_t at) {
  std::vector<std::string> ids;
  WriteScope scope(db_);
  auto row = find_conversation(db_, sealer_, handle);
  if (!row) return ids;
  Conversation& conversation = row->conversation;
  std::vector<MessageRow> unread;
  std::int64_t reached = conversation.read_up_to;
  {
    Query rows = db_.query("SELECT " MYCHAT_MESSAGE_COLUMNS
                           " FROM messages WHERE id > ?1 AND id <= ?2 AND +conversation = ?3 ORDER BY id");
    rows.bind(1, conversation.read_up_to).bind(2, up_to_local_id).bind(3, row->id);
    while (rows.step()) {
      MessageRow message = read_message_record(rows, sealer_);
      reached = message.message.local_id;
      if (message.message.direction == Direction::kIncoming &&
          message.message.status != MessageStatus::kRead) {
        unread.push_back(std::move(message));
      }
    }
  }
  for (MessageRow& message : unread) {
    message.message.status = MessageStatus::kRead;
    message.message.read_at = at;
    update_message_record(db_, sealer_, message);
    ids.push_back(std::move(message.message.id));
  }
  if (reached > conversation.read_up_to) {
    conversation.read_up_to = reached;
    conversation.unread =
        std::max<std::int64_t>(0, conversation.unread - static_cast<std::int64_t>(ids.size()));
    update_conversation(db_, sealer_, *row);
  }
  scope.commit();
  return ids;
}

bool ConversationsTable::remove(std::string_view handle) {
  return KeyedRows(db_, sealer_, kSql).remove(handle);
}

void verify_conversations(Database& database, Sealer& sealer, CheckReport& report) {
  KeyedRows(database, sealer, kSql).verify(report, [](const Secret& record) {
    return decode(record).handle;
  });
}

}  // namespace mychat
