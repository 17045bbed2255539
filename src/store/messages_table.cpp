#include "store/messages_table.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/conversation_rows.h"
#include "store/message_rows.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxIdLength = 128;

int rank(MessageStatus status) { return static_cast<int>(status); }  // Of queued to read; failed is apart.

bool may_advance(MessageStatus from, MessageStatus to) {
  if (to == MessageStatus::kFailed) return from == MessageStatus::kQueued || from == MessageStatus::kPending;
  if (from == MessageStatus::kFailed) return to == MessageStatus::kDelivered || to == MessageStatus::kRead;
  return rank(to) > rank(from);
}

bool counts_as_unread(const Message& message) {
  return message.direction == Direction::kIncoming && message.status != MessageStatus::kRead;
}

void require_limit(std::size_t limit) {
  if (limit < 1 || limit > MessagesTable::kMaxPage) throw_argument("The limit of a page is 1 to 500.");
}

std::optional<std::int64_t> local_id_of(Database& database, const LookupKey& key) {
  Query row = database.query("SELECT id FROM messages WHERE key = ?1");
  row.bind(1, key);
  if (!row.step()) return std::nullopt;
  return row.integer(0);
}

void insert_row(Database& database, Sealer& sealer, const LookupKey& key, const MessageRow& row) {
  const Message& message = row.message;
  const Secret record = encode_message_record(row);
  Query insert = database.query("INSERT INTO messages (" MYCHAT_MESSAGE_COLUMNS
                                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  insert.bind(1, message.local_id).bind(2, key).bind(3, row.conversation_row).bind(4, message.created_at);
  insert.bind(5, sealer.seal(SealedColumn::kMessageRecord, message.local_id, view(record)));
  if (row.has_body) {
    insert.bind(6, sealer.seal(SealedColumn::kMessageBody, message.local_id, view(*message.body)));
  }
  if (row.has_envelope) {
    insert.bind(7, sealer.seal(SealedColumn::kMessageEnvelope, message.local_id, view(*message.envelope)));
  }
  if (!message.signer.empty()) {
    insert.bind(8, sealer.seal(SealedColumn::kMessageSigner, message.local_id, view(message.signer)));
  }
  insert.run();
}

// Loads a message, lets `change` alter it, and writes its record when that returns true.
template <class Change>
bool change_record(Database& database, Sealer& sealer, std::string_view id, Change change) {
  WriteScope scope(database);
  auto row = find_message(database, sealer, id);
  if (!row || !change(*row)) return false;
  update_message_record(database, sealer, *row);
  scope.commit();
  return true;
}

}  // namespace

InsertResult MessagesTable::insert(const Message& message) {
  if (message.id.empty() || message.id.size() > kMaxIdLength) throw_argument("A message needs an id.");
  const LookupKey key = sealer_.lookup(LookupKind::kMessage, message.id);
  WriteScope scope(db_);
  if (const auto there = local_id_of(db_, key)) return {*there, false};
  ConversationRow conversation = find_or_add_conversation(db_, sealer_, message.conversation);
  MessageRow row;
  row.message = message;
  row.conversation_row = conversation.id;
  row.has_body = message.body.has_value();
  row.has_envelope = !row.has_body && message.envelope.has_value();
  if (message.verification != MessageVerification::kUnverified) row.message.signer.clear();
  row.message.local_id = db_.integer(
      "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0),"
      " coalesce((SELECT max(id) FROM messages), 0)) + 1");
  insert_row(db_, sealer_, key, row);
  Conversation& news = conversation.conversation;
  if (counts_as_unread(message)) news.unread += 1;
  if (news.last_message_row == 0 || message.created_at >= news.last_message_at) {
    news.last_message_at = message.created_at;
    news.last_message_row = row.message.local_id;
  }
  update_conversation(db_, sealer_, conversation);
  scope.commit();
  return {row.message.local_id, true};
}

std::optional<Message> MessagesTable::get(std::string_view id) const {
  auto row = find_message(db_, sealer_, id);
  if (!row) return std::nullopt;
  return std::move(row->message);
}

std::optional<Message> MessagesTable::get_local(std::int64_t local_id) const {
  Query row = db_.query("SELECT " MYCHAT_MESSAGE_COLUMNS " FROM messages WHERE id = ?1");
  row.bind(1, local_id);
  if (!row.step()) return std::nullopt;
  return read_message(row, sealer_).message;
}

MessagePage MessagesTable::page(std::string_view conversation, std::size_t limit,
                                MessageCursor before) const {
  require_limit(limit);
  MessagePage page;
  const auto row = find_conversation(db_, sealer_, conversation);
  if (!row) return page;
  Query rows = db_.query("SELECT " MYCHAT_MESSAGE_COLUMNS
                         " FROM messages WHERE conversation = ?1 AND (created_at, id) < (?2, ?3)"
                         " ORDER BY created_at DESC, id DESC LIMIT ?4");
  rows.bind(1, row->id).bind(2, before.created_at).bind(3, before.local_id);
  rows.bind(4, static_cast<std::int64_t>(limit) + 1);
  while (rows.step()) {
    if (page.messages.size() == limit) {
      page.has_more = true;
      break;
    }
    page.messages.push_back(read_message(rows, sealer_).message);
  }
  return page;
}

bool MessagesTable::advance_status(std::string_view id, MessageStatus status, std::int64_t at,
                                   const std::optional<MessageFailure>& failure) {
  WriteScope scope(db_);
  auto row = find_message(db_, sealer_, id);
  if (!row || !may_advance(row->message.status, status)) return false;
  Message& message = row->message;
  const bool was_unread = counts_as_unread(message);
  message.status = status;
  if (status == MessageStatus::kDelivered) message.delivered_at = at;
  if (status == MessageStatus::kRead) message.read_at = at;
  // Why a message cannot be decrypted stays known when it is delivered or read.
  if (row->has_body || status == MessageStatus::kFailed) message.failure = failure;
  update_message_record(db_, sealer_, *row);
  if (was_unread && !counts_as_unread(message)) {
    ConversationRow conversation = find_or_add_conversation(db_, sealer_, message.conversation);
    conversation.conversation.unread = std::max<std::int64_t>(0, conversation.conversation.unread - 1);
    update_conversation(db_, sealer_, conversation);
  }
  scope.commit();
  return true;
}

bool MessagesTable::requeue(std::string_view id) {
  return change_record(db_, sealer_, id, [](MessageRow& row) {
    if (row.message.status != MessageStatus::kFailed) return false;
    row.message.status = MessageStatus::kQueued;
    row.message.failure.reset();
    return true;
  });
}

bool MessagesTable::set_created_at(std::string_view id, std::int64_t created_at) {
  WriteScope scope(db_);
  const bool changed = change_record(db_, sealer_, id, [&](MessageRow& row) {
    row.message.created_at = created_at;
    return true;
  });
  if (!changed) return false;
  const auto message = find_message(db_, sealer_, id);
  ConversationRow conversation = find_or_add_conversation(db_, sealer_, message->message.conversation);
  refresh_newest(db_, conversation);
  update_conversation(db_, sealer_, conversation);
  scope.commit();
  return true;
}

std::vector<Message> MessagesTable::list_undecryptable(std::int64_t after_local_id, std::size_t limit) const {
  require_limit(limit);
  std::vector<Message> messages;
  Query rows = db_.query("SELECT " MYCHAT_MESSAGE_COLUMNS
                         " FROM messages WHERE envelope IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2");
  rows.bind(1, after_local_id).bind(2, static_cast<std::int64_t>(limit));
  while (rows.step()) messages.push_back(read_message(rows, sealer_).message);
  return messages;
}

bool MessagesTable::set_decrypted(std::string_view id, ByteView body) {
  WriteScope scope(db_);
  auto row = find_message(db_, sealer_, id);
  if (!row) return false;
  const std::int64_t local_id = row->message.local_id;
  row->has_body = true;
  row->has_envelope = false;
  row->message.failure.reset();
  update_message_record(db_, sealer_, *row);
  db_.query("UPDATE messages SET body = ?2, envelope = NULL WHERE id = ?1")
      .bind(1, local_id)
      .bind(2, sealer_.seal(SealedColumn::kMessageBody, local_id, body))
      .run();
  scope.commit();
  return true;
}

bool MessagesTable::set_failure(std::string_view id, const MessageFailure& failure) {
  return change_record(db_, sealer_, id, [&](MessageRow& row) {
    row.message.failure = failure;
    return true;
  });
}

bool MessagesTable::set_verification(std::string_view id, MessageVerification verification, ByteView signer) {
  WriteScope scope(db_);
  auto row = find_message(db_, sealer_, id);
  if (!row) return false;
  const std::int64_t local_id = row->message.local_id;
  row->message.verification = verification;
  update_message_record(db_, sealer_, *row);
  Query update = db_.query("UPDATE messages SET signer = ?2 WHERE id = ?1");
  update.bind(1, local_id);
  if (verification == MessageVerification::kUnverified && !signer.empty())
    update.bind(2, sealer_.seal(SealedColumn::kMessageSigner, local_id, signer));
  update.run();
  scope.commit();
  return true;
}

std::vector<Message> MessagesTable::list_unverified(std::int64_t after_local_id, std::size_t limit) const {
  require_limit(limit);
  std::vector<Message> messages;
  Query rows = db_.query("SELECT " MYCHAT_MESSAGE_COLUMNS
                         " FROM messages WHERE signer IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2");
  rows.bind(1, after_local_id).bind(2, static_cast<std::int64_t>(limit));
  while (rows.step()) {
    MessageRow row = read_message_record(rows, sealer_);
    read_message_signer(rows, sealer_, row);
    messages.push_back(std::move(row.message));
  }
  return messages;
}

bool MessagesTable::remove(std::string_view id) {
  WriteScope scope(db_);
  const auto row = find_message(db_, sealer_, id);
  if (!row) return false;
  db_.query("DELETE FROM messages WHERE id = ?1").bind(1, row->message.local_id).run();
  ConversationRow conversation = find_or_add_conversation(db_, sealer_, row->message.conversation);
  Conversation& news = conversation.conversation;
  if (counts_as_unread(row->message)) news.unread = std::max<std::int64_t>(0, news.unread - 1);
  refresh_newest(db_, conversation);
  update_conversation(db_, sealer_, conversation);
  scope.commit();
  return true;
}

std::int64_t MessagesTable::count(std::optional<std::string_view> conversation) const {
  if (!conversation) return db_.integer("SELECT count(*) FROM messages");
  const auto row = find_conversation(db_, sealer_, *conversation);
  if (!row) return 0;
  Query count = db_.query("SELECT count(*) FROM messages WHERE conversation = ?1");
  count.bind(1, row->id);
  count.step();
  return count.integer(0);
}

}  // namespace mychat
