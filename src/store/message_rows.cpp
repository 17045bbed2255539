#include "store/message_rows.h"

#include <string>

#include "store/check.h"
#include "store/record.h"

namespace mychat {
namespace {

template <class E>
E enumeration(RecordReader& fields, E last) {
  return fields.enumeration<E>(static_cast<std::uint8_t>(last));
}

[[noreturn]] void throw_contradiction(std::int64_t row) {
  throw_store_corrupt("The store is damaged: row " + std::to_string(row) +
                      " of messages contradicts itself.");
}

}  // namespace

Secret encode_message_record(const MessageRow& row) {
  const Message& message = row.message;
  RecordWriter out;
  out.text(message.id).i64(row.conversation_row).text(message.conversation);
  out.u8(static_cast<std::uint8_t>(message.direction)).text(message.sender).text(message.content_type);
  out.i64(message.sent_at).i64(message.created_at);
  out.optional_i64(message.delivered_at).optional_i64(message.read_at);
  out.u8(static_cast<std::uint8_t>(message.status)).u8(static_cast<std::uint8_t>(message.verification));
  out.flag(message.failure.has_value());
  if (message.failure)
    out.u32(static_cast<std::uint32_t>(message.failure->status)).text(message.failure->text);
  out.flag(row.has_body).flag(row.has_envelope);
  return out.done();
}

MessageRow read_message_record(const Query& row, Sealer& sealer) {
  MessageRow out;
  Message& message = out.message;
  message.local_id = row.integer(0);
  const Secret record = sealer.open(SealedColumn::kMessageRecord, message.local_id, row.blob(4));
  RecordReader fields(view(record));
  message.id = fields.text();
  out.conversation_row = fields.i64();
  message.conversation = fields.text();
  message.direction = enumeration(fields, Direction::kOutgoing);
  message.sender = fields.text();
  message.content_type = fields.text();
  message.sent_at = fields.i64();
  message.created_at = fields.i64();
  message.delivered_at = fields.optional_i64();
  message.read_at = fields.optional_i64();
  message.status = enumeration(fields, MessageStatus::kFailed);
  message.verification = enumeration(fields, MessageVerification::kInvalid);
  if (fields.flag()) {
    message.failure.emplace();
    message.failure->status = static_cast<std::int32_t>(fields.u32());
    message.failure->text = fields.text();
  }
  out.has_body = fields.flag();
  out.has_envelope = fields.flag();
  fields.end();
  if (out.conversation_row != row.integer(2) || message.created_at != row.integer(3) ||
      out.has_body == row.is_null(5) || out.has_envelope == row.is_null(6) ||
      (!row.is_null(7) && message.verification != MessageVerification::kUnverified)) {
    throw_contradiction(message.local_id);
  }
  return out;
}

void read_message_signer(const Query& row, Sealer& sealer, MessageRow& out) {
  Message& message = out.message;
  if (!row.is_null(7))
    message.signer = to_bytes(view(sealer.open(SealedColumn::kMessageSigner, message.local_id, row.blob(7))));
}

void read_message_contents(const Query& row, Sealer& sealer, MessageRow& out) {
  Message& message = out.message;
  if (out.has_body) message.body = sealer.open(SealedColumn::kMessageBody, message.local_id, row.blob(5));
  if (out.has_envelope) {
    message.envelope =
        to_bytes(view(sealer.open(SealedColumn::kMessageEnvelope, message.local_id, row.blob(6))));
  }
  read_message_signer(row, sealer, out);
}

MessageRow read_message(const Query& row, Sealer& sealer) {
  MessageRow out = read_message_record(row, sealer);
  read_message_contents(row, sealer, out);
  return out;
}

std::optional<MessageRow> find_message(Database& database, Sealer& sealer, std::string_view id) {
  const LookupKey key = sealer.lookup(LookupKind::kMessage, id);
  Query row = database.query("SELECT " MYCHAT_MESSAGE_COLUMNS " FROM messages WHERE key = ?1");
  row.bind(1, key);
  if (!row.step()) return std::nullopt;
  MessageRow out = read_message(row, sealer);
  if (out.message.id != id) throw_contradiction(out.message.local_id);
  return out;
}

void update_message_record(Database& database, Sealer& sealer, const MessageRow& row) {
  const Secret record = encode_message_record(row);
  database.query("UPDATE messages SET created_at = ?2, record = ?3 WHERE id = ?1")
      .bind(1, row.message.local_id)
      .bind(2, row.message.created_at)
      .bind(3, sealer.seal(SealedColumn::kMessageRecord, row.message.local_id, view(record)))
      .run();
}

void verify_messages(Database& database, Sealer& sealer, CheckReport& report) {
  Query rows = database.query("SELECT " MYCHAT_MESSAGE_COLUMNS " FROM messages ORDER BY id");
  while (rows.step()) {
    check_part(report, [&] {
      const MessageRow row = read_message(rows, sealer);
      const LookupKey key = sealer.lookup(LookupKind::kMessage, row.message.id);
      if (!equal_constant_time(key, rows.blob(1))) throw_contradiction(row.message.local_id);
      report.values_verified +=
          1 + (row.has_body ? 1 : 0) + (row.has_envelope ? 1 : 0) + (row.message.signer.empty() ? 0 : 1);
    });
  }
}

}  // namespace mychat
