#include "store/outbox_table.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "store/check.h"
#include "store/record.h"
#include "store/sealer.h"

namespace mychat {
namespace {

constexpr const char* kBySeq = "SELECT seq, key, lane, due_at, record, payload FROM outbox WHERE seq = ?1";

std::string key_text(OutboxKind kind, std::string_view message_id) {
  return std::to_string(static_cast<unsigned>(kind)) + ":" + std::string(message_id);
}

RecordWriter encode(const OutboxEntry& entry) {
  RecordWriter out;
  out.u8(static_cast<std::uint8_t>(entry.kind)).text(entry.message_id).text(entry.lane).text(entry.recipient);
  out.i64(entry.created_at).u32(static_cast<std::uint32_t>(entry.attempts)).i64(entry.next_attempt_at);
  out.flag(entry.last_error.has_value());
  if (entry.last_error)
    out.u32(static_cast<std::uint32_t>(entry.last_error->status)).text(entry.last_error->text);
  return out;
}

// Columns: seq, key, lane, due_at, record, payload.
OutboxEntry read_entry(const Query& row, Sealer& sealer) {
  OutboxEntry entry;
  entry.seq = row.integer(0);
  const Secret record = sealer.open(SealedColumn::kOutboxRecord, entry.seq, row.blob(4));
  RecordReader fields(view(record));
  entry.kind = fields.enumeration<OutboxKind>(static_cast<std::uint8_t>(OutboxKind::kReadReceipt));
  entry.message_id = fields.text();
  entry.lane = fields.text();
  entry.recipient = fields.text();
  entry.created_at = fields.i64();
  entry.attempts = static_cast<std::int32_t>(fields.u32());
  entry.next_attempt_at = fields.i64();
  if (fields.flag()) {
    entry.last_error.emplace();
    entry.last_error->status = static_cast<std::int32_t>(fields.u32());
    entry.last_error->text = fields.text();
  }
  fields.end();
  if (entry.next_attempt_at != row.integer(3) ||
      !equal_constant_time(sealer.lookup(LookupKind::kOutboxLane, entry.lane), row.blob(2)) ||
      !equal_constant_time(sealer.lookup(LookupKind::kOutbox, key_text(entry.kind, entry.message_id)),
                           row.blob(1))) {
    throw_store_corrupt("The store is damaged: row " + std::to_string(entry.seq) +
                        " of outbox contradicts itself.");
  }
  entry.payload = sealer.open(SealedColumn::kOutboxPayload, entry.seq, row.blob(5));
  return entry;
}

void write_record(Database& database, Sealer& sealer, const OutboxEntry& entry) {
  database.query("UPDATE outbox SET due_at = ?2, record = ?3 WHERE seq = ?1")
      .bind(1, entry.seq)
      .bind(2, entry.next_attempt_at)
      .bind(3, sealer.seal(SealedColumn::kOutboxRecord, entry.seq, view(encode(entry).done())))
      .run();
}

}  // namespace

std::int64_t OutboxTable::enqueue(const OutboxEntry& entry) {
  if (entry.message_id.empty()) throw_argument("An outbox entry needs a message id.");
  const LookupKey key = sealer_.lookup(LookupKind::kOutbox, key_text(entry.kind, entry.message_id));
  const LookupKey lane = sealer_.lookup(LookupKind::kOutboxLane, entry.lane);
  WriteScope scope(db_);
  {
    Query there = db_.query("SELECT seq FROM outbox WHERE key = ?1");
    there.bind(1, key);
    if (there.step()) return there.integer(0);
  }
  const std::int64_t seq = db_.integer(
      "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0),"
      " coalesce((SELECT max(seq) FROM outbox), 0)) + 1");
  db_.query("INSERT INTO outbox (seq, key, lane, due_at, record, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(1, seq)
      .bind(2, key)
      .bind(3, lane)
      .bind(4, entry.next_attempt_at)
      .bind(5, sealer_.seal(SealedColumn::kOutboxRecord, seq, view(encode(entry).done())))
      .bind(6, sealer_.seal(SealedColumn::kOutboxPayload, seq, view(entry.payload)))
      .run();
  scope.commit();
  return seq;
}

std::vector<OutboxEntry> OutboxTable::due(std::int64_t now, std::size_t limit, bool heads_only) const {
  constexpr const char* kHeads =
      "SELECT seq, key, lane, due_at, record, payload FROM outbox WHERE due_at <= ?1"
      " AND seq IN (SELECT min(seq) FROM outbox GROUP BY lane) ORDER BY seq LIMIT ?2";
  constexpr const char* kAll =
      "SELECT seq, key, lane, due_at, record, payload FROM outbox AS o WHERE due_at <= ?1 AND NOT EXISTS"
      " (SELECT 1 FROM outbox AS e WHERE e.lane = o.lane AND e.seq < o.seq AND e.due_at > ?1) ORDER BY seq "
      "LIMIT ?2";
  std::vector<OutboxEntry> entries;
  Query rows = db_.query(heads_only ? kHeads : kAll);
  rows.bind(1, now).bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  while (rows.step()) entries.push_back(read_entry(rows, sealer_));
  return entries;
}

std::vector<OutboxEntry> OutboxTable::due_in_lane(std::string_view lane, std::int64_t now,
                                                  std::size_t limit) const {
  const LookupKey key = sealer_.lookup(LookupKind::kOutboxLane, lane);
  std::vector<OutboxEntry> entries;
  Query rows = db_.query(
      "SELECT seq, key, lane, due_at, record, payload FROM outbox WHERE lane = ?1 ORDER BY seq LIMIT ?2");
  rows.bind(1, key).bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  while (rows.step() && rows.integer(3) <= now) entries.push_back(read_entry(rows, sealer_));
  return entries;
}

std::optional<std::int64_t> OutboxTable::next_due_at() const {
  Query row =
      db_.query("SELECT min(due_at) FROM outbox WHERE seq IN (SELECT min(seq) FROM outbox GROUP BY lane)");
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return row.integer(0);
}

std::optional<OutboxEntry> OutboxTable::get(std::int64_t seq) const {
  Query row = db_.query(kBySeq);
  row.bind(1, seq);
  if (!row.step()) return std::nullopt;
  return read_entry(row, sealer_);
}

std::optional<OutboxEntry> OutboxTable::find(OutboxKind kind, std::string_view message_id) const {
  const LookupKey key = sealer_.lookup(LookupKind::kOutbox, key_text(kind, message_id));
  Query row = db_.query("SELECT seq, key, lane, due_at, record, payload FROM outbox WHERE key = ?1");
  row.bind(1, key);
  if (!row.step()) return std::nullopt;
  return read_entry(row, sealer_);
}

bool OutboxTable::remove(std::int64_t seq) {
  WriteScope scope(db_);
  db_.query("DELETE FROM outbox WHERE seq = ?1").bind(1, seq).run();
  const bool removed = db_.changed_rows() > 0;
  scope.commit();
  return removed;
}

bool OutboxTable::reschedule(std::int64_t seq, std::int64_t next_attempt_at, const MessageFailure& error) {
  WriteScope scope(db_);
  auto entry = get(seq);
  if (!entry) return false;
  entry->attempts += 1;
  entry->next_attempt_at = next_attempt_at;
  entry->last_error = error;
  write_record(db_, sealer_, *entry);
  scope.commit();
  return true;
}

void OutboxTable::make_all_due(std::int64_t now) {
  WriteScope scope(db_);
  std::vector<std::int64_t> later;
  {
    Query rows = db_.query("SELECT seq FROM outbox WHERE due_at > ?1");
    rows.bind(1, now);
    while (rows.step()) later.push_back(rows.integer(0));
  }
  for (const std::int64_t seq : later) {
    auto entry = get(seq);
    if (!entry) continue;
    entry->next_attempt_at = now;
    write_record(db_, sealer_, *entry);
  }
  scope.commit();
}

std::int64_t OutboxTable::count() const { return db_.integer("SELECT count(*) FROM outbox"); }

void verify_outbox(Database& database, Sealer& sealer, CheckReport& report) {
  Query rows = database.query("SELECT seq, key, lane, due_at, record, payload FROM outbox ORDER BY seq");
  while (rows.step()) {
    check_part(report, [&] {
      read_entry(rows, sealer);
      report.values_verified += 2;
    });
  }
}

}  // namespace mychat
